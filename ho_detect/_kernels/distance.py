"""Euclidean distance to a mask up to a limit, by one pass along each axis; costs nothing where nothing is near.

Not checked: arrays are three-dimensional, C-contiguous and of one shape; ``cost`` rises.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ho_detect._kernels._jit import parallel_kernel


@parallel_kernel
def nearest_in_row(begin: int, end: int, mask: Any, cost: Any, square: Any, spans: Any) -> None:
    """Write the squared distance to the nearest voxel of the mask in the same row.

    Parameters
    ----------
    mask
        (Z, Y, X) uint8.
    cost
        (W,) float32: squared distance of voxels 0, 1, ... W - 1 apart along x; farther counts as infinite.
    square
        (Z, Y, X) float32 out.
    spans
        (Z * Y, 2) int32 out: the first column that is not infinite, and the one after the last; 0, 0 for none.
    """
    ny, nx = mask.shape[1], mask.shape[2]
    reach = cost.shape[0]
    for row in range(begin, end):
        inside, to = mask[row // ny, row % ny], square[row // ny, row % ny]
        to[:] = np.inf
        first, last = 0, nx - 1
        while first < nx and inside[first] == 0:
            first += 1
        if first == nx:
            spans[row, 0] = spans[row, 1] = 0
            continue
        while inside[last] == 0:
            last -= 1
        low, high = max(first - reach + 1, 0), min(last + reach, nx)
        spans[row, 0], spans[row, 1] = low, high
        apart = reach
        for i in range(first, high):
            apart = 0 if inside[i] != 0 else min(apart + 1, reach)
            if apart < reach:
                to[i] = cost[apart]
        apart = reach
        for i in range(last, low - 1, -1):
            apart = 0 if inside[i] != 0 else min(apart + 1, reach)
            if apart < reach:
                to[i] = min(to[i], cost[apart])


@parallel_kernel
def lower_across_rows(
    begin: int, end: int, before: Any, spans: Any, axis: int, cost: Any, most: float, after: Any, spans_after: Any
) -> None:
    """Lower squared distances by those of the rows in line along an axis.

    Parameters
    ----------
    before
        (Z, Y, X) float32.
    spans
        (Z * Y, 2) int32: columns of each row of ``before`` outside of which all is infinite.
    axis
        0 or 1.
    cost
        (W,) float32: squared distance of rows 0, 1, ... W - 1 apart along the axis.
    most
        Larger values become infinite.
    after
        (Z, Y, X) float32 out.
    spans_after
        (Z * Y, 2) int32 out.
    """
    nz, ny, nx = before.shape
    n = nz if axis == 0 else ny
    stride = ny if axis == 0 else 1
    for row in range(begin, end):
        k, j = row // ny, row % ny
        place = k if axis == 0 else j
        to = after[k, j]
        to[:] = np.inf
        low, high = nx, 0
        for other in range(max(0, place - cost.shape[0] + 1), min(n, place + cost.shape[0])):
            source = row + (other - place) * stride
            start, stop = spans[source, 0], spans[source, 1]
            if start >= stop:
                continue
            low, high = min(low, start), max(high, stop)
            c = cost[abs(other - place)]
            values = before[source // ny, source % ny]
            # an index that might be negative keeps the loop from being vectorised
            for i in range(np.uint64(start), np.uint64(stop)):
                to[i] = min(values[i] + c, to[i])
        for i in range(np.uint64(low), np.uint64(max(low, high))):
            to[i] = np.inf if to[i] > most else to[i]
        while low < high and to[low] == np.inf:
            low += 1
        while low < high and to[high - 1] == np.inf:
            high -= 1
        spans_after[row, 0], spans_after[row, 1] = (low, high) if low < high else (0, 0)


@parallel_kernel
def lower_down_rows(begin: int, end: int, before: Any, spans: Any, step: float, after: Any) -> None:
    """Lower squared distances by those of the rows of the same slice, however far.

    Farther and farther rows are looked at until none can lower any value; those without any cost nothing.

    Parameters
    ----------
    before
        (Z, Y, X) float32.
    spans
        (Z * Y, 2) int32: columns of each row of ``before`` outside of which all is infinite.
    step
        Distance between neighbouring rows.
    after
        (Z, Y, X) float32 out.
    """
    ny, nx = before.shape[1], before.shape[2]
    for row in range(begin, end):
        k, j = row // ny, row % ny
        to = after[k, j]
        to[:] = before[k, j]
        for apart in range(1, max(j, ny - 1 - j) + 1):
            cost = np.float32((apart * step) ** 2)
            if apart % 4 == 1:  # looking costs as much as lowering
                higher = np.uint8(0)
                for i in range(np.uint64(0), np.uint64(nx)):
                    higher |= np.uint8(to[i] > cost)
                if higher == 0:
                    break
            for side in range(2):
                other = j - apart if side == 0 else j + apart
                if other < 0 or other >= ny:
                    continue
                values = before[k, other]
                for i in range(np.uint64(spans[row - j + other, 0]), np.uint64(spans[row - j + other, 1])):
                    to[i] = min(values[i] + cost, to[i])


@parallel_kernel
def lower_by_parabolas(begin: int, end: int, square: Any, step: float) -> None:
    """Lower squared distances by those along the first axis, however far, in place; each part is a line of voxels.

    Along a line each value is the lowest point of a parabola, and what is looked for is the lower envelope of them all
    (Felzenszwalb and Huttenlocher 2012, Theory of Computing 8:415).

    Parameters
    ----------
    square
        (Z, Y, X) float32, in and out, of Y * X lines.
    step
        Distance between neighbours along it.
    """
    n, _, nx = square.shape
    value = np.empty(n, np.float64)
    lowest, since = np.empty(n, np.int64), np.empty(n, np.float64)
    per = step * step
    share = np.empty(n, np.float64)  # of the difference of two parabolas: how far off their middle they meet
    for apart in range(1, n):
        share[apart] = 0.5 / (per * apart)
    for line in range(begin, end):
        j, i = line // nx, line % nx
        m = 0  # parabolas of the envelope so far, each the lowest from ``since`` on
        for p in range(n):
            value[p] = square[p, j, i]
            if value[p] == np.inf:
                continue
            meet = -np.inf
            while m > 0:
                q = lowest[m - 1]
                meet = share[p - q] * (value[p] - value[q]) + 0.5 * (p + q)
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
            square[p, j, i] = value[q] + per * (p - q) * (p - q)
