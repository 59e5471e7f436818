"""Laws of grids, rotations and least-squares fits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ho_detect.image.grid import (
    Grid,
    align_similarity,
    closest_axes,
    fit_sphere,
    rotation,
    rotation_about,
    vertex_normals,
)

NUMBERS = st.floats(-300, 300, allow_nan=False)
POINTS = st.tuples(NUMBERS, NUMBERS, NUMBERS).map(np.array)


@st.composite
def grids(draw, oblique=True):
    """Grids of any order and direction of axes, a little oblique and sheared."""
    shape = draw(st.tuples(*[st.integers(1, 9)] * 3))
    spacing = draw(st.tuples(*[st.floats(0.4, 6)] * 3))
    axes = np.eye(3)[:, draw(st.permutations(range(3)))] * draw(st.tuples(*[st.sampled_from([-1, 1])] * 3))
    if oblique:
        axes = rotation_about(np.array(draw(st.tuples(*[st.floats(-0.3, 0.3)] * 3)))) @ axes
        axes = axes + draw(st.floats(-0.05, 0.05)) * np.roll(axes, 1, axis=1)
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = axes * spacing, draw(POINTS)
    return Grid(shape, affine)


class TestGrid:
    @given(grid=grids(), point=POINTS)
    def test_there_and_back(self, grid, point):
        np.testing.assert_allclose(grid.to_lps(grid.to_index(point)), point, atol=1e-6)

    @given(grid=grids())
    def test_neighbours_are_a_spacing_apart_and_a_voxel_fills_their_box(self, grid):
        steps = grid.to_lps(np.eye(3)) - grid.to_lps([0, 0, 0])
        np.testing.assert_allclose(np.linalg.norm(steps, axis=1), grid.spacing_mm)
        assert grid.voxel_volume_mm3 == pytest.approx(abs(np.dot(steps[0], np.cross(steps[1], steps[2]))))

    @given(grid=grids())
    def test_contains_its_voxels_and_nothing_beyond_half_a_voxel(self, grid):
        corners = np.array([0, 0, 0]), np.array(grid.shape) - 1
        for corner, out in zip(corners, (-1, 1), strict=True):
            assert grid.contains(grid.to_lps(corner))
            for axis in np.eye(3):
                assert grid.contains(grid.to_lps(corner + 0.49 * out * axis))
                assert not grid.contains(grid.to_lps(corner + 0.51 * out * axis))

    @given(grid=grids(), data=st.data())
    def test_a_crop_keeps_every_voxel_in_its_place(self, grid, data):
        box = []
        for n in grid.shape:
            low = data.draw(st.integers(0, n - 1))
            box.append(slice(low, data.draw(st.integers(low + 1, n))))
        crop = grid.crop(tuple(box))
        assert crop.shape == np.empty(grid.shape)[tuple(box)].shape
        np.testing.assert_allclose(crop.to_lps([0, 0, 0]), grid.to_lps([s.start for s in box]), atol=1e-9)
        np.testing.assert_allclose(crop.affine[:3, :3], grid.affine[:3, :3])

    @given(grid=grids(), center=POINTS, half_mm=st.floats(0.1, 40))
    def test_a_box_around_a_point_misses_no_voxel_of_the_ball(self, grid, center, half_mm):
        at = np.stack(np.meshgrid(*[np.arange(n) for n in grid.shape], indexing="ij"), -1)
        ball = np.linalg.norm(grid.to_lps(at) - center, axis=-1) <= half_mm
        inside = np.zeros(grid.shape, bool)
        inside[grid.box_around(center, half_mm)] = True
        assert not (ball & ~inside).any()

    @given(grid=grids())
    def test_canonical_order_moves_no_voxel(self, grid):
        number = np.arange(np.prod(grid.shape)).reshape(grid.shape)
        new, order, steps = grid.to_canonical()
        turned = number.transpose(order)[tuple(slice(None, None, s) for s in steps)]
        assert turned.shape == new.shape
        for index in {(0, 0, 0), tuple(n - 1 for n in new.shape), tuple(n // 2 for n in new.shape)}:
            old = np.argwhere(number == turned[index])[0]
            np.testing.assert_allclose(new.to_lps(index), grid.to_lps(old), atol=1e-6)
        unit = new.affine[:3, :3] / new.spacing_mm
        assert (np.diag(unit[::-1]) > 0.7).all()  # superior, posterior, left
        again, order, steps = new.to_canonical()
        assert (order, steps) == ((0, 1, 2), (1, 1, 1))
        np.testing.assert_array_equal(again.affine, new.affine)

    def test_closest_axes_of_a_prone_feet_first_coronal_stack(self):
        direction = np.array([[0, 0, -1], [-1, 0, 0], [0, -1, 0]], float)
        assert closest_axes(direction) == ((1, 0, 2), (-1, -1, -1))

    @settings(max_examples=20)
    @given(grid=grids())
    def test_simpleitk_sees_the_same_places(self, grid):
        array = np.arange(np.prod(grid.shape), dtype=np.int16).reshape(grid.shape)
        image = grid.to_simpleitk(array)
        last = [n - 1 for n in grid.shape]
        assert image[[0, 0, 0]] == 0
        assert image[last[::-1]] == array[-1, -1, -1]
        # ITK stores direction cosines; shear up to 0.05 is kept
        np.testing.assert_allclose(image.TransformIndexToPhysicalPoint(last[::-1]), grid.to_lps(last), atol=1e-4)
        with pytest.raises(ValueError, match="shape"):
            grid.to_simpleitk(np.zeros((1, *grid.shape[1:-1], grid.shape[2] + 1)))

    @pytest.mark.parametrize(
        ("shape", "affine"),
        [
            ((1, 1, 1), np.zeros((4, 4))),
            ((1, 1, 1), np.full((4, 4), np.nan)),
            ((1, 1, 1), np.eye(3)),
            ((0, 1, 1), np.eye(4)),
            ((1, 1), np.eye(4)),
        ],
    )
    def test_what_is_no_grid_is_refused(self, shape, affine):
        with pytest.raises(ValueError, match=r"affine|shape"):
            Grid(shape, affine)

    def test_it_cannot_be_changed_from_outside(self):
        affine = np.eye(4)
        grid = Grid((2, 2, 2), affine)
        affine[0, 3] = 5
        grid.origin_lps_mm[0] = 7
        assert grid.to_lps([0, 0, 0]).tolist() == [0, 0, 0]
        with pytest.raises(ValueError, match="read-only"):
            grid.affine[0, 0] = 2


class TestRotation:
    @given(vector=st.tuples(*[st.floats(-3, 3)] * 3).map(np.array))
    def test_is_a_rotation_that_leaves_its_axis(self, vector):
        turn = rotation_about(vector)
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-9)
        assert np.linalg.det(turn) == pytest.approx(1)
        np.testing.assert_allclose(turn @ vector, vector, atol=1e-9)
        np.testing.assert_allclose(rotation_about(-vector), turn.T, atol=1e-9)

    @given(axis=st.sampled_from("xyz"), a=st.floats(-180, 180), b=st.floats(-180, 180))
    def test_angles_add_up_and_both_ways_of_saying_it_agree(self, axis, a, b):
        np.testing.assert_allclose(rotation(axis, a) @ rotation(axis, b), rotation(axis, a + b), atol=1e-9)
        vector = np.radians(a) * np.eye(3)["xyz".index(axis)]
        np.testing.assert_allclose(rotation_about(vector), rotation(axis, a), atol=1e-9)


class TestFits:
    @given(center=POINTS, radius=st.floats(5, 40), seed=st.integers(0, 99))
    def test_a_sphere_is_found_from_a_part_of_it(self, center, radius, seed):
        at = np.random.default_rng(seed).normal(size=(40, 3))
        at[:, 2] = np.abs(at[:, 2])  # a half sphere
        points = center + radius * at / np.linalg.norm(at, axis=1, keepdims=True)
        found, found_radius = fit_sphere(points)
        np.testing.assert_allclose(found, center, atol=1e-4)
        assert found_radius == pytest.approx(radius, abs=1e-4)

    @given(scale=st.floats(0.5, 2), vector=st.tuples(*[st.floats(-2, 2)] * 3).map(np.array), offset=POINTS)
    def test_a_similarity_is_found_and_a_reflection_is_not(self, scale, vector, offset):
        points = np.random.default_rng(0).normal(size=(20, 3)) * [30, 20, 10]
        turn = scale * rotation_about(vector)
        linear, shift = align_similarity(points, points @ turn.T + offset)
        np.testing.assert_allclose(linear, turn, atol=1e-6)
        np.testing.assert_allclose(shift, offset, atol=1e-6)
        linear, _ = align_similarity(points, points * [-1, 1, 1])
        assert np.linalg.det(linear) > 0

    def test_normals_of_a_cube_point_away_and_turn_with_the_faces(self):
        from scipy.spatial import ConvexHull

        corners = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
        faces = ConvexHull(corners).simplices.astype(np.int64)
        a, b, c = (corners[faces[:, k]] for k in range(3))
        inward = (np.cross(b - a, c - a) * a).sum(axis=1) < 0
        faces[inward] = faces[inward, ::-1]
        normals = vertex_normals(corners, faces)
        assert (np.sign(normals) == corners).all()
        np.testing.assert_allclose(vertex_normals(corners, faces[:, ::-1]), -normals)
        np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1)
        assert (vertex_normals(np.vstack([corners, [9.0, 9, 9]]), faces)[-1] == 0).all()
