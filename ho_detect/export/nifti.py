"""Label maps as NIfTI on the series' own grid."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from ho_detect.image.grid import Grid
from ho_detect.system.files import replacing

#: What of a header (NIfTI-1, nifti1.h) is not zero: its size, dimensions, type and bits of a voxel, spacing, where
#: voxels begin, slope and intercept, units, codes of both affines, the one as a quaternion, the other, the name.
_HEADER: Final = struct.Struct("<i36x8h14xhh2x8f3f3xB128x2h6f12f16x4s")
#: "Scanner-based anatomical coordinates", of both affines; 16 bits without sign; millimetres.
_SCANNER, _UINT16, _MM = 1, 512, 2
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
    from zlib_ng import gzip_ng  # ten times as fast as zlib on what is nearly all zero

    compressed = cast("Any", gzip_ng.GzipNGFile)  # it has no types
    with (
        replacing(path) as temporary,
        temporary.open("wb") as raw,
        compressed("", "wb", _LEVEL, raw, mtime=0) as file,
    ):
        file.write(header_of(grid) + _NO_EXTENSION)
        for first in range(0, grid.shape[0], _SLICES):
            labels = labels_of(slice(first, min(first + _SLICES, grid.shape[0])))
            file.write(labels.astype("<u2", order="C", copy=False).data)


def header_of(grid: Grid) -> bytes:
    """Return the 348 bytes of the header of a label map in uint16; nibabel would take a tenth of a second to load.

    A quaternion holds no shear: of slices that are sheared within tolerance it holds the nearest rotation.
    """
    from scipy.spatial.transform import Rotation

    affine = grid.to_ras()
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    axes = affine[:3, :3] / spacing
    handed = float(np.sign(np.linalg.det(axes)))
    left, _, right = np.linalg.svd(axes * (1.0, 1.0, handed))
    quaternion = Rotation.from_matrix(left @ right).as_quat(canonical=True)  # its last number, not below 0, is left out
    offset, unused = _HEADER.size + len(_NO_EXTENSION), (1.0,) * 4
    return _HEADER.pack(
        *(_HEADER.size, 3, *grid.shape[::-1], 1, 1, 1, 1, _UINT16, 16),
        *(handed, *spacing, *unused, offset, 1.0, 0.0, _MM),
        *(_SCANNER, _SCANNER, *quaternion[:3], *affine[:3, 3], *affine[:3].ravel(), b"n+1"),
    )
