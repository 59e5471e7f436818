"""Where metal is, and what its artefact hides: kept with a result, for who draws it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ho_detect.image.grid import FloatArray, Grid

if TYPE_CHECKING:
    from ho_detect.anatomy.metal.metal import Metal

#: Values of :meth:`HiddenZone.labels`.
HIDDEN, METAL = 1, 2
#: The zone is kept with so many voxels of nothing around it.
_MARGIN = 2


@dataclass(frozen=True, eq=False)
class HiddenZone:
    """Metal and the zone that it hides.

    Parameters
    ----------
    grid
        Along the patient's axes, around all that is hidden.
    mask
        (z, y, x) uint8 on it: 0, 1 hidden by artefact, 2 metal.
    """

    grid: Grid
    mask: NDArray[np.uint8]

    @classmethod
    def of(cls, metal: Metal) -> HiddenZone | None:
        """Return the zone of metal, cut to what it hides; None where there is none."""
        if metal.zone is None:
            return None
        whole = metal.zone.hidden.astype(np.uint8)
        whole[metal.zone.distance_mm <= 0.0] = METAL
        index = np.argwhere(whole)
        low = np.maximum(index.min(axis=0) - _MARGIN, 0)
        high = np.minimum(index.max(axis=0) + 1 + _MARGIN, whole.shape)
        z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        return cls(metal.zone.grid.crop((z, y, x)), whole[z, y, x].copy())

    def at(self, points: FloatArray) -> NDArray[np.uint8]:
        """Return its value at (..., 3) LPS points; 0 beyond it."""
        index = np.rint(self.grid.to_index(points)).astype(np.intp)
        inside = ((index >= 0) & (index < self.mask.shape)).all(axis=-1)
        out = np.zeros(inside.shape, np.uint8)
        out[inside] = self.mask[tuple(index[inside].T)]
        return out

    def labels(self, grid: Grid) -> NDArray[np.uint8]:
        """Return its value at each voxel of a grid; it is looked up where the zone may be alone."""
        out = np.zeros(grid.shape, np.uint8)
        low, high = self.grid.box_lps_mm()
        corners = np.stack(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), axis=-1).reshape(-1, 3)
        index = grid.to_index(corners)
        first = np.clip(np.floor(index.min(axis=0)).astype(int), 0, grid.shape)
        last = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, first, grid.shape)
        for k in range(int(first[0]), int(last[0])):
            plane = np.indices((1, last[1] - first[1], last[2] - first[2]))[:, 0]
            at = np.moveaxis(plane + np.array([k, first[1], first[2]])[:, None, None], 0, -1)
            out[k, first[1] : last[1], first[2] : last[2]] = self.at(grid.to_lps(at))
        return out


@dataclass(frozen=True, eq=False)
class FoundMetal:
    """What a fresh analysis found."""

    zone: HiddenZone | None


@dataclass(frozen=True)
class NoMetal:
    """Of a result without metal."""

    zone: None = None
