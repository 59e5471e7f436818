"""One image of a series as its header states it: where its pixels are, and where it lies. Nothing is checked here."""

from __future__ import annotations

from pathlib import Path

import msgspec

#: Storage classes: CT, enhanced CT, legacy converted enhanced CT.
CT_CLASSES = ("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2")
#: Transfer syntaxes that are always lossy: JPEG baseline and extended, and near-lossless JPEG-LS.
LOSSY = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.81")

#: What can tell images at one place apart, in the order in which it is asked.
PHASE_MARKS = (
    "time point", "acquisition", "cardiac phase", "stack", "kernel", "image type", "kV", "patient", "date",
)  # fmt: skip


class PixelFormat(msgspec.Struct, frozen=True):
    """How and where a file holds its pixels."""

    transfer_syntax: str
    rows: int
    columns: int
    n_frames: int
    samples: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    high_bit: int
    is_integer: bool
    """Whether they are in Pixel Data, not in float or double pixel data."""
    offset: int
    """First byte after the element's head, in the file (in the inflated data set where deflated)."""
    length: int
    """As declared; 0xFFFFFFFF: encapsulated; -1: the file holds no pixels."""

    @property
    def deflated(self) -> bool:
        """Whether ``offset`` counts in the inflated data set."""
        return self.transfer_syntax == "1.2.840.10008.1.2.1.99"

    @property
    def frame_bytes(self) -> int:
        """Bytes of one decoded frame."""
        return self.rows * self.columns * self.samples * ((self.bits_allocated + 7) // 8)


class Rescale(msgspec.Struct, frozen=True):
    """Stored values to HU; ``None`` where the header does not say."""

    slope: float | None
    intercept: float | None
    type: str
    padding: tuple[int, int] | None
    """Lowest and highest stored value that stand for 'no data here'."""


class SliceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One image: a file, or one frame of a multi-frame file. Geometry as stated, LPS mm, unchecked."""

    path: Path
    size_bytes: int
    sop_uid: str
    sop_class: str
    image_type: tuple[str, ...]
    frame_of_reference: str
    pixels: PixelFormat
    rescale: Rescale
    frame: int = 0
    instance: int | None = None
    position: tuple[float, ...] | None = None
    orientation: tuple[float, ...] | None = None
    spacing: tuple[float, ...] | None = None
    """(row, column) mm: distance between rows, distance between columns."""
    thickness: float | None = None
    lossy_stated: bool = False
    acquired: float | None = None
    """When it was acquired, s; from midnight where no date is stated with the time."""
    created: float | None = None
    """ContentTime, s from midnight."""
    overlay_in_pixels: bool = False
    """Whether bits above the stored ones hold an overlay, by the header."""
    marks: tuple[str, ...] = ("",) * len(PHASE_MARKS)
    """Texts of the header for each of :data:`PHASE_MARKS`."""

    @property
    def n_frames(self) -> int:
        """Frames in the file this image is from."""
        return self.pixels.n_frames

    @property
    def transfer_syntax(self) -> str:
        """UID of the transfer syntax."""
        return self.pixels.transfer_syntax

    @property
    def is_lossy(self) -> bool:
        """Whether the pixels went through lossy compression: stated, or by the nature of the syntax."""
        return self.lossy_stated or self.transfer_syntax in LOSSY
