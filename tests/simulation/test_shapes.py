"""Laws of the shapes that bones are built from."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.image.grid import Grid
from ho_detect.simulation.fields import axes_of, coarse_grid, coverage, refine, smooth_noise
from ho_detect.simulation.render import carve, render, union
from ho_detect.simulation.shapes import FAR, Ellipsoid, Frame, blade, smooth_min, tube, turn

POINTS = np.random.default_rng(0).uniform(-25, 25, (400, 3))


def test_a_ball_is_exact():
    d = Ellipsoid.ball((1, 2, 3), 7.0).distance(POINTS)
    np.testing.assert_allclose(d, np.linalg.norm(POINTS - [1, 2, 3], axis=1) - 7, atol=1e-9)


def test_a_straight_tube_is_a_capsule():
    d = tube([[0, 0, -30], [0, 0, 0], [0, 0, 30]], [5.0, 5.0, 5.0]).distance(POINTS)
    np.testing.assert_allclose(d, np.minimum(np.hypot(POINTS[:, 0], POINTS[:, 1]) - 5, FAR), atol=0.02)


def test_a_flat_blade_is_a_slab():
    lattice = np.array([[[x, y, 0.0] for y in (-40, 0, 40)] for x in (-40, 0, 40)])
    d = blade(lattice, np.full((3, 3), 2.0)).distance(POINTS)
    np.testing.assert_allclose(d, np.minimum(np.abs(POINTS[:, 2]) - 2, FAR), atol=0.02)


def test_a_mirrored_frame_mirrors_its_shape():
    mirror, semi = np.diag([-1.0, 1, 1]), (4.0, 6.0, 9.0)
    oblique = turn("y", 30) @ turn("x", 20)
    plain = Ellipsoid(Frame.at((5, 1, 2), oblique), semi).distance(POINTS)
    mirrored = Ellipsoid(Frame.at((-5, 1, 2), mirror @ oblique), semi).distance(POINTS * [-1, 1, 1])
    np.testing.assert_allclose(plain, mirrored, atol=1e-9)


def test_bounds_hold_the_shape():
    shape = Ellipsoid(Frame.at((3, -2, 1), turn("z", 40)), (5.0, 8.0, 3.0))
    points = np.random.default_rng(1).uniform(-12, 12, (2000, 3))
    inside = points[shape.distance(points) < 0]
    low, high = shape.bounds
    assert len(inside) > 0
    assert ((inside >= low) & (inside <= high)).all()


def test_a_smooth_union_never_loses_bone_and_ends_where_shapes_are_apart():
    a, b = np.array([-1.0, 2.0, 0.5, 9.0]), np.array([0.0, 2.0, 8.0, 1.0])
    joined = smooth_min(a, b, 4.0)
    assert (joined <= np.minimum(a, b)).all()
    assert joined[1] == pytest.approx(1.0)  # a quarter of the blend where both are equal
    assert joined[2] == 0.5
    assert (smooth_min(a, b, 0.0) == np.minimum(a, b)).all()


def test_rendering_on_a_fine_grid_is_exact_near_the_surface():
    grid = Grid.axial((60, 60, 60), (1.0, 1.0, 1.0), (-30, -30, -30))
    box, field = render(Ellipsoid.ball((0.3, 0.2, -0.4), 15.0), grid)
    x, y, z = axes_of(grid, box)
    true = np.sqrt((x - 0.3) ** 2 + (y - 0.2) ** 2 + (z + 0.4) ** 2) - 15
    near = np.abs(true) < 3
    np.testing.assert_allclose(field[near], true[near], atol=1e-5)
    assert (np.sign(field[~near]) == np.sign(true[~near])).all()


def test_what_is_carved_is_gone_and_nothing_else():
    grid = Grid.axial((30, 30, 30), (1.0, 1.0, 1.0), (-15, -15, -15))
    field = union((Ellipsoid.ball((0, 0, 0), 10.0),), grid, 0.0)
    before = field < 0
    carve(field, Ellipsoid.ball((0, 0, 0), 6.0), grid)
    x, y, z = axes_of(grid)
    r = np.sqrt(x**2 + y**2 + z**2)
    assert not (field < 0)[r < 5.9].any()
    assert ((field < 0) == before)[r > 6.1].all()


def test_only_axial_grids_are_painted_on():
    affine = np.eye(4)
    with pytest.raises(ValueError, match="axial"):
        axes_of(Grid((4, 4, 4), affine))


def test_a_field_linear_in_space_survives_refinement():
    grid = Grid.axial((11, 13, 17), (1.0, 0.7, 0.8), (5, 6, 7))
    coarse = coarse_grid(grid, 2.5)
    x, y, z = axes_of(coarse)
    fine = refine((2 * x - y + 3 * z).astype(np.float32), coarse, grid)
    x, y, z = axes_of(grid)
    np.testing.assert_allclose(fine, 2 * x - y + 3 * z, rtol=1e-5, atol=1e-4)


def test_coverage_runs_from_full_to_empty_across_one_voxel():
    d = np.array([-2, -0.5, 0, 0.5, 2], np.float32)
    assert coverage(d, 1.0).tolist() == [1, 1, 0.5, 0, 0]


def test_smooth_noise_has_unit_variance_and_its_length():
    noise = smooth_noise(np.random.default_rng(3), Grid.axial((80, 80, 80), (1, 1, 1)), 8.0)
    assert 0.6 < noise.std() < 1.3
    assert abs(noise.mean()) < 0.2
    step = np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1]
    far = np.corrcoef(noise[:-24].ravel(), noise[24:].ravel())[0, 1]
    assert step > 0.9
    assert abs(far) < 0.15
