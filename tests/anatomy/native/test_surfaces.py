"""Distance to native bone: zero on its surface, positive outside, and bone grown on it does not become native."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_detection import anatomy
from model_hips import head_center
from scipy import ndimage as ndi
from scipy.spatial import ConvexHull

from ho_detect.anatomy.native.surfaces import (
    FAR_MM,
    STEP_MM,
    bone_distance,
    displaced,
    native_bone,
    signed_distance_mm,
    smooth_displacement,
)
from ho_detect.image.grid import Grid, Sphere
from ho_detect.image.surfaces import capped, voxelised

BONES = ("femur", "pelvis")


def fit(bone, side="left"):
    hip = anatomy(side)
    return hip.femur if bone == "femur" else hip.hip_bone


#: A head so large that no socket is around it.
FAR_HEAD = Sphere(head_center("left"), 500.0)


def head(side):
    """The fitted sphere of the person's head."""
    return Sphere(head_center(side), 23.0)


def seen(fitted, offset_mm):
    """The same fit with edges seen so far outside of it."""
    return replace(fitted, offset_mm=np.broadcast_to(np.float64(offset_mm), fitted.offset_mm.shape))


def at(distance, points):
    return ndi.map_coordinates(distance.mm, distance.grid.to_index(points).T, order=1, mode="constant", cval=np.nan)


@pytest.fixture(scope="module", params=BONES)
def measured(request):
    """A bone's fit and its distance field, without the joint space."""
    return fit(request.param), bone_distance(fit(request.param), "left", request.param, FAR_HEAD)


class TestDistance:
    def test_of_the_mirrored_bone_is_the_mirrored_field(self, measured):
        fitted, distance = measured
        mirror = np.array([-1.0, 1.0, 1.0])
        other = replace(
            fitted,
            vertices=fitted.vertices * mirror,
            normals=fitted.normals * mirror,
            faces=fitted.faces[:, ::-1].copy(),
        )
        far = Sphere(FAR_HEAD.center_lps_mm * mirror, FAR_HEAD.radius_mm)
        found = bone_distance(other, "right", distance.bone, far)
        assert (np.sign(found.mm[..., ::-1]) == np.sign(distance.mm)).mean() == 1.0
        np.testing.assert_allclose(found.mm[..., ::-1], distance.mm, atol=1e-4)

    def test_is_zero_on_the_surface_within_a_voxel(self, measured):
        fitted, distance = measured
        closed = fitted.vertices[:, 2] > fitted.vertices[:, 2].min() + 5.0  # the shaft is cut off below
        assert np.abs(at(distance, fitted.vertices[closed])).max() <= STEP_MM
        assert abs(np.median(at(distance, fitted.vertices))) < 0.3 * STEP_MM

    def test_agrees_with_bone_painted_on_finer_voxels(self, measured):
        fitted, distance = measured
        low = fitted.vertices.min(axis=0) - 12
        size = np.ceil(fitted.vertices.max(axis=0) + 12 - low).astype(int)
        grid = Grid.axial(tuple(size[::-1].tolist()), (1.0, 1.0, 1.0), low)
        inside = voxelised(grid, fitted.vertices, capped(fitted.faces)).astype(bool)
        out, deep = (ndi.distance_transform_edt(m) - 0.5 for m in (~inside, inside))
        index = np.random.default_rng(3).integers(0, grid.shape, (20000, 3))
        true = np.where(inside, -deep, out)[tuple(index.T)]
        found = at(distance, grid.to_lps(index))
        assert np.percentile(np.abs(found - true), 99.5) <= STEP_MM
        assert np.abs(found - true).max() <= 1.25 * STEP_MM
        assert (found[true > 1.2] > 0).all()
        assert (found[true < -1.2] < 0).all()

    def test_field_reaches_as_far_as_lesions_are_measured(self, measured):
        fitted, distance = measured
        outward = fitted.vertices + 28.0 * np.eye(3)[0]
        assert np.isfinite(at(distance, outward)).all()
        assert distance.mm.max() < FAR_MM

    @pytest.mark.parametrize("bone", BONES)
    def test_mirrored_hip_has_the_mirrored_field(self, bone):
        left, right = (bone_distance(fit(bone, side), side, bone, head(side)) for side in ("left", "right"))
        points = fit(bone).vertices + np.random.default_rng(0).uniform(-20, 20, fit(bone).vertices.shape)
        one, two = at(left, points), at(right, points * [-1, 1, 1])
        assert np.abs(one - two).max() < 1.25 * STEP_MM
        assert np.abs(one - two).mean() < 0.35 * STEP_MM

    def test_both_bones_of_both_hips(self):
        found = native_bone((anatomy("left"), anatomy("right")))
        assert [(b.side, b.bone) for b in found] == [(s, b) for s in ("left", "right") for b in BONES]
        assert native_bone(()) == ()


