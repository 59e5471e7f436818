"""Crossings and filled voxels agree with their slow twins, and what is filled is what the surface winds around."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from ho_detect._kernels.voxelise import count_crossings, fill_between

pytestmark = pytest.mark.jit_off


def hull(seed, shape, n=10):
    """Return vertices and outward faces of the convex hull of random points in and around a volume."""
    points = np.random.default_rng(seed).uniform(-1.0, np.array(shape) + 0.3, (n, 3))
    found = ConvexHull(points)
    faces = found.simplices.astype(np.int64)
    center = points[found.vertices].mean(0)
    a, b, c = (points[faces[:, k]] for k in range(3))
    inward = np.einsum("fi,fi->f", np.cross(b - a, c - a), a - center) < 0
    faces[inward] = faces[inward, ::-1]
    return points, faces


def filled(vertices, faces, shape):
    """Run the kernels as a caller does: count, make room, count again, fill."""
    rows = shape[0] * shape[1]
    most = count_crossings(vertices, faces, shape, np.zeros(rows, np.int64), np.empty((rows, 0)))
    number, at = np.zeros(rows, np.int64), np.full((rows, most), np.nan)
    assert count_crossings(vertices, faces, shape, number, at) == most
    out = np.zeros(shape, np.uint8)
    fill_between(len(number), number, at, out)
    return number, at, out


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), shape=st.tuples(*[st.integers(1, 6)] * 3))
def test_same_as_the_twins_and_the_winding_number(seed, shape):
    vertices, faces = hull(seed, shape)
    number, at, out = filled(vertices, faces, shape)
    expected = naive.crossings(vertices, faces, shape)
    assert number.tolist() == [len(x) for x in expected]
    for row, x in enumerate(expected):
        np.testing.assert_allclose(np.sort(at[row, : number[row]]), x, atol=1e-9)
    np.testing.assert_array_equal(out, naive.fill_between(expected, shape))
    index = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), -1).reshape(-1, 3)
    wound = naive.winding_number(vertices, faces, index.astype(float)) > 0.5
    np.testing.assert_array_equal(out.ravel() > 0, wound)


def test_a_body_with_a_hole_and_one_beside_it():
    shape = (7, 7, 16)
    cube = np.array([(z, y, x) for z in (0, 1) for y in (0, 1) for x in (0, 1)], float)
    box, faces = cube - 0.5, ConvexHull(cube).simplices.astype(np.int64)
    parts = [(6.0, (3.1, 3.2, 3.3)), (2.5, (3.1, 3.2, 3.3)), (3.0, (3.1, 3.2, 11.3))]
    vertices = np.concatenate([size * box + center for size, center in parts])
    surfaces = np.concatenate([faces + 8 * k for k in range(3)])
    _, _, out = filled(vertices, surfaces, shape)
    inside = np.zeros(shape, bool)
    for k, j, i in np.ndindex(shape):
        within = [all(abs(p - q) < size / 2 for p, q in zip((k, j, i), c, strict=True)) for size, c in parts]
        inside[k, j, i] = (within[0] and not within[1]) or within[2]
    np.testing.assert_array_equal(out > 0, inside)


def test_columns_that_are_not_crossed_and_a_surface_out_of_view_stay_empty():
    vertices, faces = hull(1, (4, 4, 4))
    _, _, out = filled(vertices + 50.0, faces, (4, 4, 4))
    assert not out.any()


def test_what_is_there_already_stays():
    vertices, faces = hull(2, (4, 4, 4))
    number, at, out = filled(vertices, faces, (4, 4, 4))
    again = np.full((4, 4, 4), 3, np.uint8)
    fill_between(len(number), number, at, again)
    np.testing.assert_array_equal(again, np.where(out > 0, 1, 3))
