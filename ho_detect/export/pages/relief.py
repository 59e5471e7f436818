"""A still picture of surfaces, lit from the eye: for print, and where a browser cannot draw in three dimensions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ho_detect.export.pages.surfaces import Surface
from ho_detect.image.grid import FloatArray

#: Pixels per mm.
_SCALE = 1.25
_BACKGROUND = (13, 15, 18)
_AMBIENT = 0.25


def relief(parts: tuple[Surface, ...], *, from_behind: bool = False) -> NDArray[np.uint8]:
    """Return (row, column, 3) colours of surfaces seen from the front, the patient's left on the right, or from behind.

    Each triangle is drawn as a lattice of points, of which the nearest to the eye counts.
    """
    right, depth = (
        (np.array([-1.0, 0, 0]), np.array([0, 1.0, 0]))
        if from_behind
        else (np.array([1.0, 0, 0]), np.array([0, -1.0, 0]))
    )
    axes = np.stack([right, np.array([0, 0, -1.0]), depth], axis=1)
    drawn = [_lattice(part, axes) for part in parts]
    low = np.min([place.min(axis=1) for place, _, _ in drawn], axis=0)[:2] - np.float32(4 / _SCALE)
    pixels = [np.rint((place[:2] - low[:, None]) * _SCALE).astype(np.intp) for place, _, _ in drawn]
    width, height = np.max([pixel.max(axis=1) for pixel in pixels], axis=0) + 5
    at = [pixel[1] * width + pixel[0] for pixel in pixels]
    nearest = np.full(height * width, -np.inf, np.float32)
    for here, (place, _, _) in zip(at, drawn, strict=True):
        np.maximum.at(nearest, here, place[2])
    picture = np.empty((height * width, 3), np.uint8)
    picture[:] = _BACKGROUND
    for here, (place, light, base) in zip(at, drawn, strict=True):
        seen = place[2] == nearest[here]
        shade = _AMBIENT + (1 - _AMBIENT) * light[seen]
        picture[here[seen]] = (base * shade[:, None]).astype(np.uint8)
    return picture.reshape(height, width, 3)


def _lattice(part: Surface, axes: FloatArray) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return (3, n) points (right, down, towards the eye) mm on the triangles that face the eye, (n,) light, colour."""
    vertices = (part.vertices @ axes).astype(np.float32)
    facing = np.maximum(part.normals() @ axes[:, 2], 0.0).astype(np.float32)
    a, b, c = part.faces.T
    faces = part.faces[(facing[a] > 0) | (facing[b] > 0) | (facing[c] > 0)]
    edge_mm = np.linalg.norm(vertices[faces[:, 0]] - vertices[faces[:, 1]], axis=1)
    # so many points along an edge that all but the longest leave no gap
    last = max(1, math.ceil(_SCALE * float(np.percentile(edge_mm, 95)))) if len(faces) else 1
    lattice = [(i, j, last - i - j) for i in range(last + 1) for j in range(last + 1 - i)]
    weights = np.array(lattice, np.float32) / last
    place = np.stack([(vertices[:, axis][faces] @ weights.T).ravel() for axis in range(3)])
    base = np.array([int(part.colour[k : k + 2], 16) for k in (1, 3, 5)], np.float32)
    return place, (facing[faces] @ weights.T).ravel(), base
