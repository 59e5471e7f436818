"""Connected components by runs: threshold, runs of voxels per row, union-find over neighbouring rows, statistics.

No dense label volume is written unless asked for. Not checked: arrays are three-dimensional and of one shape, ``low``
is of the type of ``hu``, output arrays have the sizes stated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ho_detect._kernels._jit import kernel, parallel_kernel

#: Voxels looked at together: none or all of them inside is told in one step.
_TOGETHER = 32


@parallel_kernel
def count_runs(begin: int, end: int, hu: Any, low: Any, n_runs: Any) -> None:
    """Count the runs of ``hu >= low`` in each row.

    Parameters
    ----------
    hu
        (Z, Y, X), any number type.
    n_runs
        (Z * Y,) int64 out.
    """
    ny, nx = hu.shape[1], hu.shape[2]
    for row in range(begin, end):
        values = hu[row // ny, row % ny]
        any_inside = False
        for i in range(nx):
            any_inside |= values[i] >= low
        n = 0
        if any_inside:
            n = 1 if values[0] >= low else 0
            for i in range(1, nx):
                n += 1 if (values[i] >= low) & (not values[i - 1] >= low) else 0
        n_runs[row] = n


@parallel_kernel
def count_runs_within(begin: int, end: int, hu: Any, low: Any, region: Any, n_runs: Any) -> None:
    """Do what :func:`count_runs` does inside ``region``: (Z, Y, X) uint8, 0 outside."""
    ny, nx = hu.shape[1], hu.shape[2]
    for row in range(begin, end):
        values, counts = hu[row // ny, row % ny], region[row // ny, row % ny]
        n = 0
        before = False
        for i in range(nx):
            now = (values[i] >= low) & (counts[i] != 0)
            n += 1 if now & (not before) else 0
            before = now
        n_runs[row] = n


@parallel_kernel
def fill_runs(begin: int, end: int, hu: Any, low: Any, first: Any, start: Any, stop: Any) -> None:
    """Write where each run starts and stops (half open).

    Parameters
    ----------
    first
        (Z * Y + 1,) int64: number of the first run of each row.
    start, stop
        (R,) int32 out: columns.
    """
    ny, nx = hu.shape[1], hu.shape[2]
    for row in range(begin, end):
        r = first[row]
        if r == first[row + 1]:
            continue
        values = hu[row // ny, row % ny]
        before = False
        for begin in range(0, nx, _TOGETHER):
            end = min(begin + _TOGETHER, nx)
            n_inside = 0
            for i in range(begin, end):
                n_inside += 1 if values[i] >= low else 0
            if n_inside == (end - begin if before else 0):
                continue
            for i in range(begin, end):
                now = values[i] >= low
                if now and not before:
                    start[r] = i
                elif before and not now:
                    stop[r] = i
                    r += 1
                before = now
            if r == first[row + 1]:
                break
        if before:
            stop[r] = nx


@parallel_kernel
def fill_runs_within(begin: int, end: int, hu: Any, low: Any, region: Any, first: Any, start: Any, stop: Any) -> None:
    """Do what :func:`fill_runs` does inside ``region``: (Z, Y, X) uint8, 0 outside."""
    ny, nx = hu.shape[1], hu.shape[2]
    for row in range(begin, end):
        r = first[row]
        if r == first[row + 1]:
            continue
        values, counts = hu[row // ny, row % ny], region[row // ny, row % ny]
        before = False
        for i in range(nx):
            now = (values[i] >= low) & (counts[i] != 0)
            if now and not before:
                start[r] = i
            elif before and not now:
                stop[r] = i
                r += 1
            before = now
        if before:
            stop[r] = nx


@kernel
def _root(parent: Any, r: int) -> int:
    while parent[r] != r:
        parent[r] = parent[parent[r]]
        r = parent[r]
    return r


@kernel
def _join_rows(first: Any, start: Any, stop: Any, parent: Any, a: int, b: int, slack: int) -> None:
    """Join the runs of rows ``a`` and ``b`` that overlap, or touch at a corner with ``slack`` 1."""
    p, q = first[a], first[b]
    while p < first[a + 1] and q < first[b + 1]:
        if start[p] < stop[q] + slack and start[q] < stop[p] + slack:
            u, v = _root(parent, p), _root(parent, q)
            if u < v:
                parent[v] = u
            elif v < u:
                parent[u] = v
        if stop[p] < stop[q]:
            p += 1
        else:
            q += 1


@kernel
def _join_in_slice(row: int, j: int, connectivity: int, first: Any, start: Any, stop: Any, parent: Any) -> None:
    """Join the runs of row ``j`` of a slice with those of the row before it."""
    if j > 0:
        _join_rows(first, start, stop, parent, row, row - 1, 1 if connectivity >= 18 else 0)


@kernel
def _join_with_slice_below(
    ny: int, row: int, j: int, connectivity: int, first: Any, start: Any, stop: Any, parent: Any
) -> None:
    """Join the runs of row ``j`` of a slice with those of the slice below it."""
    if first[row] == first[row + 1]:
        return
    _join_rows(first, start, stop, parent, row, row - ny, 1 if connectivity >= 18 else 0)
    if connectivity >= 18:
        corner = 1 if connectivity == 26 else 0
        if j > 0:
            _join_rows(first, start, stop, parent, row, row - ny - 1, corner)
        if j < ny - 1:
            _join_rows(first, start, stop, parent, row, row - ny + 1, corner)


@parallel_kernel
def join_slabs(
    begin: int,
    end: int,
    nz: int,
    ny: int,
    connectivity: int,
    n_slabs: int,
    first: Any,
    start: Any,
    stop: Any,
    parent: Any,
) -> None:
    """Join touching runs inside each of ``n_slabs`` slabs of slices, which share no run.

    The root of a set is its first run, so that it does not matter what is joined first.

    Parameters
    ----------
    connectivity
        6, 18 or 26 neighbours.
    parent
        (R,) int32 out: an earlier run of the same set, or itself.
    """
    for slab in range(begin, end):
        low, high = slab * nz // n_slabs, (slab + 1) * nz // n_slabs
        for r in range(first[low * ny], first[high * ny]):
            parent[r] = r
        for k in range(low, high):
            for j in range(ny):
                _join_in_slice(k * ny + j, j, connectivity, first, start, stop, parent)
                if k > low:
                    _join_with_slice_below(ny, k * ny + j, j, connectivity, first, start, stop, parent)


@kernel
def number_components(
    nz: int, ny: int, connectivity: int, n_slabs: int, first: Any, start: Any, stop: Any, component: Any
) -> int:
    """Join the slabs of :func:`join_slabs` and number the components 0, 1, ... in the order of their first voxel.

    Parameters
    ----------
    component
        (R,) int32: ``parent`` of :func:`join_slabs` in, numbers out.

    Returns
    -------
    How many there are.
    """
    for slab in range(1, n_slabs):
        k = slab * nz // n_slabs
        if 0 < k < nz and k > (slab - 1) * nz // n_slabs:
            for j in range(ny):
                _join_with_slice_below(ny, k * ny + j, j, connectivity, first, start, stop, component)
    n = 0
    for r in range(component.shape[0]):
        if component[r] == r:
            component[r] = -1 - n  # marks a root that has its number
            n += 1
        else:
            component[r] = component[component[r]]
            # the parent of a run is an earlier run, already numbered
    for r in range(component.shape[0]):
        component[r] = -1 - component[r]
    return n


@parallel_kernel
def run_moments(begin: int, end: int, hu: Any, first: Any, start: Any, stop: Any, sums: Any, ends: Any) -> None:
    """Sum over the voxels of each run.

    Parameters
    ----------
    sums
        (R, 2) float64 out: sum and sum of squares of HU.
    ends
        (R, 2) out, of the type of ``hu``: smallest and largest.
    """
    ny = hu.shape[1]
    for row in range(begin, end):
        if first[row] == first[row + 1]:
            continue
        values = hu[row // ny, row % ny]
        for r in range(first[row], first[row + 1]):
            total, squares = 0.0, 0.0
            least = most = values[start[r]]
            for i in range(start[r], stop[r]):
                v = values[i]
                total += float(v)
                squares += float(v) * float(v)
                least, most = min(least, v), max(most, v)
            sums[r, 0], sums[r, 1] = total, squares
            ends[r, 0], ends[r, 1] = least, most


@kernel
def component_statistics(
    ny: int,
    first: Any,
    start: Any,
    stop: Any,
    component: Any,
    sums: Any,
    ends: Any,
    count: Any,
    box: Any,
    index_sum: Any,
    moments: Any,
) -> None:
    """Sum runs to components, always in the same order.

    Parameters
    ----------
    sums, ends
        Of :func:`run_moments`.
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
    for row in range(first.shape[0] - 1):
        k, j = row // ny, row % ny
        for r in range(first[row], first[row + 1]):
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
            moments[c, 0] += sums[r, 0]
            moments[c, 1] += sums[r, 1]
            moments[c, 2] = min(moments[c, 2], float(ends[r, 0]))
            moments[c, 3] = max(moments[c, 3], float(ends[r, 1]))


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


