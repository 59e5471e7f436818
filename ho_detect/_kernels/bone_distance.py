"""Signed distance fields looked up at the voxels of another grid.

Not checked: the matrices take indices of the volume to indices of the field.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ho_detect._kernels._jit import parallel_kernel
from ho_detect._kernels.surface_match import sample_linear


@parallel_kernel
def lower_distance(
    begin: int,
    end: int,
    hu: Any,
    low: float,
    start: Any,
    field: Any,
    matrix: Any,
    offset: Any,
    number: int,
    distance: Any,
    nearest: Any,
) -> None:
    """Lower ``distance`` to the field's value where the field is nearer, at voxels of ``hu >= low``.

    Parameters
    ----------
    hu
        (Z, Y, X), any number type: a box of a volume.
    start
        (3,) int64 index of its first voxel in the volume.
    field
        (A, B, C) float32 mm.
    matrix, offset
        (3, 3) and (3,): voxel index of the volume to index of the field.
    number
        Written to ``nearest`` where this field is the nearest so far.
    distance
        (Z, Y, X) float32, in and out.
    nearest
        (Z, Y, X) uint8, in and out.
    """
    ny, nx = hu.shape[1], hu.shape[2]
    for row in range(begin, end):
        k, j = row // ny, row % ny
        z, y = k + start[0], j + start[1]
        for i in range(nx):
            if hu[k, j, i] < low:
                continue
            x = i + start[2]
            a = matrix[0, 0] * z + matrix[0, 1] * y + matrix[0, 2] * x + offset[0]
            b = matrix[1, 0] * z + matrix[1, 1] * y + matrix[1, 2] * x + offset[1]
            c = matrix[2, 0] * z + matrix[2, 1] * y + matrix[2, 2] * x + offset[2]
            value = sample_linear(field, a, b, c)
            if not np.isnan(value) and value < distance[k, j, i]:
                distance[k, j, i] = value
                nearest[k, j, i] = number


@parallel_kernel
def lower_grade_in_runs(
    begin: int,
    end: int,
    ny: int,
    first: Any,
    start: Any,
    stop: Any,
    at: Any,
    field: Any,
    matrix: Any,
    offset: Any,
    slack: float,
    limits: Any,
    grade: Any,
) -> None:
    """Lower the grade of the voxels of runs to 1 plus the number of limits that the field exceeds there.

    Most voxels lie far inside of bone or far off: what one value of the field says of them is not asked of eight.

    Parameters
    ----------
    ny
        Rows of a slice.
    first, start, stop
        Runs of voxels along the (Z * Y) rows.
    at
        (R,) int64: place in ``grade`` of the first voxel of each run.
    field, matrix, offset
        As for :func:`lower_distance`.
    slack
        mm that neighbouring values of the field differ by at most, along the diagonal of a cube of eight.
    limits
        (L,) mm, rising.
    grade
        (V,) uint8, in and out; what lies outside of the field stays as it is.
    """
    far, deep = limits[-1] + slack, limits[0] - slack
    top = limits.shape[0] + 1
    nz_field, ny_field, nx_field = field.shape
    for row in range(begin, end):
        k, j = row // ny, row % ny
        for r in range(first[row], first[row + 1]):
            for i in range(start[r], stop[r]):
                v = at[r] + i - start[r]
                if grade[v] <= 1:
                    continue
                a = matrix[0, 0] * k + matrix[0, 1] * j + matrix[0, 2] * i + offset[0]
                b = matrix[1, 0] * k + matrix[1, 1] * j + matrix[1, 2] * i + offset[1]
                c = matrix[2, 0] * k + matrix[2, 1] * j + matrix[2, 2] * i + offset[2]
                if not (0 <= a <= nz_field - 1 and 0 <= b <= ny_field - 1 and 0 <= c <= nx_field - 1):
                    continue
                about = field[int(a), int(b), int(c)]
                if about > far:
                    grade[v] = min(grade[v], top)
                    continue
                if about < deep:
                    grade[v] = 1
                    continue
                value = sample_linear(field, a, b, c)
                reached = 1
                for limit in limits:
                    reached += np.float32(value) > limit
                grade[v] = min(grade[v], reached)
