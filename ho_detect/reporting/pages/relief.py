"""A still picture of surfaces, lit from the eye: for print, and where a browser cannot draw in three dimensions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ho_detect.geometry import FloatArray
from ho_detect.reporting.pages.surfaces import Surface

#: Pixels per mm.
_SCALE = 1.25
_BACKGROUND = (13, 15, 18)
_AMBIENT = 0.25


def relief(parts: tuple[Surface, ...], *, from_behind: bool = False) -> NDArray[np.uint8]:
    """Return (row, column, 3) colours of surfaces seen from the front, the patient's left on the right, or from behind.

    Each triangle is drawn as a lattice of points, the farthest first.
    """
    right, depth = (
        (np.array([-1.0, 0, 0]), np.array([0, 1.0, 0]))
        if from_behind
        else (np.array([1.0, 0, 0]), np.array([0, -1.0, 0]))
    )
    axes = np.stack([right, np.array([0, 0, -1.0]), depth], axis=1)
    points, colours = zip(*(_lattice(part, axes) for part in parts), strict=True)
    place, colour = np.concatenate(points), np.concatenate(colours)
    low = place[:, :2].min(axis=0) - 4 / _SCALE
    pixel = np.rint((place[:, :2] - low) * _SCALE).astype(np.intp)
    width, height = pixel.max(axis=0) + 5
    order = np.argsort(place[:, 2], kind="stable")
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = _BACKGROUND
    # of points on one pixel the last assigned, which is the nearest, stays
    picture[pixel[order, 1], pixel[order, 0]] = colour[order]
    return picture


def _lattice(part: Surface, axes: FloatArray) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return points (right, down, towards the eye) mm and colours on the triangles that face the eye."""
    vertices = (part.vertices @ axes).astype(np.float32)
    facing = np.maximum(part.normals() @ axes[:, 2], 0.0).astype(np.float32)
    faces = part.faces[facing[part.faces].max(axis=1) > 0]
    corners = vertices[faces]
    edge_mm = np.linalg.norm(corners[:, 0] - corners[:, 1], axis=1)
    # so many points along an edge that all but the longest leave no gap
    last = max(1, math.ceil(_SCALE * float(np.percentile(edge_mm, 95)))) if len(faces) else 1
    lattice = [(i, j, last - i - j) for i in range(last + 1) for j in range(last + 1 - i)]
    weights = np.array(lattice, np.float32) / last
    place = (weights @ corners).reshape(-1, 3)
    light = (facing[faces] @ weights.T).ravel()
    base = np.array([int(part.colour[k : k + 2], 16) for k in (1, 3, 5)], np.float32)
    shade = _AMBIENT + (1 - _AMBIENT) * light
    return place, (base * shade[:, None]).astype(np.uint8)
