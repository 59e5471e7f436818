"""HU that are no DICOM files: an array with its affine, a NIfTI or SimpleITK image, or the file of one.

Nothing in such an image says that its values are HU, who it is of, or how it was made; what can be checked is checked.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ho_detect.acquisition.volume.hounsfield import AIR_HU, check_hounsfield
from ho_detect.acquisition.volume.hu_volume import HuVolume, SeriesRecord
from ho_detect.errors import SeriesError, UsageError
from ho_detect.flags import flag
from ho_detect.image.files import IMAGE_ENDINGS, of_nifti, of_simpleitk, read_image
from ho_detect.image.grid import Grid
from ho_detect.settings import AcquisitionSettings
from ho_detect.system.pseudonyms import uid_from

#: Axes that lean more against each other are no box of voxels, degrees.
_SQUARE_DEGREES: Final = 0.1


def is_image_file(path: Path) -> bool:
    """Whether a path is a file that is read as an image, by its ending."""
    return path.name.lower().endswith(IMAGE_ENDINGS) and path.is_file()


def volume_of(image: Any, settings: AcquisitionSettings, affine: ArrayLike | None = None) -> HuVolume:  # noqa: ANN401
    """Return an image as a volume.

    Parameters
    ----------
    image
        HU as a SimpleITK image, a nibabel image, or an array (i, j, k); or the path of a NIfTI, NRRD or MetaImage file.
    settings
        What is accepted as a volume.
    affine
        Of an array alone: (4, 4), from index (i, j, k) to RAS mm, as nibabel has it.

    Raises
    ------
    UsageError
        It is none of these, has not three axes, an array comes without affine, or SimpleITK, which a NRRD or MetaImage
        file needs, is not installed.
    SeriesError
        too_few_slices, too_thick, bad_geometry, not_axial; not_hu where values cannot be HU.
    """
    values, grid = _values_and_grid(image, affine)
    _check_geometry(grid, settings)
    hu = _as_hu(values)
    check_hounsfield(hu, stated=False)
    uid = uid_from(hashlib.sha256(hu.tobytes() + grid.affine.tobytes()).digest())
    a, b, c = (round(mm, 6) for mm in grid.spacing_mm)
    n_slices, rows, columns = grid.shape
    series = SeriesRecord(
        study_uid=uid, series_uid=uid, n_slices=n_slices, rows=rows, columns=columns, spacing_mm=(a, b, c)
    )
    step = _slice_step(grid)
    flags = (flag("thick_slices", f"{step:.1f} mm"),) if step >= settings.thick_slice_mm else ()
    return HuVolume(hu, grid, series, flags)


def _values_and_grid(image: Any, affine: ArrayLike | None) -> tuple[NDArray[Any], Grid]:  # noqa: ANN401
    """Return values (slice, row, column) and where they lie."""
    if isinstance(image, str | Path):
        return read_image(Path(image))
    if hasattr(image, "GetDirection"):
        return of_simpleitk(image)
    if affine is None and hasattr(image, "dataobj"):
        return of_nifti(np.asanyarray(image.dataobj), image.affine)
    if affine is None:
        raise UsageError("an array needs its affine, from index (i, j, k) to RAS mm")
    return of_nifti(np.asarray(image), affine)


def _check_geometry(grid: Grid, settings: AcquisitionSettings) -> None:
    """Raise SeriesError for what the settings would refuse of a DICOM series too."""
    unit = grid.affine[:3, :3] / np.array(grid.spacing_mm)
    between = np.degrees(np.arccos(np.clip(np.abs(unit.T @ unit)[np.triu_indices(3, 1)], 0, 1)))
    if between.min() < 90 - _SQUARE_DEGREES:
        raise SeriesError("bad_geometry", f"axes of {between.min():.1f} degrees: resample it to a box of voxels first")
    oblique = float(np.degrees(np.arccos(np.clip(np.abs(unit).max(axis=0).min(), 0, 1))))
    if oblique > settings.max_oblique_degrees:
        raise SeriesError("not_axial", f"{oblique:.0f} degrees")
    step = _slice_step(grid)
    if step > settings.max_slice_step_mm:
        raise SeriesError("too_thick", f"slice step {step:.2f} mm")
    if min(grid.shape) < settings.min_slices:
        raise SeriesError("too_few_slices", f"{min(grid.shape)} slices")


def _slice_step(grid: Grid) -> float:
    """The largest distance between voxels: which axis was scanned is not known."""
    return max(grid.spacing_mm)


def _as_hu(values: NDArray[Any]) -> NDArray[np.int16]:
    """Return values as int16; what is no number, or less dense than air, is air."""
    if values.dtype.kind == "f":
        values = np.nan_to_num(values, nan=AIR_HU, posinf=32767, neginf=AIR_HU)
        values = np.rint(values)
    if values.dtype.kind not in "iuf":
        raise UsageError(f"values of type {values.dtype} are no HU")
    return np.ascontiguousarray(np.clip(values, AIR_HU, 32767).astype(np.int16))
