"""Coarser copies of the CT on grids that run along the patient's axes, for finding and fitting anatomy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from ho_detect.acquisition.volume import AIR_HU, HuVolume
from ho_detect.geometry import Grid

#: Voxel edge of the copy that hips are searched and tissues are segmented in, mm.
COARSE_STEP_MM = 3.0


@dataclass(frozen=True, eq=False)
class WorkingVolume:
    """HU (z, y, x) float32 on an isotropic grid along superior, posterior, left."""

    hu: NDArray[np.float32]
    grid: Grid

    @property
    def step_mm(self) -> float:
        """Voxel edge, mm."""
        return self.grid.spacing_mm[0]


def resample_to_patient_axes(volume: HuVolume, step_mm: float) -> WorkingVolume:
    """Average and resample to an isotropic grid along the patient's axes that covers the whole volume.

    Parameters
    ----------
    volume
        Any orientation.
    step_mm
        Edge of the new voxels; what is finer is averaged first, so that noise falls and nothing aliases.
        Outside of the field of view the result is air.
    """
    image = volume.grid.to_simpleitk(volume.hu)
    shrink = [max(1, round(step_mm / s - 0.25)) for s in image.GetSpacing()]
    shrink = [min(f, n) for f, n in zip(shrink, image.GetSize(), strict=True)]
    if max(shrink) > 1:
        image = sitk.BinShrink(image, shrink)
    corners = np.array([[k, j, i] for k in (0, 1) for j in (0, 1) for i in (0, 1)]) * (np.array(volume.hu.shape) - 1)
    lps = volume.grid.to_lps(corners)
    low, high = lps.min(axis=0), lps.max(axis=0)
    size = np.maximum(np.floor((high - low) / step_mm + 0.5).astype(int) + 1, 2)
    resampled = sitk.Resample(
        image,
        size.tolist(),
        sitk.Transform(),
        sitk.sitkLinear,
        low.tolist(),
        [step_mm] * 3,
        np.eye(3).ravel().tolist(),
        float(AIR_HU),
        sitk.sitkFloat32,
    )
    hu = np.ascontiguousarray(sitk.GetArrayFromImage(resampled), dtype=np.float32)
    return WorkingVolume(hu, Grid.axial(hu.shape, (step_mm,) * 3, low))
