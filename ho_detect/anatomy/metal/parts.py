"""Metal to the parts of implants: head, cup, stem, nail, screw, plate, wire.

What has a place is told first: the head where the hip has one of metal, the cup around it, the stem that begins at it.
Then loops of wire are split off, and the rest is taken apart into rods and plates (:mod:`.rods`). What is in none of
them belongs to the nearest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.metal.cells import CELL_MM3, Cells, cells_of
from ho_detect.anatomy.metal.cup import HEAD_BLOOMING_MM, Cup, find_cup
from ho_detect.anatomy.metal.describe import (
    described_ball,
    described_cup,
    described_other,
    described_rod,
    described_stem,
    described_wire,
)
from ho_detect.anatomy.metal.follow_rod import Rod
from ho_detect.anatomy.metal.record import ImplantPart, PartKind
from ho_detect.anatomy.metal.rods import find_rods
from ho_detect.anatomy.metal.voxels import MetalVoxels
from ho_detect.anatomy.metal.wires import find_wires
from ho_detect.image.grid import FloatArray, Sphere
from ho_detect.image.sides import SIDES, Side

#: Smaller parts are not told apart, mm³: a loop of wire has 200 to 350, the shortest screws of the hip 300.
_LEAST_MM3 = 120.0
#: A stem begins so near to the head's surface, mm, and is so long.
_NECK_MM, _LEAST_STEM_MM = 6.0, 40.0
_ORDER: tuple[PartKind, ...] = ("head", "cup", "stem", "nail", "plate", "screw", "wire", "other")


@dataclass(frozen=True, eq=False)
class _Joint:
    """A replaced joint."""

    side: Side
    head: Sphere
    cup: Cup | None

    def in_head(self, points: FloatArray) -> NDArray[np.bool_]:
        away = np.linalg.norm(points - self.head.center_lps_mm, axis=1)
        return np.asarray(away <= self.head.radius_mm + HEAD_BLOOMING_MM)

    def in_cup(self, points: FloatArray) -> NDArray[np.bool_]:
        return np.zeros(len(points), bool) if self.cup is None else self.cup.in_wall(points)

    def holds(self, points: FloatArray) -> NDArray[np.bool_]:
        """Return (n,) whether points lie in head or cup, or between them, where nothing but streaks is as dense."""
        inside = np.zeros(len(points), bool) if self.cup is None else self.cup.encloses(points)
        return inside | self.in_head(points)


@dataclass(frozen=True, eq=False)
class FoundPart:
    """A part, and (n, 3) LPS mm of the cubes of 1.25 mm that it fills."""

    part: ImplantPart
    points: FloatArray


def find_parts(
    volume: HuVolume, voxels: MetalVoxels, is_metal: NDArray[np.bool_], hips: tuple[HipAnatomy, ...]
) -> tuple[FoundPart, ...]:
    """Tell the parts of all implants apart.

    Parameters
    ----------
    volume
        Any orientation.
    voxels
        What is as dense as metal in it.
    is_metal
        (C,) which of its pieces are metal.
    hips
        In view, at least one.

    Returns
    -------
    Parts of at least 120 mm³: left before right, head, cup, stem and so on, the larger first.
    """
    pieces = [cells_of(volume, voxels, int(number)) for number in np.flatnonzero(is_metal)]
    points = np.concatenate([np.empty((0, 3)), *(cells.points[cells.dense] for cells in pieces)])
    joints = [_joint(hip, points) for hip in hips if hip.replaced]
    found = [part for joint in joints for part in _ball_and_cup(points, joint)]
    rest: list[tuple[Cells, NDArray[np.bool_], bool]] = []
    for cells in pieces:
        free = ~np.any([np.zeros(len(cells.points), bool), *(j.holds(cells.points) for j in joints)], axis=0)
        for loop in find_wires(cells, free, _LEAST_MM3):
            found.append(FoundPart(described_wire(cells.points[loop], hips), cells.points[loop]))
            free &= ~loop
        whole = bool(free.all())
        free &= cells.dense
        rest += [(cells, members, whole) for members in cells.split(free) if members.sum() * CELL_MM3 >= _LEAST_MM3]
    stems = {_stem(rest, joint): joint.side for joint in joints}
    for number, (cells, members, whole) in enumerate(rest):
        own = cells.points[members]
        if number in stems:
            found.append(FoundPart(described_stem(own, stems[number]), own))
            continue
        rods = find_rods(own, CELL_MM3, _LEAST_MM3)
        parts = [FoundPart(described_rod(rod, p, hips), p) for rod, p in zip(rods, _shared(own, rods), strict=True)]
        # what is joined to a part, and is thin or has no shape, is its blooming, or a streak
        found += [part for part in parts if whole or part.part.kind != "wire"]
        if whole and not rods:
            found.append(FoundPart(described_other(own, hips), own))
    return tuple(sorted(found, key=_rank))


def _rank(found: FoundPart) -> tuple[int, int, float]:
    part = found.part
    return SIDES.index(part.side), _ORDER.index(part.kind), -part.volume_mm3


def _joint(hip: HipAnatomy, points: FloatArray) -> _Joint:
    radius_mm = hip.joint.head_radius_mm
    if radius_mm is None:
        raise ValueError(f"replaced {hip.joint.side} hip without the radius of its head")
    head = Sphere(hip.center_lps_mm, radius_mm)
    return _Joint(hip.joint.side, head, find_cup(points, CELL_MM3, head))


def _ball_and_cup(points: FloatArray, joint: _Joint) -> list[FoundPart]:
    in_head = joint.in_head(points)
    head = points[in_head]
    found = [FoundPart(described_ball(head, joint.head, joint.side), head)]
    if joint.cup is not None:
        cup = points[joint.in_cup(points) & ~in_head]
        found.append(FoundPart(described_cup(cup, joint.cup, joint.side), cup))
    return found


def _stem(rest: list[tuple[Cells, NDArray[np.bool_], bool]], joint: _Joint) -> int | None:
    """Return the number of the part of the rest that begins at the head and goes far from it; None where none does."""
    best: tuple[int, int] | None = None
    for number, (cells, members, _) in enumerate(rest):
        way = cells.points[members] - joint.head.center_lps_mm
        if joint.cup is not None:
            way = way[way @ joint.cup.axis > 0]
        away = np.linalg.norm(way, axis=1)
        begins = away.min(initial=np.inf) <= joint.head.radius_mm + HEAD_BLOOMING_MM + _NECK_MM
        goes_on = away.max(initial=0.0) >= joint.head.radius_mm + _LEAST_STEM_MM
        if begins and goes_on and (best is None or len(way) > best[0]):
            best = len(way), number
    return None if best is None else best[1]


def _shared(points: FloatArray, rods: list[Rod]) -> list[FloatArray]:
    """Return what belongs to each rod: its own points, and those of none to which it is the nearest."""
    if not rods:
        return []
    owner = np.full(len(points), -1)
    for number, rod in enumerate(rods):
        owner[rod.members] = number
    free = owner < 0
    if free.any():
        owner[free] = owner[~free][cKDTree(points[~free]).query(points[free])[1]]
    return [points[owner == number] for number in range(len(rods))]
