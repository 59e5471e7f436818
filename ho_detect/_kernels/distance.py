"""Euclidean distance to a mask up to a limit, by one pass along each axis; costs nothing where nothing is near.

Not checked: arrays are three-dimensional, C-contiguous and of one shape; ``cost`` rises.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ho_detect._kernels._jit import parallel_kernel


@parallel_kernel
def nearest_in_row(begin: int, end: int, mask: Any, cost: Any, square: Any, alive: Any) -> None:
    """Write the squared distance to the nearest voxel of the mask in the same row.

    Parameters
    ----------
    mask
        (Z, Y, X) uint8.
    cost
        (W,) float32: squared distance of voxels 0, 1, ... W - 1 apart along x; farther counts as infinite.
    square
        (Z, Y, X) float32 out.
    alive
        (Z * Y,) uint8 out: 0 where the whole row is infinite.
    """
    ny, nx = mask.shape[1], mask.shape[2]
    reach = cost.shape[0]
    for row in range(begin, end):
        k, j = row // ny, row % ny
        apart = reach
        any_near = 0
        for i in range(nx):
            apart = 0 if mask[k, j, i] != 0 else min(apart + 1, reach)
            if apart < reach:
                any_near = 1
                square[k, j, i] = cost[apart]
            else:
                square[k, j, i] = np.inf
        alive[row] = any_near
        # a voxel of the mask is the first of its row with a value: before it there is still what lies to the right
        apart = reach
        for i in range(nx - 1, -1, -1):
            apart = 0 if mask[k, j, i] != 0 else min(apart + 1, reach)
            if apart < reach:
                any_near = 1
                square[k, j, i] = min(square[k, j, i], cost[apart])
        alive[row] = any_near


@parallel_kernel
def lower_across_rows(
    begin: int, end: int, before: Any, alive: Any, axis: int, cost: Any, most: float, after: Any, alive_after: Any
) -> None:
    """Lower squared distances by those of the rows in line along an axis.

    Parameters
    ----------
    before
        (Z, Y, X) float32.
    alive
        (Z * Y,) uint8: rows of ``before`` that are not all infinite.
    axis
        0 or 1.
    cost
        (W,) float32: squared distance of rows 0, 1, ... W - 1 apart along the axis.
    most
        Larger values become infinite.
    after
        (Z, Y, X) float32 out.
    alive_after
        (Z * Y,) uint8 out.
    """
    nz, ny, nx = before.shape
    n = nz if axis == 0 else ny
    stride = ny if axis == 0 else 1
    for row in range(begin, end):
        k, j = row // ny, row % ny
        place = k if axis == 0 else j
        for i in range(nx):
            after[k, j, i] = np.inf
        near = 0
        for other in range(max(0, place - cost.shape[0] + 1), min(n, place + cost.shape[0])):
            source = row + (other - place) * stride
            if alive[source] == 0:
                continue
            near = 1
            c = cost[abs(other - place)]
            a, b = source // ny, source % ny
            for i in range(nx):
                v = before[a, b, i] + c
                after[k, j, i] = v if v < after[k, j, i] else after[k, j, i]
        if near != 0:
            near = 0
            for i in range(nx):
                if after[k, j, i] > most:
                    after[k, j, i] = np.inf
                else:
                    near = 1
        alive_after[row] = near


@parallel_kernel
def lower_by_parabolas(begin: int, end: int, square: Any, axis: int, step: float) -> None:
    """Lower squared distances by those along an axis, however far, in place; each part is a line of voxels.

    Along a line each value is the lowest point of a parabola, and what is looked for is the lower envelope of them all
    (Felzenszwalb and Huttenlocher 2012, Theory of Computing 8:415).

    Parameters
    ----------
    square
        (Z, Y, X) float32, in and out; (Y * X,) lines along axis 0, (Z * X,) along axis 1.
    axis
        0 or 1.
    step
        Distance between neighbours along it.
    """
    nz, ny, nx = square.shape
    n = nz if axis == 0 else ny
    value = np.empty(n, np.float64)
    lowest, since = np.empty(n, np.int64), np.empty(n, np.float64)
    per = step * step
    for line in range(begin, end):
        a, i = line // nx, line % nx
        m = 0  # parabolas of the envelope so far, each the lowest from ``since`` on
        for p in range(n):
            value[p] = square[p, a, i] if axis == 0 else square[a, p, i]
            if value[p] == np.inf:
                continue
            meet = -np.inf
            while m > 0:
                q = lowest[m - 1]
                meet = 0.5 * ((value[p] - value[q]) / (per * (p - q)) + p + q)
                if meet > since[m - 1]:
                    break
                m -= 1
                meet = -np.inf
            lowest[m], since[m] = p, meet
            m += 1
        at = 0
        for p in range(n if m > 0 else 0):
            while at + 1 < m and since[at + 1] < p:
                at += 1
            q = lowest[at]
            nearest = value[q] + per * (p - q) * (p - q)
            if axis == 0:
                square[p, a, i] = nearest
            else:
                square[a, p, i] = nearest
