"""The first bytes of a file to the wanted elements of its header, in any encoding; a fault is kept, not raised."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import Any, Final

from ho_detect.acquisition.headers.elements import UNDEFINED, lost_after, name_value_representations, walk_elements
from ho_detect.acquisition.headers.values import META, TAGS, Values

#: Elements from here on are pixels (float, double, integer pixel data).
PIXELS: Final = 0x7FE00008
#: Of a deflated data set no more is inflated to find its pixels.
MAX_INFLATED: Final = 1 << 20

DEFLATED: Final = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
IMPLICIT: Final = "1.2.840.10008.1.2"
EXPLICIT: Final = "1.2.840.10008.1.2.1"

_WANTED: Final = frozenset(TAGS.values())
_WANTED_META: Final = frozenset(META.values())
_GROUPS: Final = (TAGS["SharedFunctionalGroupsSequence"], TAGS["PerFrameFunctionalGroupsSequence"])


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
            return bool(_is_vr(data[4:6]) or struct.unpack(f"{order}L", data[4:8])[0] <= 1024)
    return False


def _is_vr(two: bytes) -> bool:
    return two.isalpha() and two.isupper()


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
    implicit, little = _encoding(data[begin : begin + 8], walk.syntax)
    walk.syntax = walk.syntax or (IMPLICIT if implicit else EXPLICIT if little else BIG_ENDIAN)
    walk.values.little = little
    found = walk_elements(data, begin, implicit=implicit, wanted=_WANTED, stop=PIXELS) if little else None
    if found is None and little and not implicit:
        data = name_value_representations(data, begin)
        found = walk_elements(data, begin, implicit=implicit, wanted=_WANTED, stop=PIXELS)
    # functional groups are read as sequences, by pydicom
    if found is None or not found.elements.keys().isdisjoint(_GROUPS):
        broken_off = lost_after(data, begin, implicit=implicit) if little else 0
        try:
            _walk_by_pydicom(data, begin, walk, implicit=implicit)
        except RecursionError:
            raise
        except Exception:
            if not broken_off:
                raise
        if broken_off and not walk.complete:
            tag = f"({broken_off >> 16:04X},{broken_off & 0xFFFF:04X})"
            walk.fault = f"header cannot be parsed: no element follows {tag}"
        return
    walk.values.elements |= found.elements
    walk.at_pixels = found.at_pixels
    walk.complete = found.at_pixels is not None or found.end == len(data)


def _read_meta(data: bytes, walk: Walk) -> int:
    """Read the file meta information, and return where the data set begins."""
    begin = 132 if data[128:132] == b"DICM" else 0
    if data[begin : begin + 2] != b"\x02\0":
        return begin
    found = walk_elements(data, begin, implicit=False, wanted=_WANTED_META, stop=0x00030000)
    if found is not None:
        walk.values.elements |= found.elements
        return found.end
    from pydicom.filereader import data_element_generator

    stream = io.BytesIO(data)
    stream.seek(begin)
    meta: list[Any] = list(META.values())
    for element in data_element_generator(stream, False, True, lambda tag, _vr, _n: tag >> 16 != 2, specific_tags=meta):
        walk.values.elements[int(element.tag)] = element
    return stream.tell()


def _walk_by_pydicom(data: bytes, begin: int, walk: Walk, *, implicit: bool) -> None:
    from pydicom.filereader import data_element_generator

    stream = io.BytesIO(data)
    end = stream.seek(begin)

    def note(tag: int, _vr: str | None, length: int) -> bool:
        nonlocal end
        number = int(tag)  # pydicom's tags compare slowly
        if number >= PIXELS:
            walk.at_pixels = (number, stream.tell(), length)
            return True
        end = stream.tell() + length if length != UNDEFINED else -1
        return False

    tags: list[Any] = list(TAGS.values())
    for element in data_element_generator(stream, implicit, walk.values.little, stop_when=note, specific_tags=tags):
        walk.values.elements[int(element.tag)] = element
    # a sequence of undefined length that is cut is a fault of its own; else it ended where the file does
    walk.complete = walk.at_pixels is not None or end in (-1, len(data))


def _encoding(head: bytes, syntax: str) -> tuple[bool, bool]:
    """Return (implicit, little endian) as the first element shows them; the declared syntax can be wrong."""
    little = syntax != BIG_ENDIAN
    if not syntax and len(head) == 8:
        little = struct.unpack("<H", head[:2])[0] <= 0x7FFF and struct.unpack("<H", head[:2])[0] != 0x0800
    return not _is_vr(head[4:6]), little
