"""Gaussian smoothing of a volume, one slice after the other, without a copy of the volume in between.

Not checked: weights are odd in number; ``out`` is C-contiguous.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ho_detect._kernels._jit import parallel_kernel


@parallel_kernel
def smooth_separably(begin: int, end: int, hu: Any, across: Any, down: Any, along: Any, out: Any) -> None:
    """Convolve along each axis; beyond the border lies the value at the border.

    Rows are read as slices that begin at 0: an index that might be negative keeps the loops from being vectorised.

    Parameters
    ----------
    hu
        (Z, Y, X), any number type.
    across, down, along
        float32 weights along z, y, x, an odd number of each; a single 1 leaves an axis as it is.
    out
        (Z, Y, X) int16 out, to the nearest; half a unit goes up.
    """
    nz, ny, nx = hu.shape
    rz, ry, rx = across.shape[0] // 2, down.shape[0] // 2, along.shape[0] // 2
    plane = np.empty((ny, nx), np.float32)
    padded = np.empty(nx + 2 * rx, np.float32)
    line = padded[rx : rx + nx]
    row = np.empty(nx, np.float32)
    for k in range(begin, end):
        for j in range(ny):
            to = plane[j]
            to[:] = 0.0
            for d in range(2 * rz + 1):
                w = across[d]
                values = hu[min(max(k + d - rz, 0), nz - 1), j]
                for i in range(nx):
                    to[i] += w * np.float32(values[i])
        for j in range(ny):
            line[:] = 0.0
            for d in range(2 * ry + 1):
                w = down[d]
                lines = plane[min(max(j + d - ry, 0), ny - 1)]
                for i in range(nx):
                    line[i] += w * lines[i]
            padded[:rx] = line[0]
            padded[rx + nx :] = line[nx - 1]
            row[:] = 0.0
            for d in range(2 * rx + 1):
                w = along[d]
                lines = padded[d : d + nx]
                for i in range(nx):
                    row[i] += w * lines[i]
            rounded = out[k, j]
            for i in range(nx):
                rounded[i] = np.int16(math.floor(row[i] + np.float32(0.5)))
