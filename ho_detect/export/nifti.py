"""Label maps as NIfTI on the series' own grid."""

from __future__ import annotations

from collections.abc import Callable
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
#: Slices that are made and compressed at a time.
_SLICES = 16
#: What follows a header after which nothing but voxels comes (NIfTI-1).
_NO_EXTENSION = bytes(4)


def write_labels(path: Path, labels: NDArray[np.uint16] | NDArray[np.uint8], grid: Grid) -> None:
    """Write a label map, (slice, row, column), as :func:`write_slices` does.

    Raises
    ------
    ValueError
        If the shapes differ.
    OSError
        If the file cannot be written.
    """
    if labels.shape != grid.shape:
        raise ValueError(f"labels of shape {labels.shape} on a grid of shape {grid.shape}")
    write_slices(path, lambda slices: labels[slices], grid)


def write_slices(path: Path, labels_of: Callable[[slice], NDArray[np.uint16] | NDArray[np.uint8]], grid: Grid) -> None:
    """Write a label map with the origin, spacing and direction of the series, a few slices at a time.

    The same labels give the same bytes.

    Parameters
    ----------
    path
        Ends in ``.nii.gz``; appears whole or not at all.
    labels_of
        Gives (slice, row, column) of some slices: 0 background, else the lesion's id, the value of a bone, or the
        number of what is not counted. Written as uint16.
    grid
        The series' own grid. NIfTI readers show it in RAS; SimpleITK shows the LPS values given here.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    from nibabel import nifti1
    from zlib_ng import gzip_ng  # ten times as fast as zlib on what is nearly all zero

    made, compressed = cast("Any", nifti1.Nifti1Image), cast("Any", gzip_ng.GzipNGFile)  # they have no types
    affine = grid.to_ras()
    # of this image the header alone is written
    image = made(np.broadcast_to(np.uint16(0), grid.shape[::-1]), affine, dtype=np.uint16)
    image.set_sform(affine, _SCANNER)
    image.set_qform(affine, _SCANNER)
    image.header.set_xyzt_units("mm")
    with (
        replacing(path) as temporary,
        temporary.open("wb") as raw,
        compressed("", "wb", _LEVEL, raw, mtime=0) as file,
    ):
        image.header.set_data_offset(image.header.single_vox_offset)
        image.header.set_slope_inter(1, 0)
        file.write(image.header.structarr.tobytes() + _NO_EXTENSION)
        for first in range(0, grid.shape[0], _SLICES):
            labels = labels_of(slice(first, min(first + _SLICES, grid.shape[0])))
            file.write(labels.astype("<u2", order="C", copy=False).data)
