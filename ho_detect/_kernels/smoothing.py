"""Gaussian smoothing of a volume, one slice after the other, without a copy of the volume in between.

Not checked: weights are odd in number; ``out`` is C-contiguous.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ho_detect._kernels._jit import parallel_kernel


@parallel_kernel
def smooth_separably(begin: int, end: int, hu: Any, across: Any, down: Any, along: Any, out: Any) -> None:
    """Convolve along each axis; beyond the border lies the value at the border.

    Parameters
    ----------
    hu
        (Z, Y, X), any number type.
    across, down, along
        float32 weights along z, y, x, an odd number of each; a single 1 leaves an axis as it is.
    out
        (Z, Y, X) float32 out.
    """
    nz, ny, nx = hu.shape
    rz, ry, rx = across.shape[0] // 2, down.shape[0] // 2, along.shape[0] // 2
    for k in range(begin, end):
        plane = np.empty((ny, nx), np.float32)
        line = np.empty(nx, np.float32)
        for j in range(ny):
            plane[j] = 0.0
            for d in range(-rz, rz + 1):
                w = across[d + rz]
                values = hu[min(max(k + d, 0), nz - 1), j]
                for i in range(nx):
                    plane[j, i] += w * np.float32(values[i])
        for j in range(ny):
            line[:] = 0.0
            for d in range(-ry, ry + 1):
                w = down[d + ry]
                values = plane[min(max(j + d, 0), ny - 1)]
                for i in range(nx):
                    line[i] += w * values[i]
            row = out[k, j]
            row[:] = 0.0
            for d in range(-rx, rx + 1):
                w = along[d + rx]
                low, high = min(max(-d, 0), nx), max(min(nx - d, nx), 0)
                for i in range(low, high):
                    row[i] += w * line[i + d]
                for i in range(low):
                    row[i] += w * line[0]
                for i in range(max(high, low), nx):
                    row[i] += w * line[nx - 1]
