"""Gaps between a lesion and native bone as it is seen, and between lesions: from outline to outline."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.spatial import KDTree

from ho_detect.detection.candidates import Candidate, Region
from ho_detect.detection.measure.shape import outermost
from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import Side
from ho_detect.settings import DetectionSettings

#: A fitted surface lies no farther than this from the bone's own edge where it is seen, mm.
_FIT_MM = 8.0
#: Where soft tissue lies between them a gap is no smaller than this share of the smallest voxel edge.
_LEAST_SHARE = 0.5


def gap_to_bone_mm(
    region: Region, candidate: Candidate, points: FloatArray, side: Side, bone: str, settings: DetectionSettings
) -> float | None:
    """Return the smallest distance of a lesion to native bone of its side, mm; 0 where they are in contact.

    The bone is what is seen of it: voxels inside of its fitted surface above half the height of its edge, as the
    lesion's own outline is. Where none is seen near, the distance to the fitted surface. None where the lesion lies
    farther than the field around that bone reaches.

    Parameters
    ----------
    points
        (n, 3) LPS mm of the lesion's voxels.
    """
    if bone in candidate.touching:
        return 0.0
    number, field = next((n, b) for n, b in enumerate(region.bones, 1) if b.side == side and b.bone == bone)
    at = ndi.map_coordinates(field.mm, field.grid.to_index(points).T, order=1, mode="constant", cval=np.inf)
    fitted = float(at.min())
    if not np.isfinite(fitted):
        return None
    # the nearest place of the bone that is seen lies beside one of these
    close = points[at <= fitted + 2.0 * _FIT_MM]
    native = _seen_bone(region, close, number, max(fitted, 0.0) + _FIT_MM, settings)
    least = _LEAST_SHARE * min(region.grid.spacing_mm)
    if len(native):
        here = region.grid.crop(candidate.box).to_lps(np.argwhere(outermost(candidate.mask)))
        return round(max(between_faces_mm(here, native, region.grid.affine[:3, :3]), least), 2)
    return round(max(fitted, least), 2)


def between_faces_mm(here: FloatArray, there: FloatArray, steps: NDArray[np.float64]) -> float:
    """Return the smallest distance between two sets of voxels: between their centers, less one voxel along that line.

    Parameters
    ----------
    here, there
        (n, 3) and (m, 3) LPS mm of their centers.
    steps
        (3, 3): column ``a`` leads from a voxel to the next along array axis ``a``.
    """
    distance, nearest = (np.asarray(found) for found in KDTree(there).query(here))
    k = int(distance.argmin())
    if distance[k] == 0:
        return 0.0
    along = (there[nearest[k]] - here[k]) / distance[k]
    return max(float(distance[k] - np.linalg.norm(along @ steps)), 0.0)


def _seen_bone(
    region: Region, points: FloatArray, number: int, reach_mm: float, settings: DetectionSettings
) -> FloatArray:
    """Return (m, 3) LPS mm of the outermost voxels of one bone, as it is seen, around some points."""
    index = region.grid.to_index(points)
    margin = reach_mm / np.array(region.grid.spacing_mm)
    low = np.clip(np.floor(index.min(axis=0) - margin).astype(int), 0, region.grid.shape)
    high = np.clip(np.ceil(index.max(axis=0) + margin).astype(int) + 1, 0, region.grid.shape)
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    box = (z, y, x)
    smooth = region.smooth[box]
    inside = (region.distance_mm[box] <= 0.0) & (region.nearest[box] == number)
    if not inside.any():
        return np.empty((0, 3))
    half = 0.5 * (region.muscle_hu + float(np.percentile(smooth[inside], 75)))
    seen = inside & (smooth >= np.clip(half, region.low_hu, settings.highest_boundary_hu))
    return region.grid.crop(box).to_lps(np.argwhere(outermost(seen)))
