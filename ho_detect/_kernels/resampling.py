"""Averages over blocks of voxels, and linear interpolation on another grid.

Not checked: shapes agree; a block is not larger than the volume.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ho_detect._kernels._jit import kernel, parallel_kernel


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


@kernel
def _columns(x0: float, dx: float, nx: int, left: Any, right: Any, share: Any) -> tuple[int, int]:
    """Write which two columns each voxel of a row lies between, and how far; return where the row is in the volume."""
    first, stop = left.shape[0], 0
    for c in range(left.shape[0]):
        x = x0 + dx * c
        if x < -0.5 or x > nx - 0.5:
            continue
        first, stop = min(first, c), c + 1
        x = max(0.0, min(x, nx - 1.0))
        i = math.floor(x)
        left[c], right[c], share[c] = i, min(i + 1, nx - 1), np.float32(x - i)
    return first, stop


@kernel
def _interpolate_along_rows(
    begin: int, end: int, volume: Any, matrix: Any, offset: Any, outside: float, out: Any
) -> None:
    """Do what :func:`interpolate` does, the same to the last bit, where rows of both grids run the same way."""
    nz, ny, nx = volume.shape
    n = out.shape[2]
    left, right, share = np.empty(n, np.uint32), np.empty(n, np.uint32), np.empty(n, np.float32)
    last_x0 = np.nan
    first = stop = 0
    for a in range(begin, end):
        for b in range(out.shape[1]):
            z = matrix[0, 0] * a + matrix[0, 1] * b + offset[0]
            y = matrix[1, 0] * a + matrix[1, 1] * b + offset[1]
            x0 = matrix[2, 0] * a + matrix[2, 1] * b + offset[2]
            if z < -0.5 or y < -0.5 or z > nz - 0.5 or y > ny - 0.5:
                out[a, b, :] = outside
                continue
            if x0 != last_x0:
                first, stop = _columns(x0, matrix[2, 2], nx, left, right, share)
                last_x0 = x0
            z, y = max(0.0, min(z, nz - 1.0)), max(0.0, min(y, ny - 1.0))
            k, j = math.floor(z), math.floor(y)
            k1, j1 = min(k + 1, nz - 1), min(j + 1, ny - 1)
            fz, fy = np.float32(z - k), np.float32(y - j)
            row, row_y, row_z, row_zy = volume[k, j], volume[k, j1], volume[k1, j], volume[k1, j1]
            out[a, b, :first] = outside
            out[a, b, max(first, stop) :] = outside
            for c in range(np.uint64(first), np.uint64(stop)):  # with an index that might be negative, half as fast
                i, i1, fx = left[c], right[c], share[c]
                low = row[i] + fx * (row[i1] - row[i])
                low += fy * (row_y[i] + fx * (row_y[i1] - row_y[i]) - low)
                high = row_z[i] + fx * (row_z[i1] - row_z[i])
                high += fy * (row_zy[i] + fx * (row_zy[i1] - row_zy[i]) - high)
                out[a, b, c] = low + fz * (high - low)


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
    if matrix[0, 2] == 0.0 and matrix[1, 2] == 0.0:
        _interpolate_along_rows(begin, end, volume, matrix, offset, outside, out)
        return
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
