"""One DICOM file to what its header says, without its pixels and without trusting any of it.

At most a megabyte is read of a usual file, nothing is inflated beyond what a header needs, and any fault ends
in an :class:`UnreadableHeader`, never in an exception.
"""

from __future__ import annotations

import io
import sys
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from ho_detect.acquisition.headers.archives import open_input
from ho_detect.acquisition.headers.dose import stated_ctdivol, stated_dlp
from ho_detect.acquisition.headers.multiframe import split_frames
from ho_detect.acquisition.headers.slices import CT_CLASSES, PixelFormat, Rescale, SliceEntry
from ho_detect.acquisition.headers.values import Values, clock_seconds, positive
from ho_detect.acquisition.headers.walking import Walk, looks_like_dicom, walk_header

Value = TypeVar("Value")

#: Read at first; more only for headers that do not fit. The last is the longest header accepted.
READ_BYTES: Final = (1 << 15, 1 << 20, 1 << 26)
#: A file that says it has more frames is lying or no volume.
MAX_FRAMES: Final = 10_000
PIXEL_DATA: Final = 0x7FE00010
DICOMDIR: Final = "1.2.840.10008.1.3.10"

#: Texts of a series that are kept.
SERIES_TEXTS: Final = (
    "StudyDate", "AcquisitionDate", "Manufacturer", "StudyDescription", "SeriesDescription", "BodyPartExamined",
    "ProtocolName", "ConvolutionKernel", "PatientPosition", "ContrastBolusAgent",
)  # fmt: skip

#: Where the texts of :data:`ho_detect.acquisition.headers.slices.PHASE_MARKS` stand, in that order.
_MARKS: Final = (
    ("TemporalPositionIdentifier",), ("AcquisitionNumber",), ("TriggerTime",), (), ("ConvolutionKernel",),
    ("ImageType",), ("KVP",), ("PatientName", "PatientBirthDate"), ("StudyDate", "AcquisitionDate"),
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
    ctdivol_mgy: float | None
    dlp_mgy_cm: float | None
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
                walk = walk_header(data)
                if walk.at_pixels or len(data) < limit:  # a fault can be what a sequence that is cut looks like
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


def _read_at_most(file: io.RawIOBase, limit: int) -> bytes:
    parts = []
    while limit > 0 and (part := file.read(limit)):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


def _file_header(path: Path, size_bytes: int, walk: Walk) -> FileHeader:
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
        study_uid=sys.intern(values.text("StudyInstanceUID")),
        series_uid=sys.intern(values.text("SeriesInstanceUID")),
        patient_id=sys.intern(values.text("PatientID")),
        modality=sys.intern(values.text("Modality").upper()),
        sop_class=sys.intern(values.text("SOPClassUID")),
        texts={name: sys.intern(values.text(name)) for name in SERIES_TEXTS},
        has_mr_timing=bool(values.numbers("RepetitionTime")),
        contrast_stated=bool(values.text("ContrastBolusAgent")) if "ContrastBolusAgent" in values else None,
        kvp=positive(values.numbers("KVP")),
        ctdivol_mgy=stated_ctdivol(values),
        dlp_mgy_cm=stated_dlp(values),
        images=images,
        size_bytes=size_bytes,
        path=path,
    )


def _image(path: Path, size_bytes: int, walk: Walk) -> SliceEntry:
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
        sop_class=sys.intern(values.text("SOPClassUID")),
        image_type=_shared(tuple(v.strip().upper() for v in values.text("ImageType").split("\\"))),
        frame_of_reference=sys.intern(values.text("FrameOfReferenceUID")),
        pixels=_shared(pixels),
        rescale=_shared(_rescale(values, pixels)),
        instance=values.integer("InstanceNumber"),
        position=values.numbers("ImagePositionPatient"),
        orientation=_shared(values.numbers("ImageOrientationPatient")),
        spacing=_shared(values.numbers("PixelSpacing")),
        thickness=positive(values.numbers("SliceThickness")),
        lossy_stated=values.text("LossyImageCompression") == "01",
        marks=_shared(tuple(sys.intern(" ".join(values.text(name) for name in names)[:64]) for names in _MARKS)),
        acquired=_acquired(values),
        created=clock_seconds(values.text("ContentTime")),
        overlay_in_pixels=(values.integer("OverlayBitPosition") or 0) > 0,
    )


def _acquired(values: Values) -> float | None:
    moment = clock_seconds(values.text("AcquisitionDateTime"))
    return moment if moment is not None else clock_seconds(values.text("AcquisitionTime"))


@lru_cache(maxsize=1024)
def _shared(value: Value) -> Value:
    """Return the first of equal values: what the slices of a series have in common is kept once."""
    return value


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
