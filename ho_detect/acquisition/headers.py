"""One DICOM file to what its header says, without its pixels and without trusting any of it.

At most a megabyte is read of a usual file, nothing is inflated beyond what a header needs, and any fault ends
in an :class:`UnreadableHeader`, never in an exception.
"""

from __future__ import annotations

import io
import struct
import sys
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from ho_detect.acquisition.archives import open_input
from ho_detect.acquisition.elements import UNDEFINED, walk_elements
from ho_detect.acquisition.multiframe import split_frames
from ho_detect.acquisition.slices import CT_CLASSES, PixelFormat, Rescale, SliceEntry
from ho_detect.acquisition.values import META, TAGS, Values, positive

#: Read at first; more only for headers that do not fit. The last is the longest header accepted.
READ_BYTES: Final = (1 << 15, 1 << 20, 1 << 26)
#: A file that says it has more frames is lying or no volume.
MAX_FRAMES: Final = 10_000
#: Elements from here on are pixels (float, double, integer pixel data).
PIXELS: Final = 0x7FE00008
PIXEL_DATA: Final = 0x7FE00010

DEFLATED: Final = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
IMPLICIT: Final = "1.2.840.10008.1.2"
EXPLICIT: Final = "1.2.840.10008.1.2.1"
DICOMDIR: Final = "1.2.840.10008.1.3.10"

#: Texts of a series that are kept.
SERIES_TEXTS: Final = (
    "StudyDate", "Manufacturer", "StudyDescription", "SeriesDescription", "BodyPartExamined", "ProtocolName",
    "ConvolutionKernel", "PatientPosition", "ContrastBolusAgent",
)  # fmt: skip

_WANTED: Final = frozenset(TAGS.values())
_WANTED_META: Final = frozenset(META.values())
_GROUPS: Final = (TAGS["SharedFunctionalGroupsSequence"], TAGS["PerFrameFunctionalGroupsSequence"])
#: Where the texts of :data:`ho_detect.acquisition.slices.PHASE_MARKS` stand, in that order.
_MARKS: Final = (
    "TemporalPositionIdentifier", "AcquisitionNumber", "TriggerTime", "ConvolutionKernel", "ImageType", "KVP",
)  # fmt: skip


class FileHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What one file says of its series, and the images in it."""

    study_uid: str
    series_uid: str
    patient_id: str
    modality: str
    sop_class: str
    texts: dict[str, str]
    has_mr_timing: bool
    contrast_stated: bool | None
    kvp: float | None
    images: tuple[SliceEntry, ...]
    """Empty: the file holds no pixels."""
    path: Path
    size_bytes: int


class UnreadableHeader(msgspec.Struct, frozen=True):
    """A file that looks like DICOM and cannot be read; what was learnt before the fault."""

    path: Path
    why: str
    study_uid: str = ""
    series_uid: str = ""
    patient_id: str = ""


def read_header(path: Path, size_bytes: int) -> FileHeader | UnreadableHeader | None:
    """Read the header of one file.

    Returns
    -------
    FileHeader, UnreadableHeader or None
        None: not DICOM, or a DICOMDIR. Never raises for what a file holds.
    """
    try:
        with open_input(path) as file:
            for limit in READ_BYTES:
                file.seek(0)
                data = _read_at_most(file, limit)
                if not looks_like_dicom(data):
                    return None
                walk = _walk(data)
                if walk.at_pixels or walk.fault or len(data) < limit:
                    break
    except OSError as error:
        return UnreadableHeader(path, f"cannot be opened: {error.strerror}")
    values = walk.values
    if values.text("MediaStorageSOPClassUID") == DICOMDIR:
        return None
    uids = [values.text(name) for name in ("StudyInstanceUID", "SeriesInstanceUID", "PatientID")]
    if data[128:132] != b"DICM" and not (uids[1] or values.text("SOPClassUID")):
        return None
    if not walk.complete:
        return UnreadableHeader(path, walk.fault or "ends within its header", *uids)
    if walk.at_pixels is None and values.text("SOPClassUID") in CT_CLASSES:
        # a file cut between two elements looks like this: never a slice to be left out in silence
        return UnreadableHeader(path, "a CT image without pixel data", *uids)
    if (values.integer("NumberOfFrames") or 1) > MAX_FRAMES:
        return UnreadableHeader(path, f"{values.integer('NumberOfFrames')} frames", *uids)
    try:
        return _file_header(path, size_bytes, walk)
    except Exception as error:  # noqa: BLE001 - as in _walk
        return UnreadableHeader(path, f"header cannot be parsed: {type(error).__name__}", *uids)


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


def _read_at_most(file: io.RawIOBase, limit: int) -> bytes:
    parts = []
    while limit > 0 and (part := file.read(limit)):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


@dataclass
class _Walk:
    """What walking over the elements of a file gave, as far as it came."""

    values: Values
    syntax: str = ""
    at_pixels: tuple[int, int, int] | None = None
    """Tag, first byte of the value, declared length."""
    complete: bool = False
    fault: str = ""


def _walk(data: bytes) -> _Walk:
    """Walk over the elements at hand up to the pixels; a fault ends the walk and is kept."""
    walk = _Walk(Values({}))
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


def _walk_elements(data: bytes, walk: _Walk) -> None:
    begin = _read_meta(data, walk)
    walk.syntax = walk.values.text("TransferSyntaxUID")
    if walk.syntax == DEFLATED:
        # only as much as a header needs is inflated: half a megabyte can hold a gigabyte
        data = zlib.decompressobj(-15).decompress(data[begin:], READ_BYTES[1])
        begin = 0
    implicit, little = _encoding(data[begin : begin + 8], walk.syntax)
    walk.syntax = walk.syntax or (IMPLICIT if implicit else EXPLICIT if little else BIG_ENDIAN)
    walk.values.little = little
    found = walk_elements(data, begin, implicit=implicit, wanted=_WANTED, stop=PIXELS) if little else None
    # functional groups are read as sequences, by pydicom
    if found is None or not found.elements.keys().isdisjoint(_GROUPS):
        _walk_by_pydicom(data, begin, walk, implicit=implicit)
        return
    walk.values.elements |= found.elements
    walk.at_pixels = found.at_pixels
    walk.complete = found.at_pixels is not None or found.end == len(data)


def _read_meta(data: bytes, walk: _Walk) -> int:
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


def _walk_by_pydicom(data: bytes, begin: int, walk: _Walk, *, implicit: bool) -> None:
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


def _file_header(path: Path, size_bytes: int, walk: _Walk) -> FileHeader:
    values = walk.values
    image = _image(path, size_bytes, walk)
    images: tuple[SliceEntry, ...] = (image,)
    if "PerFrameFunctionalGroupsSequence" in values:
        images = tuple(split_frames(image, values))
    elif image.n_frames > 1:
        images = tuple(msgspec.structs.replace(image, frame=k, position=None) for k in range(image.n_frames))
    if walk.at_pixels is None:
        images = ()
    return FileHeader(
        study_uid=values.text("StudyInstanceUID"),
        series_uid=values.text("SeriesInstanceUID"),
        patient_id=values.text("PatientID"),
        modality=values.text("Modality").upper(),
        sop_class=values.text("SOPClassUID"),
        texts={name: values.text(name) for name in SERIES_TEXTS},
        has_mr_timing=bool(values.numbers("RepetitionTime")),
        contrast_stated=bool(values.text("ContrastBolusAgent")) if "ContrastBolusAgent" in values else None,
        kvp=positive(values.numbers("KVP")),
        images=images,
        size_bytes=size_bytes,
        path=path,
    )


def _image(path: Path, size_bytes: int, walk: _Walk) -> SliceEntry:
    values = walk.values
    tag, offset, length = walk.at_pixels or (0, 0, -1)
    allocated = values.integer("BitsAllocated") or 0
    stored = values.integer("BitsStored") or allocated
    pixels = PixelFormat(
        transfer_syntax=walk.syntax,
        rows=values.integer("Rows") or 0,
        columns=values.integer("Columns") or 0,
        n_frames=max(values.integer("NumberOfFrames") or 1, 1),
        samples=values.integer("SamplesPerPixel") or 1,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=values.integer("HighBit") if "HighBit" in values else stored - 1,  # type: ignore[arg-type]
        signed=values.integer("PixelRepresentation") == 1,
        is_integer=tag == PIXEL_DATA,
        offset=offset,
        length=length,
    )
    return SliceEntry(
        path=path,
        size_bytes=size_bytes,
        sop_uid=values.text("SOPInstanceUID"),
        sop_class=values.text("SOPClassUID"),
        image_type=tuple(v.strip().upper() for v in values.text("ImageType").split("\\")),
        frame_of_reference=values.text("FrameOfReferenceUID"),
        pixels=pixels,
        rescale=_rescale(values, pixels),
        instance=values.integer("InstanceNumber"),
        position=values.numbers("ImagePositionPatient"),
        orientation=values.numbers("ImageOrientationPatient"),
        spacing=values.numbers("PixelSpacing"),
        thickness=positive(values.numbers("SliceThickness")),
        lossy_stated=values.text("LossyImageCompression") == "01",
        marks=tuple(sys.intern(values.text(name)[:64]) for name in _MARKS),
    )


def _rescale(values: Values, pixels: PixelFormat) -> Rescale:
    slope, intercept = values.numbers("RescaleSlope"), values.numbers("RescaleIntercept")
    bounds = [values.integer(name) for name in ("PixelPaddingValue", "PixelPaddingRangeLimit")]
    # US or SS as the writer pleased: what matters is the bit pattern
    stored = [_as_stored(b, signed=pixels.signed) for b in bounds if b is not None]
    return Rescale(
        slope=slope[0] if slope else None,
        intercept=intercept[0] if intercept else None,
        type=values.text("RescaleType").upper(),
        padding=(min(stored), max(stored)) if bounds[0] is not None else None,
    )


def _as_stored(pattern: int, *, signed: bool) -> int:
    pattern &= 0xFFFF
    return pattern - 0x10000 if signed and pattern >= 0x8000 else pattern
