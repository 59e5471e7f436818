"""Connected components by runs: threshold, runs of voxels per row, union-find over neighbouring rows, statistics.

No dense label volume is written unless asked for. Not checked: arrays are three-dimensional and of one shape, output
arrays have the sizes stated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from ho_detect._kernels._jit import kernel, parallel_kernel


@parallel_kernel
def count_runs(hu: Any, region: Any, low: float, n_runs: Any) -> None:
    """Count the runs of ``hu >= low`` inside ``region`` in each row.

    Parameters
    ----------
    hu
        (Z, Y, X), any number type.
    region
        (Z, Y, X) uint8, 0 outside.
    n_runs
        (Z * Y,) int64 out.
    """
    nz, ny, nx = hu.shape
    for row in prange(nz * ny):
        k, j = row // ny, row % ny
        n = 0
        before = False
        for i in range(nx):
            now = hu[k, j, i] >= low and region[k, j, i] != 0
            if now and not before:
                n += 1
            before = now
        n_runs[row] = n


@parallel_kernel
def fill_runs(hu: Any, region: Any, low: float, first: Any, start: Any, stop: Any) -> None:
    """Write where each run starts and stops (half open).

    Parameters
    ----------
    first
        (Z * Y + 1,) int64: number of the first run of each row.
    start, stop
        (R,) int64 out: columns.
    """
    nz, ny, nx = hu.shape
    for row in prange(nz * ny):
        k, j = row // ny, row % ny
        r = first[row]
        if r == first[row + 1]:
            continue
        before = False
        for i in range(nx):
            now = hu[k, j, i] >= low and region[k, j, i] != 0
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
def join_runs(shape: Any, connectivity: int, first: Any, start: Any, stop: Any, component: Any) -> int:
    """Number the connected components of runs 0, 1, ... in the order of their first voxel; return how many.

    Parameters
    ----------
    connectivity
        6, 18 or 26 neighbours.
    component
        (R,) int64 out.
    """
    nz, ny = shape[0], shape[1]
    for r in range(component.shape[0]):
        component[r] = r
    diagonal = 1 if connectivity >= 18 else 0
    corner = 1 if connectivity == 26 else 0
    for k in range(nz):
        for j in range(ny):
            row = k * ny + j
            if first[row] == first[row + 1]:
                continue
            if j > 0:
                _join_rows(first, start, stop, component, row, row - 1, diagonal)
            if k > 0:
                _join_rows(first, start, stop, component, row, row - ny, diagonal)
                if connectivity >= 18:
                    if j > 0:
                        _join_rows(first, start, stop, component, row, row - ny - 1, corner)
                    if j < ny - 1:
                        _join_rows(first, start, stop, component, row, row - ny + 1, corner)
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


@kernel
def run_statistics(
    hu: Any, first: Any, start: Any, stop: Any, component: Any, count: Any, box: Any, index_sum: Any, moments: Any
) -> None:
    """Sum over the voxels of each component.

    Parameters
    ----------
    count
        (C,) int64 out: voxels.
    box
        (C, 6) int64 out: first and last index along z, y, x.
    index_sum
        (C, 3) float64 out: sums of z, y, x.
    moments
        (C, 4) float64 out: sum and sum of squares of HU, smallest, largest.
    """
    nz, ny = hu.shape[0], hu.shape[1]
    for c in range(count.shape[0]):
        count[c] = 0
        for a in range(3):
            box[c, 2 * a], box[c, 2 * a + 1] = 2**62, -1
            index_sum[c, a] = 0.0
        moments[c, 0] = moments[c, 1] = 0.0
        moments[c, 2], moments[c, 3] = np.inf, -np.inf
    for row in range(nz * ny):
        k, j = row // ny, row % ny
        for r in range(first[row], first[row + 1]):
            c = component[r]
            a, b = start[r], stop[r]
            n = b - a
            count[c] += n
            index_sum[c, 0] += float(k) * n
            index_sum[c, 1] += float(j) * n
            index_sum[c, 2] += 0.5 * float(a + b - 1) * n
            box[c, 0], box[c, 1] = min(box[c, 0], k), max(box[c, 1], k)
            box[c, 2], box[c, 3] = min(box[c, 2], j), max(box[c, 3], j)
            box[c, 4], box[c, 5] = min(box[c, 4], a), max(box[c, 5], b - 1)
            for i in range(a, b):
                v = float(hu[k, j, i])
                moments[c, 0] += v
                moments[c, 1] += v * v
                moments[c, 2] = min(moments[c, 2], v)
                moments[c, 3] = max(moments[c, 3], v)


@parallel_kernel
def paint_runs(first: Any, start: Any, stop: Any, value: Any, component: Any, out: Any) -> None:
    """Write ``value[component]`` into the voxels of each run; 0 leaves them as they are.

    Parameters
    ----------
    value
        (C,) of the type of ``out``.
    out
        (Z, Y, X).
    """
    nz, ny = out.shape[0], out.shape[1]
    for row in prange(nz * ny):
        k, j = row // ny, row % ny
        for r in range(first[row], first[row + 1]):
            v = value[component[r]]
            if v != 0:
                for i in range(start[r], stop[r]):
                    out[k, j, i] = v
