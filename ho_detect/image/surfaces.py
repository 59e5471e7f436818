"""Surfaces of triangles: values along their normals, means over neighbours, open ends capped, voxels inside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy import sparse

from ho_detect._kernels.voxelise import count_crossings, fill_between
from ho_detect.image.grid import FloatArray, Grid


def along_normals(
    hu: NDArray[np.float32] | NDArray[np.int16],
    grid: Grid,
    vertices: FloatArray,
    normals: FloatArray,
    at_mm: FloatArray,
    beyond: float,
) -> NDArray[np.float32]:
    """Return (V, P) values along the normals of (V, 3) LPS vertices, linear between voxels.

    Parameters
    ----------
    at_mm
        (P,) distances from the surface, outside of it positive.
    beyond
        The value beyond the view.
    """
    at = vertices[:, None] + normals[:, None] * at_mm[:, None]
    index = grid.to_index(at).reshape(-1, 3).T
    values = ndi.map_coordinates(hu, index, output=np.float32, order=1, mode="constant", cval=beyond)
    return np.asarray(values.reshape(at.shape[:2]))


def capped(faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Close the open end of a surface by a fan over each boundary loop; a closed surface is returned as it is."""
    start, end = (faces[:, corners].ravel().astype(np.int64) for corners in ([0, 1, 2], [1, 2, 0]))
    many = int(faces.max(initial=-1)) + 1
    open_ = ~np.isin(start * many + end, end * many + start)
    # walked backwards: the cap faces the other way
    following = dict(zip(end[open_].tolist(), start[open_].tolist(), strict=True))
    caps: list[tuple[int, int, int]] = []
    while following:
        hub = min(following)  # the same fan for the mirrored surface, whose loop runs the other way
        at = following.pop(hub)
        while at in following:
            onward = following.pop(at)
            if onward != hub:
                caps.append((hub, at, onward))
            at = onward
    if not caps:
        return faces
    return np.concatenate([faces, np.array(caps, np.int64)])


def voxelised(grid: Grid, vertices: FloatArray, faces: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return (z, y, x) uint8, 1 inside a closed surface in LPS mm."""
    # no vertex may lie on a voxel column: an amount no coordinate has
    position = np.ascontiguousarray(grid.to_index(vertices)) + np.array([1.1e-5, 1.7e-5, 0.0])
    rows = grid.shape[0] * grid.shape[1]
    crossings = np.zeros(rows, np.int64)
    most = count_crossings(position, faces, grid.shape, crossings, np.empty((rows, 0)))
    crossings[:] = 0
    at = np.empty((rows, most))
    count_crossings(position, faces, grid.shape, crossings, at)
    out = np.zeros(grid.shape, np.uint8)
    fill_between(rows, crossings, at, out)
    return out


def neighbour_mean(faces: NDArray[np.int64], n: int) -> sparse.csr_array:
    """Return the (n, n) matrix that takes values of the vertices of a surface to the means of their neighbours."""
    a = faces[:, [0, 1, 2]].ravel()
    b = faces[:, [1, 2, 0]].ravel()
    link = sparse.coo_array((np.ones(2 * len(a)), (np.r_[a, b], np.r_[b, a])), shape=(n, n)).tocsr()
    link.data[:] = 1.0
    degree = np.maximum(np.asarray(link.sum(axis=1)).ravel(), 1.0)
    return sparse.csr_array(sparse.diags_array(1.0 / degree) @ link)
