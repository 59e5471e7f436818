"""Coarser copies of the CT on grids that run along the patient's axes, for finding and fitting anatomy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ho_detect._kernels.resampling import average_blocks, interpolate
from ho_detect.acquisition.volume.hounsfield import AIR_HU
from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.image.grid import Grid

#: Voxel edge of the copy that hips are searched and tissues are segmented in, mm.
COARSE_STEP_MM = 3.0
#: Of muscle, about.
_MUSCLE_HU = 50.0


@dataclass(frozen=True, eq=False)
class WorkingVolume:
    """HU (z, y, x) on an isotropic grid along superior, posterior, left."""

    hu: NDArray[np.float32] | NDArray[np.int16]
    grid: Grid

    @property
    def step_mm(self) -> float:
        """Voxel edge, mm."""
        return self.grid.spacing_mm[0]


def resample_to_patient_axes(
    volume: HuVolume, step_mm: float, muscle: NDArray[np.int64] | None = None
) -> WorkingVolume:
    """Average and resample to an isotropic grid along the patient's axes that covers the whole volume.

    Parameters
    ----------
    volume
        Any orientation.
    step_mm
        Edge of the new voxels; what is finer is averaged first, so that noise falls and nothing aliases.
        Outside of the field of view the result is air.
    muscle
        (n, 3) indices of distinct voxels that count as muscle, whatever they are.
    """
    block = np.maximum(1, np.round(step_mm / np.array(volume.spacing_mm) - 0.25)).astype(int)
    averaged = _averaged(volume, np.minimum(block, volume.hu.shape))
    if muscle is not None:
        _take_for_muscle(averaged, volume, muscle)
    corners = np.array([[k, j, i] for k in (0, 1) for j in (0, 1) for i in (0, 1)]) * (np.array(volume.hu.shape) - 1)
    lps = volume.grid.to_lps(corners)
    low, high = lps.min(axis=0), lps.max(axis=0)
    size = np.maximum(np.floor((high - low) / step_mm + 0.5).astype(int) + 1, 2)
    grid = Grid.axial((int(size[2]), int(size[1]), int(size[0])), (step_mm,) * 3, low)
    hu = np.empty(grid.shape, np.float32)
    interpolate(len(hu), averaged.hu, *grid.onto(averaged.grid), float(AIR_HU), hu)
    return WorkingVolume(hu, grid)


def _take_for_muscle(averaged: WorkingVolume, volume: HuVolume, index: NDArray[np.int64]) -> None:
    """Let voxels of a volume count as muscle in its averages over blocks, in place: no copy of the volume is made."""
    block = np.array(volume.hu.shape) // averaged.hu.shape
    inside = (index < block * averaged.hu.shape).all(axis=1)
    excess = volume.hu[tuple(index[inside].T)].astype(np.float32) - _MUSCLE_HU
    np.subtract.at(averaged.hu, tuple((index[inside] // block).T), excess / block.prod())


def _averaged(volume: HuVolume, block: NDArray[np.int64]) -> WorkingVolume:
    """Average over blocks of voxels, along the volume's own axes."""
    nz, ny, nx = (int(n) for n in np.array(volume.hu.shape) // block)
    hu = np.empty((nz, ny, nx), np.float32)
    average_blocks(nz, volume.hu, block, hu)
    affine = volume.grid.affine.copy()
    affine[:3, :3] *= block
    affine[:3, 3] = volume.grid.to_lps((block - 1) / 2)
    return WorkingVolume(hu, Grid((nz, ny, nx), affine))
