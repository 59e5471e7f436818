"""Where to look at a lesion: where it is largest, where it stands on bone, and where it leaves least space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from ho_detect.anatomy.native.masks import LABELS
from ho_detect.anatomy.user_masks.names import BONES
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.detection.measure.shape import outermost
from ho_detect.export.pictures.planes import Plane
from ho_detect.image.grid import FloatArray, Grid
from ho_detect.image.sides import Bone, Point, Side
from ho_detect.results.result import Box, Result

BonesIn = Callable[[Box], NDArray[np.uint8]]
#: The axis of the canonical grid that each plane crosses.
_CROSSED: tuple[Plane, ...] = ("axial", "coronal", "sagittal")
#: Voxels of a lesion no farther from bone than the nearest one and so much are its contact, mm.
_CONTACT_MM = 1.5
#: Bone is looked for so much farther than the gap that was measured, mm.
_MARGIN_MM = 6.0
#: A gap from a free lesion is drawn to the nearer bone, and to the other one where it is no larger than this, mm.
_FAR_GAP_MM = 30.0


@dataclass(frozen=True)
class GapLine:
    """A gap as a line: from the lesion, to bone or another lesion, LPS mm, and its measured length."""

    start: Point
    end: Point
    mm: float


@dataclass(frozen=True)
class Place:
    """A plane through a point, what it shows, and the gap that is drawn in it."""

    plane: Plane
    point: Point
    shows: str
    gap: GapLine | None = None


@dataclass(frozen=True, eq=False)
class LesionVoxels:
    """A lesion's voxels: (n, 3) indices in the canonical grid of its series, and those at its surface."""

    grid: Grid
    index: NDArray[np.int64]
    outer: NDArray[np.int64]

    @classmethod
    def of(cls, result: Result, lesion: Lesion) -> LesionVoxels:
        """Find them; a lesion that another one covers whole has none."""
        box, mask = result.lesion_mask(lesion)
        start = [s.start for s in box]
        grid = result.grid.to_canonical()[0]
        return cls(grid, np.argwhere(mask) + start, np.argwhere(outermost(mask)) + start)

    def box(self, margin_mm: float) -> Box:
        """Return the box around them, so much wider."""
        margin = np.ceil(margin_mm / np.array(self.grid.spacing_mm)).astype(int) + 1
        low = np.maximum(self.index.min(axis=0) - margin, 0)
        high = np.minimum(self.index.max(axis=0) + margin + 1, self.grid.shape)
        z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        return z, y, x


def largest_extent(voxels: LesionVoxels) -> tuple[Place, ...]:
    """Return the axial, coronal and sagittal plane with the most of a lesion; none for a lesion without voxels."""
    return tuple(_fullest(voxels, axis) for axis in range(3)) if len(voxels.index) else ()


def reach_mm(lesion: Lesion) -> float:
    """Return how far around a lesion the bone lies that its contacts and gaps are drawn to."""
    return max([*_gaps_drawn(lesion).values(), 0.0]) + _MARGIN_MM


def contacts_and_gaps(
    lesion: Lesion, lesions: tuple[Lesion, ...], voxels_of: dict[int, LesionVoxels], bones_in: BonesIn
) -> tuple[Place, ...]:
    """Return the planes through a lesion's contact with each bone, and through the gap that it leaves.

    Parameters
    ----------
    lesions
        All of the result.
    voxels_of
        Their voxels, by id.
    bones_in
        Gives native bone in a box of the canonical volume.
    """
    voxels = voxels_of[lesion.id]
    if not len(voxels.index):
        return ()
    drawn = _gaps_drawn(lesion)
    box = voxels.box(reach_mm(lesion))
    bones = bones_in(box)
    found: list[Place | None] = []
    for bone in lesion.attached_to:
        surface = _surface(bones, voxels.grid.crop(box), lesion.side, bone)
        found.append(_contact(voxels, surface, bone))
    for bone, mm in drawn.items():
        surface = _surface(bones, voxels.grid.crop(box), lesion.side, bone)
        found.append(_gap(voxels, surface, mm, f"gap to the {bone}"))
    if lesion.gap_opposing_mm is not None and lesion.gap_opposing_mm <= max(
        _FAR_GAP_MM, min(drawn.values(), default=0)
    ):
        facing = [voxels_of[x.id] for x in lesions if x.side == lesion.side and _opposes(lesion, x)]
        towards = np.concatenate([np.empty((0, 3)), *(v.grid.to_lps(v.outer) for v in facing)])
        found.append(_gap(voxels, towards, lesion.gap_opposing_mm, "gap to the opposing lesion"))
    return tuple(place for place in found if place is not None)


