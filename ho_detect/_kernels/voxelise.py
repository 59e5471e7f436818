"""Closed triangle surface to voxels, by parity along columns of x.

Not checked: faces index into vertices; the surface is closed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ho_detect._kernels._jit import kernel, parallel_kernel


@kernel
def count_crossings(vertices: Any, faces: Any, shape: Any, crossings: Any, at: Any) -> int:
    """Count, and with room in ``at`` store, where the surface crosses the voxel columns along x.

    Parameters
    ----------
    vertices
        (V, 3) float64 voxel positions (z, y, x); shifted by the caller so that none lies on a column.
    faces
        (F, 3) int64.
    crossings
        (Z * Y,) int64: counted here; zero on entry.
    at
        (Z * Y, M) float64 out: x of each crossing; with M = 0 only counted.

    Returns
    -------
    The largest number of crossings of one column.
    """
    nz, ny = shape[0], shape[1]
    room = at.shape[1]
    most = 0
    for f in range(faces.shape[0]):
        az, ay, ax = vertices[faces[f, 0], 0], vertices[faces[f, 0], 1], vertices[faces[f, 0], 2]
        bz, by, bx = vertices[faces[f, 1], 0], vertices[faces[f, 1], 1], vertices[faces[f, 1], 2]
        cz, cy, cx = vertices[faces[f, 2], 0], vertices[faces[f, 2], 1], vertices[faces[f, 2], 2]
        det = (by - ay) * (cz - az) - (cy - ay) * (bz - az)
        if det == 0.0:
            continue
        k0, k1 = max(0, math.ceil(min(az, bz, cz))), min(nz - 1, math.floor(max(az, bz, cz)))
        j0, j1 = max(0, math.ceil(min(ay, by, cy))), min(ny - 1, math.floor(max(ay, by, cy)))
        for k in range(k0, k1 + 1):
            for j in range(j0, j1 + 1):
                u = ((j - ay) * (cz - az) - (cy - ay) * (k - az)) / det
                v = ((by - ay) * (k - az) - (j - ay) * (bz - az)) / det
                if u >= 0.0 and v >= 0.0 and u + v < 1.0:
                    row = k * ny + j
                    if crossings[row] < room:
                        at[row, crossings[row]] = ax + u * (bx - ax) + v * (cx - ax)
                    crossings[row] += 1
                    most = max(most, crossings[row])
    return most


@parallel_kernel
def fill_between(begin: int, end: int, crossings: Any, at: Any, out: Any) -> None:
    """Set the voxels between each odd and even crossing of a column.

    Parameters
    ----------
    crossings
        (Z * Y,) int64, at most ``at.shape[1]``.
    out
        (Z, Y, X) uint8: set to 1 inside, otherwise left.
    """
    ny, nx = out.shape[1], out.shape[2]
    for row in range(begin, end):
        n = crossings[row]
        if n < 2:
            continue
        x = np.sort(at[row, :n])
        for p in range(0, n - 1, 2):
            for i in range(max(0, math.ceil(x[p])), min(nx - 1, math.floor(x[p + 1])) + 1):
                out[row // ny, row % ny, i] = 1
