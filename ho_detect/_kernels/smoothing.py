"""Gaussian smoothing of a volume, row by row, without a copy of the volume in between.

Not checked: weights are odd in number and symmetric; arrays are C-contiguous, or it takes three times as long.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ho_detect._kernels._jit import kernel


@kernel
def smooth_slices(begin: int, end: int, hu: Any, across: Any, down: Any, along: Any, out: Any) -> None:
    """Convolve slices ``begin`` to ``end`` along each axis; beyond the border lies the value at the border.

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
    n_held = 2 * ry + 1
    held = np.empty((n_held, nx), np.float32)  # rows smoothed along z, those that the next row needs
    padded = np.empty(nx + 2 * rx, np.float32)
    line = padded[rx : rx + nx]
    row = np.empty(nx, np.float32)
    for k in range(begin, end):
        done = 0
        for j in range(ny):
            while done <= min(j + ry, ny - 1):
                to, here = held[done % n_held], hu[k, done]
                for i in range(nx):
                    to[i] = across[rz] * np.float32(here[i])
                for d in range(1, rz + 1):
                    w, below, above = across[rz + d], hu[max(k - d, 0), done], hu[min(k + d, nz - 1), done]
                    for i in range(nx):
                        to[i] += w * (np.float32(below[i]) + np.float32(above[i]))
                done += 1
            middle = held[j % n_held]
            for i in range(nx):
                line[i] = down[ry] * middle[i]
            for d in range(1, ry + 1):
                w, before, behind = down[ry + d], held[max(j - d, 0) % n_held], held[min(j + d, ny - 1) % n_held]
                for i in range(nx):
                    line[i] += w * (before[i] + behind[i])
            padded[:rx] = line[0]
            padded[rx + nx :] = line[nx - 1]
            for i in range(nx):
                row[i] = along[rx] * line[i]
            for d in range(1, rx + 1):
                w, left, right = along[rx + d], padded[rx - d : rx - d + nx], padded[rx + d : rx + d + nx]
                for i in range(nx):
                    row[i] += w * (left[i] + right[i])
            rounded = out[k, j]
            for i in range(nx):
                rounded[i] = np.int16(math.floor(row[i] + np.float32(0.5)))