class TestJointSpace:
    def test_between_head_and_socket_counts_as_native(self):
        hip = anatomy("left")
        distance = bone_distance(hip.hip_bone, "left", "pelvis", head("left"))
        socket = hip.hip_bone.vertices[hip.hip_bone.joint]
        arm = socket - head_center("left")
        depth = np.linalg.norm(arm, axis=1)
        middle = head_center("left") + arm / depth[:, None] * (0.5 * (23.0 + depth))[:, None]
        assert (at(distance, middle) <= 0.5).mean() > 0.95

    def test_nothing_else_does(self):
        hip = anatomy("left")
        with_space, without = (bone_distance(hip.hip_bone, "left", "pelvis", h) for h in (head("left"), FAR_HEAD))
        point = with_space.grid.to_lps(np.argwhere((with_space.mm < 0) & (without.mm > 0)))
        away = np.linalg.norm(point - head_center("left"), axis=1)
        deepest = np.linalg.norm(hip.hip_bone.vertices[hip.hip_bone.joint] - head_center("left"), axis=1).max()
        assert len(point) > 1000
        assert away.min() > 23.0 - 3.0
        assert away.max() < deepest + STEP_MM


class TestDisplacement:
    @pytest.mark.parametrize("offset_mm", [-3.0, -1.0, 0.0, 1.0, 2.5])
    def test_a_fit_off_everywhere_is_put_right(self, offset_mm):
        shift = smooth_displacement(seen(fit("femur"), offset_mm))
        assert shift == pytest.approx(offset_mm, abs=0.1)

    def test_the_field_follows(self):
        fitted = fit("femur")
        moved = bone_distance(displaced(seen(fitted, 2.0)), "left", "femur", head("left"))
        assert np.median(at(moved, fitted.vertices + 2.0 * fitted.normals)) == pytest.approx(0.0, abs=0.5)

    def test_where_nothing_is_seen_nothing_moves(self):
        assert not smooth_displacement(seen(fit("pelvis"), np.nan)).any()

    def test_what_is_not_seen_is_bridged(self):
        fitted = fit("pelvis")
        hidden = fitted.vertices[:, 2] > 60
        shift = smooth_displacement(seen(fitted, np.where(hidden, np.nan, -2.0)))
        edge = hidden & (fitted.vertices[:, 2] < 64)
        assert shift[~hidden].mean() == pytest.approx(-2.0, abs=0.1)
        assert (shift[edge] < -0.3).all()
        assert (shift >= -2.0).all()

    @pytest.mark.parametrize("offset_mm", [4.0, 5.9, -4.5])
    def test_edges_too_far_off_are_not_the_surface(self, offset_mm):
        assert not smooth_displacement(seen(fit("femur"), offset_mm)).any()

    @pytest.mark.parametrize("height_mm", [2.0, 3.9])
    def test_bone_grown_on_a_spot_stays_outside(self, height_mm):
        fitted = fit("femur")
        spot = np.linalg.norm(fitted.vertices - fitted.vertices[fitted.vertices[:, 0].argmax()], axis=1) < 8.0
        assert 5 < spot.sum() < 0.1 * len(spot)
        shift = smooth_displacement(seen(fitted, np.where(spot, height_mm, 0.0)))
        assert shift.max() < 0.5 * height_mm
        assert np.abs(shift[~spot]).mean() < 0.05


class TestClosed:
    @pytest.mark.parametrize("bone", BONES)
    @pytest.mark.parametrize("side", ["left", "right"])
    def test_every_edge_is_walked_both_ways(self, bone, side):
        faces = capped(fit(bone, side).faces)
        edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
        there, back = ({tuple(e) for e in edges[:, order].tolist()} for order in ([0, 1], [1, 0]))
        assert there == back
        assert len(there) == len(edges)

    def test_what_is_closed_stays_as_it_is(self):
        faces = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]])
        assert capped(faces) is faces

    def test_volume_of_a_voxelised_ball(self):
        points = np.random.default_rng(0).normal(size=(2000, 3))
        points *= 10.0 / np.linalg.norm(points, axis=1, keepdims=True)
        hull = ConvexHull(points)
        faces = hull.simplices.astype(np.int64)
        inward = np.einsum("fi,fi->f", hull.equations[:, :3], np.cross(
            points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]])) < 0  # fmt: skip
        faces[inward] = faces[inward, ::-1]
        grid = Grid.axial((30, 24, 34), (0.8, 1.0, 0.7), (-11.9, -12.1, -12.0))
        inside = voxelised(grid, points, faces)
        assert inside.sum() * grid.voxel_volume_mm3 == pytest.approx(4 / 3 * np.pi * 1000, rel=0.02)
        assert grid.to_lps(np.argwhere(inside).mean(axis=0)) == pytest.approx([0, 0, 0], abs=0.1)


class TestSignedDistance:
    def test_half_a_voxel_outside_of_the_outermost_voxels_it_is_zero(self):
        mask = np.zeros((9, 11, 12), np.uint8)
        mask[3:7, 4:8, 2:8] = 1
        mm = signed_distance_mm(mask)
        np.testing.assert_allclose(mm[5, 5, :4], np.array([1.5, 0.5, -0.5, -1.5]) * STEP_MM)
        outside = ndi.distance_transform_edt(mask == 0) - 0.5
        np.testing.assert_allclose(mm[mask == 0], outside[mask == 0] * STEP_MM, rtol=1e-6)

    def test_nothing_is_far_away_and_a_full_box_has_its_surface_at_its_border(self):
        assert (signed_distance_mm(np.zeros((3, 4, 5), np.uint8)) == FAR_MM).all()
        assert signed_distance_mm(np.ones((5, 5, 5), np.uint8))[2, 2].tolist() == [-0.75, -2.25, -3.75, -2.25, -0.75]
