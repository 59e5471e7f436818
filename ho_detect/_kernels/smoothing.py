"""Gaussian smoothing of a volume, one slice after the other, without a copy of the volume in between.

Not checked: weights are odd in number and symmetric; ``out`` is C-contiguous.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ho_detect._kernels._jit import parallel_kernel


@parallel_kernel
def smooth_separably(begin: int, end: int, hu: Any, across: Any, down: Any, along: Any, out: Any) -> None:
    """Convolve along each axis; beyond the border lies the value at the border.

    What lies as far to either side is added first, so that a mirrored volume has the mirrored result to the last bit.
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
            to, here = plane[j], hu[k, j]
            for i in range(nx):
                to[i] = across[rz] * np.float32(here[i])
            for d in range(1, rz + 1):
                w, below, above = across[rz + d], hu[max(k - d, 0), j], hu[min(k + d, nz - 1), j]
                for i in range(nx):
                    to[i] += w * (np.float32(below[i]) + np.float32(above[i]))
        for j in range(ny):
            line[:] = down[ry] * plane[j]
            for d in range(1, ry + 1):
                w, before, behind = down[ry + d], plane[max(j - d, 0)], plane[min(j + d, ny - 1)]
                for i in range(nx):
                    line[i] += w * (before[i] + behind[i])
            padded[:rx] = line[0]
            padded[rx + nx :] = line[nx - 1]
            row[:] = along[rx] * line
            for d in range(1, rx + 1):
                w, left, right = along[rx + d], padded[rx - d : rx - d + nx], padded[rx + d : rx + d + nx]
                for i in range(nx):
                    row[i] += w * (left[i] + right[i])
            rounded = out[k, j]
            for i in range(nx):
                rounded[i] = np.int16(math.floor(row[i] + np.float32(0.5)))
