"""Slices made by hand, without a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ho_detect.acquisition.headers.slices import PixelFormat, Rescale, SliceEntry


def make_entry(path: Path | str = "x", content: bytes = b"", **changes: Any) -> SliceEntry:
    """Return an axial slice; with content it is written to the path, and is all of the file."""
    path = Path(path)
    if content:
        path.write_bytes(content)
    pixels = PixelFormat(
        transfer_syntax="1.2.840.10008.1.2.1", rows=1, columns=len(content), n_frames=1, samples=1, bits_allocated=8,
        bits_stored=8, signed=False, high_bit=7, is_integer=True, offset=0, length=len(content),
    )  # fmt: skip
    values: dict[str, Any] = {
        "path": path,
        "size_bytes": len(content),
        "sop_uid": "",
        "sop_class": "1.2.840.10008.5.1.4.1.1.2",
        "image_type": ("ORIGINAL", "PRIMARY", "AXIAL"),
        "frame_of_reference": "1.2",
        "pixels": pixels,
        "rescale": Rescale(1.0, -1024.0, "HU", None),
        "position": (0.0, 0.0, 0.0),
        "orientation": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    }
    return SliceEntry(**values | changes)
