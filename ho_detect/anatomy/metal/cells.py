"""One piece of metal on cubes along the patient's axes: where its parts are told apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.metal.voxels import MetalVoxels
from ho_detect.image.components import label_components
from ho_detect.image.grid import FloatArray, Grid

#: Edge of the cubes, mm: a wire blooms to 3 mm.
CELL_MM = 1.25
CELL_MM3 = CELL_MM**3
#: Where HU are not clipped, what is less than this share of the densest metal within two cells of it is its blooming.
_BLOOMING, _ACROSS = 0.5, 5


@dataclass(frozen=True, eq=False)
class Cells:
    """The cubes of one piece of metal.

    Parameters
    ----------
    grid
        Of the box around it.
    index
        (n, 3) of the cubes in it.
    dense
        (n,) bool: not mere blooming, where HU go far beyond that of metal.
    """

    grid: Grid
    index: NDArray[np.int64]
    dense: NDArray[np.bool_]

    @cached_property
    def points(self) -> FloatArray:
        """(n, 3) LPS mm of their centers."""
        return self.grid.to_lps(self.index)

    def mask(self, some: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return (z, y, x) some of them, (n,) bool."""
        mask = np.zeros(self.grid.shape, bool)
        mask[tuple(self.index[some].T)] = True
        return mask

    def split(self, some: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
        """Return the (n,) members of each connected part of some of them, the largest first."""
        parts = label_components(self.mask(some), 1.0)
        number = np.zeros(self.grid.shape, np.int32)
        parts.paint_onto(number, np.arange(1, len(parts) + 1, dtype=np.int32))
        of = number[tuple(self.index.T)]
        return [of == k + 1 for k in np.argsort(-parts.count, kind="stable")]


def cells_of(volume: HuVolume, voxels: MetalVoxels, number: int) -> Cells:
    """Return the cubes whose center lies in a voxel of a piece.

    Parameters
    ----------
    volume
        Any orientation.
    number
        Of the piece.
    """
    box = voxels.pieces.slices(number)
    one = np.zeros(len(voxels.pieces), np.uint8)
    one[number] = 1
    inside = voxels.pieces.paint(one, box)
    here = volume.grid.crop(box)
    grid = here.upright(CELL_MM)
    matrix, offset = grid.onto(here)
    mask = ndi.affine_transform(inside, matrix, offset, grid.shape, order=0, mode="grid-constant")
    index = np.argwhere(mask)
    hu = volume.hu[box][tuple(np.rint(index @ matrix.T + offset).astype(int).T)]
    if hu.max(initial=0) * _BLOOMING <= hu.min(initial=0):
        return Cells(grid, index, np.ones(len(index), bool))
    values = np.zeros(grid.shape, np.int16)
    values[tuple(index.T)] = hu
    return Cells(grid, index, hu >= _BLOOMING * ndi.maximum_filter(values, _ACROSS)[tuple(index.T)])
