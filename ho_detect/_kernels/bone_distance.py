"""Signed distance fields looked up at the voxels of another grid.

Not checked: the matrices take indices of the volume to indices of the field.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from ho_detect._kernels._jit import parallel_kernel
from ho_detect._kernels.surface_match import sample_linear


@parallel_kernel
def lower_distance(
    hu: Any, low: float, field: Any, matrix: Any, offset: Any, number: int, distance: Any, nearest: Any
) -> None:
    """Lower ``distance`` to the field's value where the field is nearer, at voxels of ``hu >= low``.

    Parameters
    ----------
    hu
        (Z, Y, X), any number type.
    field
        (A, B, C) float32 mm.
    matrix, offset
        (3, 3) and (3,): voxel index of ``hu`` to index of the field.
    number
        Written to ``nearest`` where this field is the nearest so far.
    distance
        (Z, Y, X) float32, in and out.
    nearest
        (Z, Y, X) uint8, in and out.
    """
    nz, ny, nx = hu.shape
    for row in prange(nz * ny):
        k, j = row // ny, row % ny
        for i in range(nx):
            if hu[k, j, i] < low:
                continue
            a = matrix[0, 0] * k + matrix[0, 1] * j + matrix[0, 2] * i + offset[0]
            b = matrix[1, 0] * k + matrix[1, 1] * j + matrix[1, 2] * i + offset[1]
            c = matrix[2, 0] * k + matrix[2, 1] * j + matrix[2, 2] * i + offset[2]
            value = sample_linear(field, a, b, c)
            if not np.isnan(value) and value < distance[k, j, i]:
                distance[k, j, i] = value
                nearest[k, j, i] = number
