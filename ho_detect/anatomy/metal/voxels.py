"""What is as dense as metal in a CT, before any bone is known: it is masked where bones are fitted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.image.components import Components, label_components
from ho_detect.image.grid import FloatArray, Grid, Sphere
from ho_detect.image.morphology import within
from ho_detect.settings import AnatomySettings

#: Metal blooms, and what lies so near to it is no edge of bone. mm
_BLOOMING_MM = 2.0
#: Prosthetic heads have 22 mm diameter and more, stems and necks less. mm
_LEAST_HEAD_MM = 9.0
#: The center is that of the places so near to the deepest, mm.
_DEEPEST_MM = 1.5


@dataclass(frozen=True, eq=False)
class MetalVoxels:
    """Voxels of a volume that are as dense as metal, in connected pieces: implants, and the densest contrast medium.

    Parameters
    ----------
    grid
        Of the volume.
    pieces
        Their connected components.
    """

    grid: Grid
    pieces: Components

    @cached_property
    def index(self) -> NDArray[np.int64]:
        """(n, 3) voxels of all pieces."""
        return self.index_of(np.ones(len(self.pieces), bool))

    def index_of(self, some: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the (n, 3) voxels of some of the pieces."""
        if not some.any():
            return np.empty((0, 3), np.int64)
        spans = self.pieces.box[some]
        low, high = spans[:, ::2].min(axis=0), spans[:, 1::2].max(axis=0) + 1
        box = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
        return np.asarray(np.argwhere(self.pieces.paint(some.astype(np.uint8), box)) + low)

    def on(self, grid: Grid, some: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
        """Return which voxels of another grid hold a voxel of some of the pieces, or of any.

        A voxel of metal is as large as it is: where the other grid is finer it fills all that lies within.
        """
        mask = np.zeros(grid.shape, bool)
        chosen = self.index_of(np.ones(len(self.pieces), bool) if some is None else some)
        n_across = np.ceil(np.array(self.grid.spacing_mm) / grid.spacing_mm[0]).astype(int)
        across = [(np.arange(n) + 0.5) / n - 0.5 for n in n_across]
        for shift in product(*across):
            index = np.rint(grid.to_index(self.grid.to_lps(chosen + np.array(shift)))).astype(int)
            index = index[((index >= 0) & (index < np.array(grid.shape))).all(axis=1)]
            mask[tuple(index.T)] = True
        return mask

    def largest_ball(self, near_lps_mm: FloatArray, within_mm: float) -> Sphere | None:
        """Return the largest ball of metal in a cube around a place; None where it is too small for a prosthetic head.

        Parameters
        ----------
        within_mm
            Half the edge of the cube.
        """
        box = self.grid.box_around(near_lps_mm, within_mm)
        metal = self.pieces.paint(np.ones(len(self.pieces), np.uint8), box)
        if not metal.any():
            return None
        depth = ndi.distance_transform_edt(metal, sampling=self.grid.spacing_mm)
        radius_mm = float(depth.max())
        if radius_mm < _LEAST_HEAD_MM:
            return None
        index = np.argwhere(depth > radius_mm - _DEEPEST_MM).mean(axis=0)
        return Sphere(self.grid.crop(box).to_lps(index), radius_mm)


def find_metal_voxels(volume: HuVolume, settings: AnatomySettings) -> MetalVoxels:
    """Find what is denser than ``metal_hu``.

    Parameters
    ----------
    volume
        Any orientation.
    """
    return MetalVoxels(volume.grid, label_components(volume.hu, settings.metal_hu))


def without_metal(volume: WorkingVolume, metal: MetalVoxels) -> WorkingVolume:
    """Return a copy of a volume of floats in which metal and what lies within 2 mm of it is out of view (NaN)."""
    if not len(metal.pieces):
        return volume
    near = within(metal.on(volume.grid), _BLOOMING_MM, volume.grid.spacing_mm)
    return WorkingVolume(np.where(near, np.float32(np.nan), volume.hu), volume.grid)
