"""Averages over blocks of voxels, and linear interpolation on another grid.

Not checked: shapes agree; a block is not larger than the volume.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ho_detect._kernels._jit import parallel_kernel


@parallel_kernel
def average_blocks(begin: int, end: int, hu: Any, block: Any, out: Any) -> None:
    """Average over blocks of voxels; what is left over at the end of an axis is not used.

    Parameters
    ----------
    hu
        (Z, Y, X), any number type.
    block
        (3,) int64 voxels along z, y, x.
    out
        (Z // block, Y // block, X // block) float32 out.
    """
    nz, ny, nx = block[0], block[1], block[2]
    sums = np.empty(out.shape[2] * nx, np.float32)
    share = np.float32(1.0 / (nz * ny * nx))
    for k in range(begin, end):
        for j in range(out.shape[1]):
            sums[:] = 0.0
            for dk in range(nz):
                for dj in range(ny):
                    row = hu[k * nz + dk, j * ny + dj]
                    for i in range(sums.shape[0]):
                        sums[i] += np.float32(row[i])
            for i in range(out.shape[2]):
                total = np.float32(0.0)
                for di in range(nx):
                    total += sums[i * nx + di]
                out[k, j, i] = total * share


@parallel_kernel
def interpolate(begin: int, end: int, volume: Any, matrix: Any, offset: Any, outside: float, out: Any) -> None:
    """Sample a volume linearly at the voxels of another grid; within half a voxel beyond its border it goes on.

    Parameters
    ----------
    volume
        (Z, Y, X) float32.
    matrix, offset
        (3, 3) and (3,) float64: voxel index of ``out`` to index of ``volume``.
    outside
        Value farther out.
    out
        (A, B, C) float32 out.
    """
    nz, ny, nx = volume.shape
    for a in range(begin, end):
        for b in range(out.shape[1]):
            z0 = matrix[0, 0] * a + matrix[0, 1] * b + offset[0]
            y0 = matrix[1, 0] * a + matrix[1, 1] * b + offset[1]
            x0 = matrix[2, 0] * a + matrix[2, 1] * b + offset[2]
            for c in range(out.shape[2]):
                z, y, x = z0 + matrix[0, 2] * c, y0 + matrix[1, 2] * c, x0 + matrix[2, 2] * c
                if z < -0.5 or y < -0.5 or x < -0.5 or z > nz - 0.5 or y > ny - 0.5 or x > nx - 0.5:
                    out[a, b, c] = outside
                    continue
                z, y, x = max(0.0, min(z, nz - 1.0)), max(0.0, min(y, ny - 1.0)), max(0.0, min(x, nx - 1.0))
                k, j, i = math.floor(z), math.floor(y), math.floor(x)
                k1, j1, i1 = min(k + 1, nz - 1), min(j + 1, ny - 1), min(i + 1, nx - 1)
                fz, fy, fx = np.float32(z - k), np.float32(y - j), np.float32(x - i)
                low = volume[k, j, i] + fx * (volume[k, j, i1] - volume[k, j, i])
                low += fy * (volume[k, j1, i] + fx * (volume[k, j1, i1] - volume[k, j1, i]) - low)
                high = volume[k1, j, i] + fx * (volume[k1, j, i1] - volume[k1, j, i])
                high += fy * (volume[k1, j1, i] + fx * (volume[k1, j1, i1] - volume[k1, j1, i]) - high)
                out[a, b, c] = low + fz * (high - low)
