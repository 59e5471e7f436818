"""A manual mask as a label map: NIfTI, NRRD, MetaImage or DICOM Segmentation; brought onto the grid of a result."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.errors import UsageError
from ho_detect.image.grid import Grid

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
        It cannot be read, holds no whole numbers from 0 to 65535, or is a DICOM object of another kind.
    """
    values, grid = _segmentation(path) if path.name.lower().endswith(".dcm") else _image(path)
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
    import SimpleITK as sitk  # noqa: N813

    target = other.to_simpleitk(np.zeros(other.shape, np.uint8))
    there = sitk.Resample(grid.to_simpleitk(labels), target, sitk.Transform(), sitk.sitkNearestNeighbor, 0.0)
    return np.ascontiguousarray(sitk.GetArrayFromImage(there).astype(np.uint16))


def _image(path: Path) -> tuple[NDArray[Any], Grid]:
    import SimpleITK as sitk  # noqa: N813

    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise UsageError("the mask cannot be read", path) from error
    values = sitk.GetArrayFromImage(image)
    if values.ndim != 3:
        raise UsageError("no mask: not three axes", path)
    affine = np.eye(4)
    direction = np.array(image.GetDirection()).reshape(3, 3)
    affine[:3, :3] = (direction * np.array(image.GetSpacing()))[:, ::-1]
    affine[:3, 3] = image.GetOrigin()
    return values, Grid(values.shape, affine)


def _segmentation(path: Path) -> tuple[NDArray[Any], Grid]:
    """Read a DICOM Segmentation; its segments must not overlap."""
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
