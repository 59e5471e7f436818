"""A rod along a line through metal: as far as it goes on with one cross-section, straight or slightly bent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ho_detect.image.grid import FloatArray

#: A rod is looked at in slabs so thick, mm; it ends where so many of them are empty.
_SLAB_MM, _GAP = 3.0, 2
#: A slab belongs to it with at least so large a share of the metal of the middle one.
_LEAST_OF_MIDDLE = 0.35
#: Beyond its half width so much is still its own: blooming, the thread. mm
MARGIN_MM = 1.5
#: What lies so near to its sides is looked at for whether it stands alone, mm.
_BESIDE_MM = 4.0
#: A rod is longer than this, mm (shorter screws fix no hip), and by this ratio longer than wide; metal fills so much
#: of its cross-section.
_LEAST_MM, _SLENDER, _FILLED = 20.0, 2.2, 0.65
#: Fewer points are none; a cross-section is no smaller than this variance, mm².
FEWEST, _LEAST_VARIANCE_MM2 = 8, 1e-3
#: Wider than thick by this ratio its cross-section is a bar's, not a disc's; the ends leave out what juts out there.
_FLAT, _ENDS = 1.5, (0.01, 0.99)
#: A slab whose middle lies so far from the line through the others counts half, or from the curve, mm.
_OFF_LINE_MM, _OFF_CURVE_MM = 1.5, 3.0


@dataclass(frozen=True, eq=False)
class Rod:
    """One straight, or slightly bent, part of a piece of metal.

    Parameters
    ----------
    members
        (n,) bool, of the points that it was found in.
    ends
        (2, 3) mm.
    frame
        (3, 3) rows: unit vectors along it, along its width, along its thickness.
    half_mm
        (2,) half its width and its thickness.
    alone
        Its share of the free metal within 4 mm of it: a line across a row of screws has little.
    """

    members: NDArray[np.bool_]
    ends: FloatArray
    frame: FloatArray
    half_mm: FloatArray
    alone: float

    @property
    def length_mm(self) -> float:
        """From end to end."""
        return float(np.linalg.norm(self.ends[1] - self.ends[0]))

    def beyond(self, points: FloatArray) -> FloatArray:
        """Return (n,) mm by which points lie outside of it, negative inside."""
        local = (points - self.ends.mean(axis=0)) @ self.frame.T
        half = np.array([self.length_mm / 2, *self.half_mm])
        return np.asarray((np.abs(local) - half).max(axis=1))


@dataclass(frozen=True, eq=False)
class Gate:
    """What lies so near to a line is looked at: its center, its frame as that of a rod, and (2,) half widths in mm."""

    center: FloatArray
    frame: FloatArray
    half_mm: FloatArray


def follow(points: FloatArray, free: NDArray[np.bool_], gate: Gate, cell_mm3: float) -> Rod | None:
    """Return the rod along a gate's axis, as far as metal goes on within it; None where that is no rod.

    Parameters
    ----------
    points
        (n, 3) mm, of all metal: what belongs to another rod may lie in between.
    free
        (n,) bool: what does not; members are of it.
    cell_mm3
        Volume of each point.
    """
    relative = (points - gate.center) @ gate.frame.T
    slab = np.floor(relative[:, 0] / _SLAB_MM).astype(np.int64)
    near = (np.abs(relative[:, 1:]) <= gate.half_mm).all(axis=1)
    first, last = _run(slab[near], slab[near & free])
    inside = near & free & (slab >= first) & (slab <= last)
    if inside.sum() < FEWEST:
        return None
    # what lies beyond either end goes with the last slab there
    number = np.clip(slab - first, 0, last - first)
    count = np.bincount(number[inside], minlength=last - first + 1)
    there = np.flatnonzero(count)
    middles = _middles(points[inside], number[inside], count)
    line, axis = _line(middles[there])
    frame, deviation = _cross_section(points[inside] - middles[number[inside]], number[inside], axis)
    wide, thin = deviation
    area_mm2 = float(np.median(count[there])) * cell_mm3 / _SLAB_MM
    half = deviation * (np.sqrt(3.0) if wide > _FLAT * thin else 2.0)
    local = (points - line) @ frame.T
    low, high = np.quantile(local[inside, 0], _ENDS)
    if area_mm2 < _FILLED * 4.0 * np.pi * thin * wide or high - low < max(_LEAST_MM, _SLENDER * 2 * half[0]):
        return None
    bends = (_bends(middles - line, there) @ frame[1:].T)[number]
    off = (np.abs(local[:, 1:] - bends) - half).max(axis=1)
    beside = free & (local[:, 0] >= low - MARGIN_MM) & (local[:, 0] <= high + MARGIN_MM)
    members = beside & (off <= MARGIN_MM)
    alone = float(members.sum() / max((beside & (off <= _BESIDE_MM)).sum(), 1))
    return Rod(members, line + np.array([[low], [high]]) * axis, frame, half, alone)


def _run(slab: NDArray[np.int64], free_slab: NDArray[np.int64]) -> tuple[int, int]:
    """Return the first and the last slab around that with number 0 that metal goes on to; either holds free metal.

    Parameters
    ----------
    slab, free_slab
        The slab of each point, and of each that is free.
    """
    low, high = int(slab.min(initial=0)), int(slab.max(initial=0))
    count, count_free = (np.bincount(s - low, minlength=high - low + 1) for s in (slab, free_slab))
    least = max(_LEAST_OF_MIDDLE * float(np.median(count[max(-low - 2, 0) : -low + 3])), 1.0)
    ends = []
    for step in (-1, 1):
        at = last = -low
        gap = 0
        while 0 <= at < len(count) and gap <= _GAP:
            gap = 0 if count[at] >= least else gap + 1
            last = at if count_free[at] >= least else last
            at += step
        ends.append(last + low)
    return ends[0], ends[1]


def _middles(points: FloatArray, number: NDArray[np.int64], count: NDArray[np.int64]) -> FloatArray:
    """Return (m, 3) the middle of the points of each slab; 0 for a slab without any."""
    total = np.stack([np.bincount(number, points[:, k], len(count)) for k in range(3)], axis=1)
    return np.asarray(total / np.maximum(count, 1)[:, None])


def _line(middles: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return a point of the line through most of (m, 3) points, and its direction (3,)."""
    trust = np.ones(len(middles))
    for _ in range(3):
        center = np.average(middles, axis=0, weights=trust)
        relative = middles - center
        axis = np.linalg.eigh((trust[:, None] * relative).T @ relative)[1][:, 2]
        off = relative - (relative @ axis)[:, None] * axis
        trust = 1.0 / (1.0 + (off**2).sum(axis=1) / _OFF_LINE_MM**2)
    return center, axis


