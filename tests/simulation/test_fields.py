"""Edges cover a voxel from nothing to all; what is interpolated is linear; boxes hold what they are asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ho_detect.image.grid import Grid
from ho_detect.simulation.fields import axes_of, blend_in, box_of, coarse_grid, coverage, refine, smooth_noise

GRID = Grid.axial((12, 14, 16), (2.0, 1.5, 1.0), (-8.0, -10.0, 5.0))


@given(st.floats(-9, 9), st.floats(0.2, 4))
def test_coverage_is_a_share_that_is_half_at_the_surface(distance, width):
    share = coverage(np.float32([distance, -distance, 0.0]), width)
    assert ((share >= 0) & (share <= 1)).all()
    assert share[0] + share[1] == pytest.approx(1.0, abs=1e-5)
    assert share[2] == 0.5


def test_axes_are_where_the_grid_has_its_voxels():
    x, y, z = np.broadcast_arrays(*axes_of(GRID))
    index = np.argwhere(np.ones(GRID.shape, bool))
    np.testing.assert_allclose(np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1), GRID.to_lps(index))
    with pytest.raises(ValueError, match="axial"):
        axes_of(Grid(GRID.shape, GRID.affine[[1, 0, 2, 3]]))


@given(st.tuples(*[st.floats(-20, 30)] * 3), st.floats(0, 9))
def test_a_box_holds_every_voxel_within_its_margin(point, margin):
    box = box_of(GRID, np.array([point, point]), margin)
    inside = np.zeros(GRID.shape, bool)
    inside[box] = True
    x, y, z = axes_of(GRID)
    near = (abs(x - point[0]) <= margin) & (abs(y - point[1]) <= margin) & (abs(z - point[2]) <= margin)
    assert not (near & ~inside).any()


def test_refining_is_exact_for_what_is_linear():
    coarse = coarse_grid(GRID, 4.0)

    def plane(grid):
        x, y, z = axes_of(grid)
        return (0.5 * x - 2.0 * y + z + 3.0).astype(np.float32)

    assert all(
        n * s >= m * t for n, s, m, t in zip(coarse.shape, coarse.spacing_mm, GRID.shape, GRID.spacing_mm, strict=True)
    )
    np.testing.assert_allclose(refine(plane(coarse), coarse, GRID), plane(GRID), atol=1e-4)
    box = (slice(2, 5), slice(0, 7), slice(3, 9))
    np.testing.assert_allclose(refine(plane(coarse), coarse, GRID, box), plane(GRID)[box], atol=1e-4)


def test_noise_is_of_mean_0_and_variance_about_1():
    grid = Grid.axial((60, 60, 60), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    noise = np.array([smooth_noise(np.random.default_rng(k), grid, 5.0) for k in range(20)])
    assert abs(noise.mean()) < 0.06  # about 200 independent places in each: a standard error of 0.016
    assert 0.6 < noise.var() < 1.2


def test_blending_goes_from_what_is_there_to_what_comes():
    hu = np.float32([0.0, 100.0, -50.0])
    blend_in(hu, 200.0, np.float32([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(hu, [0.0, 150.0, 200.0])
