"""Normals and normal equations agree with their slow twins, and do what they are for."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from ho_detect._kernels.surface_fit import normal_equations, surface_normals

pytestmark = pytest.mark.jit_off


def normals_of(vertices, faces):
    out = np.full(vertices.shape, np.nan)
    surface_normals(vertices, np.asarray(faces, np.int64), out)
    return out


def sums(arm, normals, modes, local_normals, scale, residual, trust):
    n = 7 + len(modes)
    out = np.full((n + 1, n), np.nan)
    normal_equations(arm, normals, modes, local_normals, scale, residual, trust, out)
    return out[:-1] + np.tril(out[:-1], -1).T, out[-1]


def ball(n=40, seed=0):
    """Return points of the unit sphere and triangles between them, turned outward."""
    vertices = np.random.default_rng(seed).normal(size=(n, 3))
    vertices /= np.linalg.norm(vertices, axis=1, keepdims=True)
    faces = ConvexHull(vertices).simplices.astype(np.int64)
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    inward = np.einsum("fd,fd->f", np.cross(b - a, c - a), a + b + c) < 0
    faces[inward] = faces[inward][:, ::-1]
    return vertices, faces


class TestNormals:
    @settings(max_examples=40, deadline=None)
    @given(seed=st.integers(0, 2**31), n=st.integers(3, 12), n_faces=st.integers(0, 20))
    def test_same_as_the_twin(self, seed, n, n_faces):
        rng = np.random.default_rng(seed)
        vertices, faces = rng.normal(size=(n, 3)), rng.integers(0, n, (n_faces, 3))
        np.testing.assert_allclose(normals_of(vertices, faces), naive.surface_normals(vertices, faces), atol=1e-9)

    def test_those_of_a_ball_point_away_from_its_center(self):
        vertices, faces = ball()
        normals = normals_of(vertices, faces)
        np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1)
        assert ((normals * vertices).sum(axis=1) > 0.7).all()
        np.testing.assert_allclose(normals_of(vertices, faces[:, ::-1]), -normals)


class TestEquations:
    @settings(max_examples=40, deadline=None)
    @given(seed=st.integers(0, 2**31), n=st.integers(1, 9), n_modes=st.integers(0, 3))
    def test_same_as_the_twin(self, seed, n, n_modes):
        rng = np.random.default_rng(seed)
        arm, normals, local = rng.normal(size=(3, n, 3))
        modes, residual = rng.normal(size=(n_modes, n, 3)), rng.normal(size=n)
        trust = rng.uniform(size=n) * rng.integers(0, 2, n)
        found = sums(arm, normals, modes, local, 1.1, residual, trust)
        expected = naive.normal_equations(arm, normals, modes, local, 1.1, residual, trust)
        assert len(found) == 2
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-9)

    def test_a_ball_that_is_moved_and_larger_is_moved_and_grown(self):
        points, _ = ball(200)
        shift, growth = np.array([0.02, -0.01, 0.03]), 0.05
        residual = points @ shift + growth
        system, right = sums(points, points, np.empty((0, 200, 3)), points, 1.0, residual, np.ones(200))
        change = np.linalg.lstsq(system, right, rcond=None)[0]
        np.testing.assert_allclose(change[:3], shift, atol=1e-9)
        assert change[6] == pytest.approx(growth)

    def test_a_mode_that_is_what_is_seen_gets_its_weight(self):
        points, faces = ball(200)
        modes = np.random.default_rng(1).normal(size=(2, 200, 3))
        normals = normals_of(points, faces)
        residual = 2.0 * np.einsum("vd,vd->v", 0.7 * modes[0] - 0.4 * modes[1], normals)
        system, right = sums(points, normals, modes, normals, 2.0, residual, np.ones(200))
        change = np.linalg.lstsq(system, right, rcond=None)[0]
        np.testing.assert_allclose(change[7:], [0.7, -0.4], atol=1e-6)

    def test_what_is_not_trusted_does_not_count(self):
        points, _ = ball(60)
        trust = np.r_[np.ones(30), np.zeros(30)]
        residual = np.r_[np.zeros(30), np.full(30, 9.0)]
        _, right = sums(points, points, np.empty((0, 60, 3)), points, 1.0, residual, trust)
        assert (right == 0).all()