def _bends(off: FloatArray, there: NDArray[np.int64]) -> FloatArray:
    """Return (m, 3) how a curve of third degree through most of the middles that are there lies off a line."""
    at = np.linspace(-1.0, 1.0, len(off))
    basis = np.stack([np.ones_like(at), at, at**2, at**3], axis=1)
    if len(there) <= basis.shape[1]:
        return np.zeros_like(off)
    trust = np.ones(len(there))
    for _ in range(3):
        weighted = basis[there] * trust[:, None]
        curve = np.linalg.lstsq(weighted.T @ basis[there], weighted.T @ off[there], rcond=None)[0]
        trust = 1.0 / (1.0 + ((off[there] - basis[there] @ curve) ** 2).sum(axis=1) / _OFF_CURVE_MM**2)
    return basis @ curve


def _cross_section(off: FloatArray, number: NDArray[np.int64], axis: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the frame of a rod, and its standard deviation along width and thickness, mm.

    That of the ordinary slab: what crosses a few of them does not count.

    Parameters
    ----------
    off
        (n, 3) from the middle of their slab to points.
    number
        (n,) their slabs.
    axis
        (3,) of the rod.
    """
    one = np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))])
    plane = np.stack([one / np.linalg.norm(one), np.cross(axis, one / np.linalg.norm(one))])
    across = off @ plane.T
    count = np.bincount(number)
    there = count > 0
    spread = np.empty((2, 2))
    for i, j in ((0, 0), (0, 1), (1, 1)):
        total = np.bincount(number, across[:, i] * across[:, j])
        spread[i, j] = spread[j, i] = np.median(total[there] / count[there])
    value, vector = np.linalg.eigh(spread)
    frame = np.concatenate([axis[None], vector.T[::-1] @ plane])
    return frame, np.sqrt(np.maximum(value[::-1], _LEAST_VARIANCE_MM2))
