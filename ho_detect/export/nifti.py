"""Label maps as NIfTI on the series' own grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ho_detect.image.grid import Grid
from ho_detect.system.files import replacing

#: "Scanner-based anatomical coordinates" (NIfTI-1, nifti1.h), of both affines.
_SCANNER = 1
#: Of zlib; 9 takes nine times as long for the same size.
_LEVEL = 6


def write_labels(path: Path, labels: NDArray[np.uint16] | NDArray[np.uint8], grid: Grid) -> None:
    """Write a label map with the origin, spacing and direction of the series.

    The same labels give the same bytes.

    Parameters
    ----------
    path
        Ends in ``.nii.gz``; appears whole or not at all.
    labels
        (slice, row, column): 0 background, else the lesion's id, or the value of a bone. Written as uint16.
    grid
        The series' own grid. NIfTI readers show it in RAS; SimpleITK shows the LPS values given here.

    Raises
    ------
    ValueError
        If the shapes differ.
    OSError
        If the file cannot be written.
    """
    from nibabel import nifti1
    from zlib_ng import gzip_ng  # ten times as fast as zlib on what is nearly all zero

    made, compressed = cast("Any", nifti1.Nifti1Image), cast("Any", gzip_ng.GzipNGFile)  # they have no types
    if labels.shape != grid.shape:
        raise ValueError(f"labels of shape {labels.shape} on a grid of shape {grid.shape}")
    affine = grid.to_ras()
    image = made(labels.transpose(2, 1, 0), affine, dtype=np.uint16)
    image.set_sform(affine, _SCANNER)
    image.set_qform(affine, _SCANNER)
    image.header.set_xyzt_units("mm")
    with (
        replacing(path) as temporary,
        temporary.open("wb") as raw,
        compressed("", "wb", _LEVEL, raw, mtime=0) as file,
    ):
        image.to_stream(file)