def _opposes(lesion: Lesion, other: Lesion) -> bool:
    return {lesion.attached_to, other.attached_to} == {("femur",), ("pelvis",)}


def _gaps_drawn(lesion: Lesion) -> dict[Bone, float]:
    """Return the gaps to bone that are shown: that of a spur; of an island the smaller, and a short one."""
    gaps: dict[Bone, float | None] = {"femur": lesion.gap_femur_mm, "pelvis": lesion.gap_pelvis_mm}
    open_gaps = {bone: mm for bone, mm in gaps.items() if mm and bone not in lesion.attached_to}
    if lesion.attached_to:
        return open_gaps
    least = min(open_gaps.values(), default=0.0)
    return {bone: mm for bone, mm in open_gaps.items() if mm in (least,) or mm <= _FAR_GAP_MM}


def _fullest(voxels: LesionVoxels, axis: int) -> Place:
    counts = np.bincount(voxels.index[:, axis])
    at = voxels.index[voxels.index[:, axis] == counts.argmax()]
    return Place(_CROSSED[axis], _point(voxels.grid.to_lps(at.mean(axis=0))), "largest area")


def _surface(bones: NDArray[np.uint8], grid: Grid, side: Side, bone: Bone) -> FloatArray:
    """Return (n, 3) LPS mm of the outermost voxels of one bone."""
    name = next(name for name, place in BONES.items() if place == (side, bone))
    return grid.to_lps(np.argwhere(outermost(bones == LABELS[name])))


def _contact(voxels: LesionVoxels, surface: FloatArray, bone: Bone) -> Place | None:
    """Return the plane that cuts across a contact and shows most of it, through its middle; None without bone near."""
    distance, _ = _nearest(voxels, surface, _MARGIN_MM)
    if not np.isfinite(distance).any():
        return None
    there = voxels.outer[distance <= distance.min() + _CONTACT_MM]
    middle = there[np.linalg.norm((there - there.mean(axis=0)) * voxels.grid.spacing_mm, axis=1).argmin()]
    shown = [int(np.count_nonzero(there[:, a] == middle[a])) for a in range(3)]
    if len(there) >= 3:
        # a plane along the contact shows one side of it alone
        _, _, directions = np.linalg.svd((there - there.mean(axis=0)) * voxels.grid.spacing_mm, full_matrices=False)
        shown[int(np.abs(directions[-1]).argmax())] = -1
    axis = int(np.argmax(shown))
    return Place(_CROSSED[axis], _point(voxels.grid.to_lps(middle)), f"contact with the {bone}")


def _gap(voxels: LesionVoxels, surface: FloatArray, mm: float, shows: str) -> Place | None:
    """Return the plane that a gap lies in, or nearest to; None where nothing lies about so near."""
    distance, nearest = _nearest(voxels, surface, mm + _MARGIN_MM)
    if not np.isfinite(distance).any():
        return None
    k = int(distance.argmin())
    start, end = voxels.grid.to_lps(voxels.outer[k]), surface[nearest[k]]
    along = np.abs(voxels.grid.to_index(end) - voxels.grid.to_index(start)) * voxels.grid.spacing_mm
    plane = _CROSSED[int(along.argmin())]
    return Place(plane, _point((start + end) / 2), shows, GapLine(_point(start), _point(end), mm))


def _nearest(
    voxels: LesionVoxels, surface: FloatArray, within_mm: float
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the distance of each outer voxel to the nearest point, infinite beyond a limit, and which point it is."""
    if not len(surface):
        return np.full(len(voxels.outer), np.inf), np.zeros(len(voxels.outer), np.intp)
    points = voxels.grid.to_lps(voxels.outer)
    distance, nearest = KDTree(surface).query(points, distance_upper_bound=within_mm)
    return np.asarray(distance), np.asarray(nearest)


def _point(lps_mm: FloatArray) -> Point:
    x, y, z = (float(v) for v in lps_mm)
    return x, y, z
