"""How far apart the surfaces of two masks lie, by MONAI's definitions (monai.metrics, without subvoxels).

The surface of a mask are its voxels with a face outside of it. Distances are those from each surface voxel of the one
to the nearest of the other, between centers, mm. *Hausdorff distance*: the largest of both directions; with a
percentile, the larger of both percentiles (linear between ranks). *Average symmetric surface distance*: the mean over
all distances of both directions together. *Surface Dice*: the share of surface voxels of both that lie within a
tolerance of the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from ho_detect.detection.measure.shape import bounding_box, outermost
from ho_detect.image.grid import FloatArray, Grid

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """Distances of the surface voxels of either mask to the other, mm.

    Parameters
    ----------
    there, back
        (n,) and (m,), of the first mask and of the second.
    """

    there: FloatArray
    back: FloatArray

    def hausdorff_mm(self, percentile: float = 100.0) -> float:
        """Return the Hausdorff distance, or that percentile of it."""
        return float(max(np.percentile(self.there, percentile), np.percentile(self.back, percentile)))

    @property
    def average_mm(self) -> float:
        """Average symmetric surface distance."""
        return float(np.concatenate([self.there, self.back]).mean())

    def dice(self, tolerance_mm: float) -> float:
        """Surface Dice at a tolerance."""
        both = np.concatenate([self.there, self.back])
        return float((both <= tolerance_mm).mean())


def surface_distances(one: BoolArray, other: BoolArray, grid: Grid) -> SurfaceDistances | None:
    """Return the distances between the surfaces of two masks on a grid; None where one of them is empty."""
    if not (one.any() and other.any()):
        return None
    first, second = (_surface(mask, grid) for mask in (one, other))
    there, back = KDTree(second).query(first)[0], KDTree(first).query(second)[0]
    return SurfaceDistances(np.asarray(there), np.asarray(back))


def _surface(mask: BoolArray, grid: Grid) -> FloatArray:
    """Return the surface voxels of a mask, mm from the first voxel; the border of the array is outside."""
    box = bounding_box(mask)
    index = np.argwhere(outermost(mask[box])) + [s.start for s in box]
    points: FloatArray = index * np.array(grid.spacing_mm)
    return points
