"""Closed surfaces hold what lies inside of them, on any grid; open ends are closed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from ho_detect.image.grid import Grid
from ho_detect.image.surfaces import capped, voxelised


def ball(radius_mm, n=1500):
    """Return points on a sphere and its triangles, counter-clockwise from outside."""
    k = np.arange(n) + 0.5
    z, angle = 1 - 2 * k / n, np.pi * (1 + 5**0.5) * k
    points = np.stack([np.sqrt(1 - z * z) * np.cos(angle), np.sqrt(1 - z * z) * np.sin(angle), z], axis=1)
    faces = ConvexHull(points).simplices.astype(np.int64)
    a, b, c = (points[faces[:, k]] for k in range(3))
    inwards = np.einsum("ij,ij->i", np.cross(b - a, c - a), a) < 0
    faces[inwards] = faces[inwards][:, ::-1]
    return radius_mm * points, faces


def edges(faces):
    """Count the directed edges."""
    return Counter((int(a), int(b)) for tri in faces for a, b in zip(tri, np.roll(tri, -1), strict=True))


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (2.0, 0.8, 0.7)])
def test_what_lies_inside_of_a_ball(spacing_mm):
    points, faces = ball(12.0)
    center = np.array([0.3, -0.2, 0.4])
    shape = tuple(int(32 / step) for step in spacing_mm)
    grid = Grid.axial(shape, spacing_mm, np.array([-15.6, -15.7, -15.3]))
    inside = voxelised(grid, points + center, faces)
    away = np.linalg.norm(grid.to_lps(np.argwhere(np.ones(shape))) - center, axis=1).reshape(shape)
    assert inside[away < 11.8].all()
    assert not inside[away > 12.0].any()
    assert inside.sum() * grid.voxel_volume_mm3 == pytest.approx(4 / 3 * np.pi * 12.0**3, rel=0.03)


def test_a_closed_surface_is_left_as_it_is():
    _, faces = ball(1.0, 80)
    assert capped(faces) is faces


def test_an_open_end_is_closed():
    points, faces = ball(1.0, 200)
    below = points[:, 2] < 0.6
    opened = faces[below[faces].all(axis=1)]
    assert any((b, a) not in edges(opened) for a, b in edges(opened))
    found = edges(capped(opened))
    assert set(found.values()) == {1}
    assert all((b, a) in found for a, b in found)
