"""Image files that are no DICOM: NIfTI by nibabel; NRRD and MetaImage by SimpleITK, which is no part of the core."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ho_detect.errors import UsageError
from ho_detect.image.grid import Grid
from ho_detect.system.extras import need

NIFTI_ENDINGS: Final = (".nii", ".nii.gz")
#: Files that are read as an image.
IMAGE_ENDINGS: Final = (*NIFTI_ENDINGS, ".nrrd", ".nhdr", ".mha", ".mhd")


def read_image(path: Path) -> tuple[NDArray[Any], Grid]:
    """Read an image by the ending of its name: values (slice, row, column), and where they lie.

    Raises
    ------
    UsageError
        It cannot be read, has not three axes, or its format needs SimpleITK, which is not installed.
    """
    return _nifti(path) if path.name.lower().endswith(NIFTI_ENDINGS) else _other(path)


def of_nifti(values: NDArray[Any], affine: ArrayLike) -> tuple[NDArray[Any], Grid]:
    """Return values (i, j, k) with an affine to RAS mm as (slice, row, column) and their grid.

    Raises
    ------
    UsageError
        There are not three axes, or the affine is none.
    """
    if values.ndim != 3:
        raise UsageError(f"an image of {values.ndim} axes: three are needed")
    try:
        grid = Grid.from_ras(values.shape, affine)
    except ValueError as error:
        raise UsageError(f"the affine cannot be used: {error}") from error
    return values.transpose(2, 1, 0), Grid(values.shape[::-1], grid.affine[:, [2, 1, 0, 3]])


def of_simpleitk(image: Any) -> tuple[NDArray[Any], Grid]:  # noqa: ANN401 - SimpleITK has no types
    """Return the values (slice, row, column) of a SimpleITK image and their grid.

    Raises
    ------
    UsageError
        There are not three axes.
    """
    import SimpleITK as sitk  # noqa: N813 - as all call it

    values = sitk.GetArrayFromImage(image)
    if values.ndim != 3:
        raise UsageError(f"an image of {values.ndim} axes: three are needed")
    affine = np.eye(4)
    direction = np.array(image.GetDirection()).reshape(3, 3)
    affine[:3, :3] = (direction * np.array(image.GetSpacing()))[:, ::-1]
    affine[:3, 3] = image.GetOrigin()
    return values, Grid(values.shape, affine)


def _nifti(path: Path) -> tuple[NDArray[Any], Grid]:
    # long to import, and not needed where all is DICOM
    from nibabel import nifti1
    from nibabel.filebasedimages import ImageFileError
    from nibabel.spatialimages import HeaderDataError
    from nibabel.wrapstruct import WrapStructError

    try:
        image = nifti1.load(path)  # type: ignore[no-untyped-call]
        values, affine = np.asanyarray(image.dataobj), image.affine
    except (ImageFileError, HeaderDataError, WrapStructError, OSError, EOFError, ValueError, zlib.error) as error:
        raise UsageError("the image cannot be read", path) from error
    # what some editors write of three axes
    return of_nifti(values.reshape(values.shape[:3]) if values.shape[3:] == (1,) else values, affine)


def _other(path: Path) -> tuple[NDArray[Any], Grid]:
    need("a file that is neither DICOM nor NIfTI", "followup", "SimpleITK")
    import SimpleITK as sitk  # noqa: N813

    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise UsageError("the image cannot be read", path) from error
    return of_simpleitk(image)
