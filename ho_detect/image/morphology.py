"""Euclidean distance to a mask, up to a limit: dilation, erosion, opening and closing by a ball of any radius in mm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ho_detect._kernels.distance import lower_across_rows, lower_by_parabolas, lower_down_rows, nearest_in_row
from ho_detect.system.parallel import in_parallel

BoolArray = NDArray[np.bool_]
#: What lies exactly at a distance counts as within it, whatever the rounding.
_ROUNDING = 1e-5
#: A dilation is worked out for so many voxels at a time.
_SLAB_VOXELS = 2**20


def distance_to(
    mask: BoolArray, limit_mm: float, spacing_mm: Sequence[float], *, to_faces: bool = False
) -> NDArray[np.float32]:
    """Return the distance of each voxel's center to the nearest voxel of a mask, infinite beyond a limit.

    Parameters
    ----------
    mask
        (Z, Y, X).
    limit_mm
        Time grows with it.
    spacing_mm
        (slice, row, column).
    to_faces
        Measure to the nearest face of a voxel of the mask; otherwise to its center.

    Returns
    -------
    (Z, Y, X) float32 mm; 0 in the mask.

    Raises
    ------
    ValueError
        Not three-dimensional, or the limit is negative or not finite.
    """
    if mask.ndim != 3 or not 0.0 <= limit_mm < np.inf:
        raise ValueError(f"distance up to {limit_mm} mm to a mask of shape {mask.shape}")
    most = (limit_mm * (1 + _ROUNDING)) ** 2
    short = 0.5 if to_faces else 0.0
    costs = []
    for step in spacing_mm:
        apart = np.arange(int(limit_mm / step + short + 1) + 1)
        cost = (np.maximum(apart - short, 0.0) * step) ** 2
        costs.append(cost[cost <= most].astype(np.float32))
    one, other = np.empty(mask.shape, np.float32), np.empty(mask.shape, np.float32)
    rows = mask.shape[0] * mask.shape[1]
    spans, narrower = np.empty((rows, 2), np.int32), np.empty((rows, 2), np.int32)
    nearest_in_row(rows, np.ascontiguousarray(mask).view(np.uint8), costs[2], one, spans)
    lower_across_rows(rows, one, spans, 1, costs[1], most, other, narrower)
    lower_across_rows(rows, other, narrower, 0, costs[0], most, one, spans)
    return np.sqrt(one, out=one)


def distance_anywhere(mask: BoolArray, spacing_mm: Sequence[float]) -> NDArray[np.float32]:
    """Return the distance of each voxel's center to that of the nearest voxel of a mask, however far.

    Slower than :func:`distance_to` with a small limit.

    Parameters
    ----------
    mask
        (Z, Y, X).
    spacing_mm
        (slice, row, column).

    Returns
    -------
    (Z, Y, X) float32 mm; 0 in the mask, infinite where the mask is empty.
    """
    nz, ny, nx = mask.shape
    in_rows, square = np.empty(mask.shape, np.float32), np.empty(mask.shape, np.float32)
    cost = np.square(np.arange(nx) * spacing_mm[2]).astype(np.float32)
    spans = np.empty((nz * ny, 2), np.int32)
    nearest_in_row(nz * ny, np.ascontiguousarray(mask).view(np.uint8), cost, in_rows, spans)
    lower_down_rows(nz * ny, in_rows, spans, spacing_mm[1], square)
    lower_by_parabolas(ny * nx, square, spacing_mm[0])
    return np.sqrt(square, out=square)


def within(mask: BoolArray, radius_mm: float, spacing_mm: Sequence[float], *, to_faces: bool = False) -> BoolArray:
    """Return the voxels at most ``radius_mm`` from a mask: its dilation by a ball; as :func:`distance_to`.

    A slab at a time: what is worked out in between then stays in the processor's cache.
    """
    margin = int(radius_mm / spacing_mm[0] + 1.5)
    # of what is worked out for a slab a third at most is thrown away
    slices = max(_SLAB_VOXELS // max(1, mask[:1].size), 4 * margin)
    near = np.empty(mask.shape, bool)

    def slab(first: int) -> None:
        low, last = max(first - margin, 0), min(first + slices, len(mask))
        away = distance_to(mask[low : last + margin], radius_mm, spacing_mm, to_faces=to_faces)
        np.isfinite(away[first - low : last - low], out=near[first:last])

    in_parallel(slab, range(0, len(mask), slices))
    return near


def deeper(mask: BoolArray, radius_mm: float, spacing_mm: Sequence[float], *, to_faces: bool = False) -> BoolArray:
    """Return the voxels of a mask that lie more than ``radius_mm`` from all outside it: its erosion by a ball.

    The border of the array does not count as outside.
    """
    return ~within(~mask, radius_mm, spacing_mm, to_faces=to_faces)


def opened_by_ball(mask: BoolArray, radius_mm: float, spacing_mm: Sequence[float]) -> BoolArray:
    """Return what a ball of that radius reaches inside a mask."""
    return within(deeper(mask, radius_mm, spacing_mm), radius_mm, spacing_mm)


def closed_by_ball(mask: BoolArray, radius_mm: float, spacing_mm: Sequence[float]) -> BoolArray:
    """Return a mask with what a ball of that radius does not reach outside of it."""
    return deeper(within(mask, radius_mm, spacing_mm), radius_mm, spacing_mm)


def padded(mask: BoolArray, radius_mm: float, spacing_mm: Sequence[float]) -> tuple[BoolArray, tuple[slice, ...]]:
    """Return a mask with so much outside around it that a ball fits there, and where the mask lies in it."""
    widths = margins(radius_mm, spacing_mm, 1)
    inner = tuple(slice(w, w + n) for w, n in zip(widths, mask.shape, strict=True))
    return np.pad(mask, [(w, w) for w in widths]), inner


def margins(reach_mm: float, spacing_mm: Sequence[float], more: int = 0) -> tuple[int, ...]:
    """Return how many voxels a length takes along each axis, rounded up, and ``more``."""
    return tuple(int(np.ceil(reach_mm / step)) + more for step in spacing_mm)


def neighbours(mask: BoolArray) -> BoolArray:
    """Return a mask with the 26 neighbours of its voxels."""
    return within(mask, np.sqrt(3.0), (1.0, 1.0, 1.0))


def largest_depth_mm(mask: BoolArray, spacing_mm: Sequence[float]) -> float:
    """Return how far the innermost voxel of a mask lies from the nearest voxel outside it; 0 for an empty mask.

    The border of the array does not count as outside; without any outside the depth is infinite.
    """
    return float(distance_anywhere(~mask, spacing_mm).max(initial=0.0))
