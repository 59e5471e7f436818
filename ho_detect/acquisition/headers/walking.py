"""The first bytes of a file to the wanted elements of its header, in any encoding; a fault is kept, not raised."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from ho_detect.acquisition.headers.repairs import DELIMITERS, PIXELS, UNDEFINED, is_known, lost_after, mended
from ho_detect.acquisition.headers.values import META, PRIVATE, TAGS, Values

#: Of a deflated data set no more is inflated to find its pixels.
MAX_INFLATED: Final = 1 << 20

DEFLATED: Final = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
IMPLICIT: Final = "1.2.840.10008.1.2"
EXPLICIT: Final = "1.2.840.10008.1.2.1"


def looks_like_dicom(data: bytes) -> bool:
    """Tell from the first bytes whether a file can be DICOM, with or without preamble.

    Without one, the first element must be of group 2 or 8, with a known form and a short length.
    """
    if data[128:132] == b"DICM":
        return True
    if len(data) < 16:
        return False
    for order in "<>":
        group, element = struct.unpack(f"{order}HH", data[:4])
        if group in (2, 8) and element <= 0x0100:
            return bool(is_known(data[4:6]) or struct.unpack(f"{order}L", data[4:8])[0] <= 1024)
    return False


@dataclass
class Walk:
    """What walking over the elements of a file gave, as far as it came."""

    values: Values
    syntax: str = ""
    at_pixels: tuple[int, int, int] | None = None
    """Tag, first byte of the value, declared length."""
    complete: bool = False
    fault: str = ""


def walk_header(data: bytes) -> Walk:
    """Walk over the elements at hand up to the pixels; a fault ends the walk and is kept."""
    walk = Walk(Values({}))
    try:
        with warnings.catch_warnings():
            # pydicom warns of character sets and lengths that do not matter here, quoting the header
            warnings.simplefilter("ignore")
            _walk_elements(data, walk)
    except RecursionError:
        walk.fault = "sequences nested too deep"
    except Exception as error:  # noqa: BLE001 - any fault of pydicom on hostile bytes is this file's fault
        walk.fault = f"header cannot be parsed: {type(error).__name__}"
    return walk


def _walk_elements(data: bytes, walk: Walk) -> None:
    begin = _read_meta(data, walk)
    walk.syntax = walk.values.text("TransferSyntaxUID")
    if walk.syntax == DEFLATED:
        # only as much as a header needs is inflated: half a megabyte can hold a gigabyte
        data = zlib.decompressobj(-15).decompress(data[begin:], MAX_INFLATED)
        begin = 0
    coding = _encoding(data[begin : begin + 8], walk.syntax)
    walk.syntax = walk.syntax or (IMPLICIT if coding.implicit else EXPLICIT if coding.little else BIG_ENDIAN)
    walk.values.little = coding.little
    reading = _read(data, begin, coding, _DATA_SET, strict=coding.little)
    if reading.error and coding.little:
        data = mended(data, begin, implicit=coding.implicit)
        reading = _read(data, begin, coding, _DATA_SET, strict=True)
        if reading.error:
            reading = _read(data, begin, coding, _DATA_SET, strict=False)
            tag = 0 if reading.complete(data) else lost_after(data, begin, implicit=coding.implicit)
            walk.fault = f"header cannot be parsed: no element follows ({tag >> 16:04X},{tag & 0xFFFF:04X})" * (tag > 0)
    walk.values.elements |= reading.elements
    walk.at_pixels = reading.at_stop
    walk.complete = reading.complete(data)
    if reading.error and not walk.fault:
        raise reading.error


def _read_meta(data: bytes, walk: Walk) -> int:
    """Read the file meta information, and return where the data set begins; beyond the data where it is cut."""
    begin = 132 if data[128:132] == b"DICM" else 0
    if data[begin : begin + 2] != b"\x02\0":
        return begin
    reading = _read(data, begin, _Coding(implicit=False, little=True), _META, strict=False)
    walk.values.elements |= reading.elements
    if reading.error:
        raise reading.error
    return reading.end


class _Coding(NamedTuple):
    implicit: bool
    little: bool


class _Part(NamedTuple):
    """Which elements are wanted, and the first tag that is no more looked at."""

    wanted: list[Any]
    stop: int


_META: Final = _Part(list(META.values()), 0x00030000)
_DATA_SET: Final = _Part([*TAGS.values(), *PRIVATE.values()], PIXELS)


@dataclass
class _Reading:
    elements: dict[int, Any] = field(default_factory=dict)
    at_stop: tuple[int, int, int] | None = None
    end: int = 0
    """Where the last element before that ends; beyond the data where it is cut."""
    error: Exception | None = None

    def complete(self, data: bytes) -> bool:
        return self.error is None and (self.at_stop is not None or self.end == len(data))


def _read(data: bytes, begin: int, coding: _Coding, part: _Part, *, strict: bool) -> _Reading:
    """Read elements by pydicom; where strict, a value representation that is none is an error, not guessed over."""
    from pydicom.filereader import data_element_generator

    stream = io.BytesIO(data)
    reading = _Reading(end=stream.seek(begin))

    def note(tag: int, vr: str | None, length: int) -> bool:
        number = int(tag)  # pydicom's tags compare slowly
        if number in DELIMITERS or (strict and not coding.implicit and not is_known((vr or "").encode())):
            raise ValueError("no element")
        at = stream.tell()
        if number >= part.stop:
            reading.at_stop = (number, at, length)
            if reading.end < 0:
                reading.end = at - 8
            return True
        reading.end = at + length if length != UNDEFINED else -1
        return False

    try:
        for element in data_element_generator(stream, *coding, stop_when=note, specific_tags=part.wanted):
            reading.elements[int(element.tag)] = element
    except RecursionError:
        raise
    except Exception as error:  # noqa: BLE001 - any fault of pydicom on hostile bytes is this file's fault
        reading.error = error
        return reading
    if reading.end < 0:  # a sequence of undefined length that is cut is a fault of its own
        reading.end = stream.tell()
    if reading.at_stop is None and stream.tell() < len(data):
        reading.error = ValueError("no element")  # the end of an item, outside of any
    return reading


def _encoding(head: bytes, syntax: str) -> _Coding:
    """Return the coding as the first element shows them; the declared syntax can be wrong."""
    little = syntax != BIG_ENDIAN
    if not syntax and len(head) == 8:
        little = struct.unpack("<H", head[:2])[0] <= 0x7FFF and struct.unpack("<H", head[:2])[0] != 0x0800
    return _Coding(not is_known(head[4:6]), little)
