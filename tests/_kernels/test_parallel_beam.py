"""Line integrals and their way back agree with their slow twins, and with what is known of simple shapes."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ho_detect._kernels.parallel_beam import back_project, project_rays

pytestmark = pytest.mark.jit_off


def integrals(images, corner, step, rays):
    sums = np.zeros((len(rays), len(images)), np.float32)
    project_rays(images, np.array(corner, float), np.array(step, float), rays, sums)
    return sums


def rays_at(angles, offsets):
    return np.column_stack([np.cos(angles), np.sin(angles), offsets])


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    shape=st.tuples(st.integers(2, 7), st.integers(2, 7)),
    step=st.tuples(st.sampled_from([0.5, 1.0, 1.7]), st.sampled_from([0.5, 1.0, 1.7])),
)
def test_integrals_as_the_twin_has_them(seed, shape, step):
    rng = np.random.default_rng(seed)
    images = rng.random((2, *shape)).astype(np.float32)
    images[:, [0, -1]], images[:, :, [0, -1]] = 0, 0  # at the very edge the two may differ by a rounding
    corner = -(np.array(shape) - 1) / 2 * step + rng.normal(0, 0.3, 2)
    rays = rays_at(rng.uniform(0, 2 * np.pi, 8), rng.uniform(-5, 5, 8))
    found = integrals(images, corner, step, rays)
    for q in range(2):
        np.testing.assert_allclose(found[:, q], naive.line_integrals(images[q], corner, step, rays), atol=2e-3)


def test_integrals_are_added_and_linear():
    rng = np.random.default_rng(1)
    image = rng.random((1, 6, 6)).astype(np.float32)
    rays = rays_at(rng.uniform(0, np.pi, 5), rng.uniform(-2, 2, 5))
    once = integrals(image, (-2.5, -2.5), (1, 1), rays)
    np.testing.assert_allclose(integrals(2 * image, (-2.5, -2.5), (1, 1), rays), 2 * once, rtol=1e-5)
    sums = once.copy()
    project_rays(image, np.array([-2.5, -2.5]), np.array([1.0, 1.0]), rays, sums)
    np.testing.assert_allclose(sums, 2 * once, rtol=1e-5)


@pytest.mark.parametrize("angle", [0.0, 0.4, np.pi / 4, np.pi / 2, 2.5])
def test_a_ray_through_a_square_is_as_long_as_geometry_says(angle):
    image = np.zeros((1, 40, 40), np.float32)
    image[:, 10:30, 10:30] = 1
    (length,) = integrals(image, (-19.5, -19.5), (1, 1), rays_at([angle], [0.0]))[0]
    assert length == pytest.approx(20 / max(abs(np.cos(angle)), abs(np.sin(angle))), abs=0.7)


def test_a_ray_that_misses_adds_nothing():
    image = np.ones((1, 5, 5), np.float32)
    for angle in (0.0, 0.7, np.pi / 2):
        assert integrals(image, (-2, -2), (1, 1), rays_at([angle], [9.0]))[0, 0] == 0


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), shape=st.tuples(st.integers(1, 5), st.integers(1, 5)))
def test_the_way_back_as_the_twin_has_it(seed, shape):
    rng = np.random.default_rng(seed)
    angles = rng.uniform(0, np.pi, 4)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    views = rng.random((4, 41)).astype(np.float32)
    # half a reading off the middle: no pixel lies just between two
    start, step = np.array([-10.13, 0.5]), np.array([1.1, 0.9])
    corner = -(np.array(shape) - 1) / 2 * step
    image = np.zeros(shape, np.float32)
    back_project(views, directions, start, corner, step, image)
    expected = naive.back_projected(views, directions, start, corner, step, shape)
    assert (np.abs(image - expected) < 1e-4).mean() > 0.9
    assert np.abs(image - expected).max() < 2
