"""A manual mask as a label map: NIfTI, NRRD, MetaImage or DICOM Segmentation; brought onto the grid of a result."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.errors import UsageError
from ho_detect.image.files import read_image
from ho_detect.image.grid import Grid
from ho_detect.system.extras import need

MASK_ENDINGS: Final = (".nii.gz", ".nii", ".nrrd", ".mha", ".dcm")
#: Grids whose corners lie no farther apart are one, mm: NIfTI keeps an affine as 32-bit numbers.
_SAME_MM: Final = 0.05

Labels = NDArray[np.uint16]


def read_mask(path: Path) -> tuple[Labels, Grid]:
    """Read a mask: each value is one lesion; where there is one value alone, each of its 26-connected parts is one.

    Returns
    -------
    (slice, row, column), and the grid.

    Raises
    ------
    UsageError
        It cannot be read, holds no whole numbers from 0 to 65535, is a DICOM object of another kind, or its format
        needs a library that is not installed.
    """
    values, grid = _segmentation(path) if path.name.lower().endswith(".dcm") else read_image(path)
    if values.ndim != 3 or not np.array_equal(values, values.astype(np.uint16)):
        raise UsageError("no mask: not three axes of whole numbers from 0 to 65535", path)
    labels = values.astype(np.uint16)
    if len(np.unique(labels[labels > 0])) == 1:
        labels = ndi.label(labels > 0, np.ones((3, 3, 3)))[0].astype(np.uint16)
    return labels, grid


def onto(labels: Labels, grid: Grid, other: Grid) -> Labels:
    """Return a label map on another grid, each voxel with the label of the nearest; itself where both are one."""
    if labels.shape == other.shape:
        ends = np.vstack([np.zeros(3), labels.shape, np.diag(labels.shape)])
        if np.abs(grid.to_lps(ends) - other.to_lps(ends)).max() <= _SAME_MM:
            return labels
    matrix, offset = other.onto(grid)
    # not beyond the outermost voxels: what lies outside of them has no label
    there: Labels = ndi.affine_transform(labels, matrix, offset, other.shape, order=0, mode="grid-constant")
    return there


def _segmentation(path: Path) -> tuple[NDArray[Any], Grid]:
    """Read a DICOM Segmentation; its segments must not overlap."""
    need("a DICOM Segmentation", "dicom", "highdicom")
    import highdicom as hd
    from pydicom.errors import InvalidDicomError

    try:
        found = hd.seg.segread(path)
        volume = found.get_volume(combine_segments=True)
    except (OSError, InvalidDicomError, ValueError, RuntimeError, AttributeError, TypeError) as error:
        raise UsageError(f"no DICOM Segmentation that can be read ({type(error).__name__})", path) from error
    values = np.asarray(volume.array)
    return values, Grid(values.shape, np.asarray(volume.affine, float))


def referenced_series(path: Path) -> str:
    """Return the UID of the series that a DICOM Segmentation is of; empty where it says none."""
    import pydicom

    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["ReferencedSeriesSequence"])
        return str(header.ReferencedSeriesSequence[0].SeriesInstanceUID)
    except (OSError, pydicom.errors.InvalidDicomError, AttributeError, IndexError):
        return ""
