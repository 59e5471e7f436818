"""Connected components of runs: neighbouring rows are joined, statistics; no dense label volume is written.

Not checked: ``first``, ``start`` and ``stop`` are those of :mod:`ho_detect._kernels.run_lengths`, output arrays have
the sizes stated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ho_detect._kernels._jit import kernel
from ho_detect._kernels.sets import join


@kernel
def _join_rows(first: Any, start: Any, stop: Any, part: Any, parent: Any, a: int, b: int, slack: int) -> None:
    """Join the parts whose runs in rows ``a`` and ``b`` overlap, or touch at a corner with ``slack`` 1."""
    p, q = first[a], first[b]
    end_p, end_q = first[a + 1], first[b + 1]
    while p < end_p and q < end_q:
        if (start[p] < stop[q] + slack) & (start[q] < stop[p] + slack):
            join(parent, part[p], part[q])
        ends_first = stop[p] < stop[q]
        p += 1 if ends_first else 0
        q += 0 if ends_first else 1


@kernel
def _join_with_slice_below(
    ny: int, row: int, j: int, connectivity: int, first: Any, start: Any, stop: Any, part: Any, parent: Any
) -> None:
    """Join the parts of row ``j`` of a slice with those of the slice below it."""
    if first[row] == first[row + 1]:
        return
    _join_rows(first, start, stop, part, parent, row, row - ny, 1 if connectivity >= 18 else 0)
    if connectivity >= 18:
        corner = 1 if connectivity == 26 else 0
        if j > 0:
            _join_rows(first, start, stop, part, parent, row, row - ny - 1, corner)
        if j < ny - 1:
            _join_rows(first, start, stop, part, parent, row, row - ny + 1, corner)


@kernel
def join_runs(ny: int, connectivity: int, first: Any, start: Any, stop: Any, parent: Any) -> None:
    """Join the touching runs of a slab of whole slices.

    The root of a set is its first run, so that it does not matter what is joined first.

    Parameters
    ----------
    ny
        Rows of a slice.
    connectivity
        6, 18 or 26 neighbours.
    parent
        (R,) int32 out: an earlier run of the same set, or itself.
    """
    slack = 1 if connectivity >= 18 else 0
    alone = np.arange(parent.shape[0])
    for r in range(parent.shape[0]):
        parent[r] = r
    for row in range(first.shape[0] - 1):
        j = row % ny
        if j > 0:
            _join_rows(first, start, stop, alone, parent, row, row - 1, slack)
        if row >= ny:
            _join_with_slice_below(ny, row, j, connectivity, first, start, stop, alone, parent)


@kernel
def join_slabs(
    ny: int, connectivity: int, seams: Any, first: Any, start: Any, stop: Any, part: Any, parent: Any
) -> None:
    """Join the components of slabs that touch across the seams between slabs.

    Parameters
    ----------
    seams
        (S,) int64: first slice of each slab but the lowest.
    part
        (R,) int32: the component in its slab that each run belongs to, counted over all slabs.
    parent
        (P,) int32 out: an earlier component of the same set, or itself.
    """
    for p in range(parent.shape[0]):
        parent[p] = p
    for k in seams:
        for j in range(ny):
            _join_with_slice_below(ny, k * ny + j, j, connectivity, first, start, stop, part, parent)


@kernel
def component_statistics(
    hu: Any,
    zero: Any,
    lowest: int,
    first: Any,
    start: Any,
    stop: Any,
    component: Any,
    count: Any,
    box: Any,
    index_sum: Any,
    moments: Any,
) -> None:
    """Sum voxels to components, run by run, always in the same order.

    Parameters
    ----------
    hu
        (Z, Y, X) the slab.
    zero
        Its type is the one to sum a run in: int64 for whole numbers of at most 16 bits, else float64.
    lowest
        Number of its first slice.
    count
        (C,) int64 out: voxels.
    box
        (C, 6) int64 out: first and last index along z, y, x.
    index_sum
        (C, 3) float64 out: sums of z, y, x.
    moments
        (C, 4) float64 out: sum and sum of squares of HU, smallest, largest.
    """
    for c in range(count.shape[0]):
        count[c] = 0
        for a in range(3):
            box[c, 2 * a], box[c, 2 * a + 1] = 2**62, -1
            index_sum[c, a] = 0.0
        moments[c, 0] = moments[c, 1] = 0.0
        moments[c, 2], moments[c, 3] = np.inf, -np.inf
    # an index of HU that might be negative, or a division for each row, would take longer than the sums
    row = -1
    for slice_ in range(np.uint64(hu.shape[0])):
        k = lowest + int(slice_)
        for line in range(np.uint64(hu.shape[1])):
            row += 1
            j = int(line)
            for r in range(first[row], first[row + 1]):
                total = squares = zero
                least = most = hu[slice_, line, np.uint64(start[r])]
                for i in range(np.uint64(start[r]), np.uint64(stop[r])):
                    x = hu[slice_, line, i]
                    v = x + zero
                    total += v
                    squares += v * v
                    least, most = min(x, least), max(x, most)
                c = component[r]
                a, b = int(start[r]), int(stop[r])
                n = b - a
                count[c] += n
                index_sum[c, 0] += float(k) * n
                index_sum[c, 1] += float(j) * n
                index_sum[c, 2] += 0.5 * float(a + b - 1) * n
                box[c, 0], box[c, 1] = min(box[c, 0], k), max(box[c, 1], k)
                box[c, 2], box[c, 3] = min(box[c, 2], j), max(box[c, 3], j)
                box[c, 4], box[c, 5] = min(box[c, 4], a), max(box[c, 5], b - 1)
                moments[c, 0] += float(total)
                moments[c, 1] += float(squares)
                moments[c, 2] = min(moments[c, 2], float(least))
                moments[c, 3] = max(moments[c, 3], float(most))


@kernel
def merge_statistics(
    number: Any,
    parts: tuple[Any, Any, Any, Any],
    count: Any,
    box: Any,
    index_sum: Any,
    moments: Any,
) -> None:
    """Sum the components of slabs to those of the volume, always in the same order.

    Parameters
    ----------
    number
        (P,) int32: the component of the volume that each belongs to, in the order of their first voxels.
    parts
        Of each slab's component ``count``, ``box``, ``index_sum`` and ``moments`` as below.
    count, box, index_sum, moments
        Out, as of :func:`component_statistics`.
    """
    n = 0
    for p in range(number.shape[0]):
        c = number[p]
        if c == n:  # the first of its set
            n += 1
            count[c], box[c], index_sum[c], moments[c] = parts[0][p], parts[1][p], parts[2][p], parts[3][p]
            continue
        count[c] += parts[0][p]
        for a in range(3):
            box[c, 2 * a] = min(box[c, 2 * a], parts[1][p, 2 * a])
            box[c, 2 * a + 1] = max(box[c, 2 * a + 1], parts[1][p, 2 * a + 1])
            index_sum[c, a] += parts[2][p, a]
        moments[c, 0] += parts[3][p, 0]
        moments[c, 1] += parts[3][p, 1]
        moments[c, 2] = min(moments[c, 2], parts[3][p, 2])
        moments[c, 3] = max(moments[c, 3], parts[3][p, 3])


@kernel
def histograms(
    hu: Any, first: Any, start: Any, stop: Any, component: Any, lowest: float, step: float, bins: Any
) -> None:
    """Count the voxels of each component by their HU.

    Parameters
    ----------
    lowest, step
        HU where the first bin begins, and width of a bin; what lies beyond the first or last is counted there.
    bins
        (C, B) int64 out.
    """
    ny = hu.shape[1]
    bins[:] = 0
    last = bins.shape[1] - 1
    for row in range(first.shape[0] - 1):
        for r in range(first[row], first[row + 1]):
            for i in range(start[r], stop[r]):
                b = int(np.floor((float(hu[row // ny, row % ny, i]) - lowest) / step))
                bins[component[r], min(max(b, 0), last)] += 1
