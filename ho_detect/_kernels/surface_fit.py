"""One step of fitting a surface of triangles to the edges seen along its normals.

Not checked: faces index into vertices; arrays are C-contiguous and agree in length.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ho_detect._kernels._jit import kernel


@kernel
def surface_normals(vertices: Any, faces: Any, normals: Any) -> None:
    """Write unit normals: area-weighted means of the triangles around each vertex; 0 where there is none.

    Parameters
    ----------
    vertices
        (V, 3) float64.
    faces
        (F, 3) int64, counter-clockwise seen from outside.
    normals
        (V, 3) float64 out.
    """
    normals[:] = 0.0
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ux, uy, uz = (
            vertices[b, 0] - vertices[a, 0],
            vertices[b, 1] - vertices[a, 1],
            vertices[b, 2] - vertices[a, 2],
        )
        vx, vy, vz = (
            vertices[c, 0] - vertices[a, 0],
            vertices[c, 1] - vertices[a, 1],
            vertices[c, 2] - vertices[a, 2],
        )
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for k in range(3):
            v = faces[f, k]
            normals[v, 0] += nx
            normals[v, 1] += ny
            normals[v, 2] += nz
    for v in range(normals.shape[0]):
        length = math.sqrt(normals[v, 0] ** 2 + normals[v, 1] ** 2 + normals[v, 2] ** 2)
        for k in range(3):
            normals[v, k] /= max(length, 1e-12)


@kernel
def normal_equations(
    arm: Any, normals: Any, modes: Any, local_normals: Any, scale: float, residual: Any, trust: Any, system: Any
) -> None:
    """Add up the weighted normal equations of the point-to-plane problem in 7 + K unknowns.

    The unknowns are the shift, the turn about the origin of ``arm``, the logarithm of the size, and K mode weights.

    Parameters
    ----------
    arm, normals
        (V, 3) float64: surface points and unit normals in patient space.
    modes, local_normals
        (K, V, 3) float64 mm per unit of weight, and (V, 3) the normals, in the frame of the model.
    scale
        Size of the model.
    residual, trust
        (V,) float64: how far each point is to move along its normal, and its weight; with none it is passed over.
    system
        (8 + K, 7 + K) float64 out: the lower triangle of the matrix, and its right side in the last row.
    """
    n_modes = modes.shape[0]
    n = 7 + n_modes
    row = np.empty(n, np.float64)
    system[:] = 0.0
    for v in range(arm.shape[0]):
        if trust[v] == 0.0:
            continue
        x, y, z = arm[v, 0], arm[v, 1], arm[v, 2]
        nx, ny, nz = normals[v, 0], normals[v, 1], normals[v, 2]
        row[0], row[1], row[2] = nx, ny, nz
        row[3], row[4], row[5] = y * nz - z * ny, z * nx - x * nz, x * ny - y * nx
        row[6] = x * nx + y * ny + z * nz
        for k in range(n_modes):
            row[7 + k] = scale * (
                modes[k, v, 0] * local_normals[v, 0]
                + modes[k, v, 1] * local_normals[v, 1]
                + modes[k, v, 2] * local_normals[v, 2]
            )
        for a in range(n):
            weighed = trust[v] * row[a]
            for b in range(a + 1):
                system[a, b] += weighed * row[b]
        pull = trust[v] * residual[v]
        for a in range(n):
            system[n, a] += pull * row[a]
