"""Rods and plates in a cloud of metal: what is long and of one cross-section, the largest first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ho_detect.anatomy.metal.follow_rod import FEWEST, MARGIN_MM, Gate, Rod, follow
from ho_detect.image.grid import FloatArray

#: Surroundings whose longest axis is tried for that of a rod, mm: a screw in the smallest, a plate in the largest.
_AROUND_MM = (6.0, 12.0, 25.0)
#: So many places are tried, this far from each other, mm; lines through them are compared by so many of the points.
_PLACES, _APART_MM, _TOLD_BY = 40, 6.0, 3000
#: A line is followed anew so often, within its half width by this ratio.
_ROUNDS, _WIDER = 3, 1.2
#: A rod has at least so large a share of the metal beside it.
_ALONE = 0.75
#: What lies so near to a rod all along is its surface, mm.
_SURFACE_MM = 3.0
#: Two that meet end to end within this, mm, at such an angle and of widths within this ratio, are one that is bent.
_MEET_MM, _BENT_DEG, _AS_WIDE = 15.0, 25.0, 1.6


def find_rods(points: FloatArray, cell_mm3: float, least_mm3: float) -> list[Rod]:
    """Take a cloud of metal apart into rods and plates; what is in none is left.

    Lines along the longest axis of the surroundings of places all over it are tried, and that along which most metal
    lies is a rod; what is not in it is looked at again. A rod may pass through one found before, as a screw through a
    nail.

    Parameters
    ----------
    points
        (n, 3) mm, one for each voxel.
    cell_mm3
        Volume of each.
    least_mm3
        Of a rod.

    Returns
    -------
    Rods, the largest first.
    """
    free = np.ones(len(points), bool)
    rods: list[Rod] = []
    found = True
    every = 1 + len(points) // _TOLD_BY
    few, few_mm3 = points[::every], cell_mm3 * every
    while found and free.sum() * cell_mm3 >= least_mm3:
        found = False
        lines = [follow(few, free[::every], start, few_mm3) for start in _starts(few, free[::every])]
        tried = [rod for rod in lines if rod is not None]
        while tried:
            held = [int((rod.members & free[::every]).sum()) * rod.alone**4 for rod in tried]
            line = tried.pop(int(np.argmax(held)))
            if max(held) * few_mm3 < least_mm3 / 2:
                break
            rod = _settled(points, free, line, cell_mm3)
            if rod is None or rod.alone < _ALONE or rod.members.sum() * cell_mm3 < least_mm3:
                continue
            found = True
            free &= ~_added(points, rods, rod)
    rods = _merged(points, rods)
    return sorted(rods, key=lambda rod: -int(rod.members.sum()))


def _starts(points: FloatArray, free: NDArray[np.bool_]) -> list[Gate]:
    """Return a gate along the longest axis of surroundings of places all over what is free."""
    rest = points[free]
    apart = np.full(len(rest), np.inf)
    at = int(np.argmax(((rest - rest.mean(axis=0)) ** 2).sum(axis=1)))
    found: list[Gate] = []
    for _ in range(_PLACES):
        away = ((rest - rest[at]) ** 2).sum(axis=1)
        for around in _AROUND_MM:
            near = rest[away <= around**2]
            if len(near) >= FEWEST:
                frame = np.linalg.eigh(np.cov(near.T))[1].T[::-1]
                found.append(Gate(near.mean(axis=0), frame, np.array([around, around])))
        apart = np.minimum(apart, away)
        at = int(np.argmax(apart))
        if apart[at] < _APART_MM**2:
            break
    return found


def _settled(points: FloatArray, free: NDArray[np.bool_], rod: Rod, cell_mm3: float) -> Rod | None:
    """Return a rod followed again from its own line until that stays; None where it is none of what is free."""
    found: Rod | None = rod
    for _ in range(_ROUNDS):
        if found is None:
            return None
        gate = Gate(found.ends.mean(axis=0), found.frame, _WIDER * found.half_mm + MARGIN_MM)
        found = follow(points, free, gate, cell_mm3)
    return found


def _added(points: FloatArray, rods: list[Rod], rod: Rod) -> NDArray[np.bool_]:
    """Add a rod, and return the members of it that are free no longer.

    What lies all along one found before is its surface and becomes part of it, as far as it is near.
    """
    for n, other in enumerate(rods):
        if abs(float(rod.frame[0] @ other.frame[0])) < np.cos(np.radians(_BENT_DEG)):
            continue
        away = cKDTree(points[other.members]).query(points[rod.members])[0]
        if np.median(away) < _SURFACE_MM:
            surface = rod.members.copy()
            surface[surface] = away < _SURFACE_MM
            rods[n] = replace(other, members=other.members | surface)
            return surface
    rods.append(rod)
    return rod.members


def _merged(points: FloatArray, rods: list[Rod]) -> list[Rod]:
    """Return the rods, those that meet end to end at a small angle as one."""
    rods = list(rods)
    at = 0
    while at < len(rods):
        other = next((k for k in range(at + 1, len(rods)) if _meet(rods[at], rods[k])), None)
        if other is None:
            at += 1
            continue
        rods[at] = _joined(points, rods[at], rods.pop(other))
        at = 0
    return rods


def _meet(a: Rod, b: Rod) -> bool:
    """Whether two rods are one that is bent."""
    if abs(float(a.frame[0] @ b.frame[0])) < np.cos(np.radians(_BENT_DEG)):
        return False
    ratio = a.half_mm / b.half_mm
    if ratio.max() > _AS_WIDE or ratio.min() < 1 / _AS_WIDE:
        return False
    away = np.linalg.norm(a.ends[:, None] - b.ends[None], axis=2)
    i, j = np.unravel_index(int(np.argmin(away)), (2, 2))
    # end to end, not side by side
    return bool(away[i, j] < _MEET_MM and away[1 - i, 1 - j] > max(a.length_mm, b.length_mm))


def _joined(points: FloatArray, a: Rod, b: Rod) -> Rod:
    members = a.members | b.members
    center = points[members].mean(axis=0)
    ends = np.concatenate([a.ends, b.ends])
    away = np.linalg.norm(ends[:, None] - ends[None], axis=2)
    i, j = np.unravel_index(int(np.argmax(away)), (4, 4))
    axis = (ends[j] - ends[i]) / away[i, j]
    frame = a.frame - (a.frame @ axis)[:, None] * axis
    second = frame[1] / np.linalg.norm(frame[1])
    frame = np.stack([axis, second, np.cross(axis, second)])
    extent = np.sort((ends[[i, j]] - center) @ axis)
    return Rod(members, center + extent[:, None] * axis, frame, np.maximum(a.half_mm, b.half_mm), min(a.alone, b.alone))