@kernel
def any_in_runs(mask: Any, first: Any, start: Any, stop: Any, component: Any, found: Any) -> None:
    """Set ``found`` for each component with a voxel in a mask.

    Parameters
    ----------
    mask
        (Z, Y, X) uint8.
    found
        (C,) uint8, zero on entry.
    """
    ny = mask.shape[1]
    for row in range(first.shape[0] - 1):
        for r in range(first[row], first[row + 1]):
            if found[component[r]] == 0:
                for i in range(start[r], stop[r]):
                    if mask[row // ny, row % ny, i] != 0:
                        found[component[r]] = 1
                        break


@parallel_kernel
def paint_runs(
    begin: int, end: int, ny: int, corner: Any, first: Any, start: Any, stop: Any, value: Any, component: Any, out: Any
) -> None:
    """Write ``value[component]`` into the voxels of each run that lie in a box; 0 leaves them as they are.

    Parameters
    ----------
    ny
        Rows of a slice of the volume.
    corner
        First voxel (slice, row, column) of the box.
    value
        (C,) of the type of ``out``.
    out
        (Z, Y, X) the box, inside the volume.
    """
    for line in range(begin, end):
        k, j = line // out.shape[1], line % out.shape[1]
        row = (corner[0] + k) * ny + corner[1] + j
        for r in range(first[row], first[row + 1]):
            v = value[component[r]]
            if v != 0:
                for i in range(max(start[r] - corner[2], 0), min(stop[r] - corner[2], out.shape[2])):
                    out[k, j, i] = v
