"""Joint space on made joints: a ball in a cup, both with a thin dense plate, as a scanner sees them."""

from __future__ import annotations

import numpy as np
import pytest
from made_detection import anatomy
from phantoms import volume
from scipy import ndimage as ndi
from scipy.stats import norm

from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.fit.shaft import Shaft
from ho_detect.anatomy.fit.shape_fit import SurfaceFit
from ho_detect.anatomy.hip_joint import HipJoint
from ho_detect.anatomy.joint import joint_space as module
from ho_detect.anatomy.joint.joint_space import _edge_height
from ho_detect.image.grid import Grid
from ho_detect.settings import JointSettings

RADIUS, PLATE_MM, PLATE_HU = 23.0, 1.4, 1100.0
FINE = 0.5
NO_SHAFT = Shaft(np.empty((0, 3)), np.empty((0, 3), np.int64), np.array([0.0, 0.0, -150.0]), np.array([0.0, 0.0, -1.0]))


def joint_space(ct, hip):
    return module.joint_space(ct, hip, JointSettings())


def directions():
    rng = np.random.default_rng(3)
    d = rng.normal(size=(1500, 3))
    return d / np.linalg.norm(d, axis=1, keepdims=True)


def fit(radius, shift=(0.0, 0.0, 0.0)):
    """A sphere as a fitted joint surface; only the upper half of it."""
    d = directions()
    d = d[d[:, 2] > -0.2]
    seen = np.ones(len(d), bool)
    return SurfaceFit(d * radius + shift, d, np.zeros((1, 3), np.int64), seen, seen, np.zeros(len(d)), 1.0)


def made(gap_mm, *, spacing=(1.0, 0.8, 0.8), shift=(0.0, 0.0, 0.0), blur_mm=0.55, noise_hu=15.0, above_mm=36.0):
    """Volume and hip of a head in a cup that leaves ``gap_mm``; ``shift`` moves the cup from the head."""
    low, high = np.array([-36.0, -36.0, -10.0]), np.array([36.0, 36.0, above_mm])
    fine = Grid.axial(tuple(((high - low)[::-1] / FINE).astype(int) + 1), (FINE,) * 3, low)
    at = fine.to_lps(np.moveaxis(np.indices(fine.shape), 0, -1))
    r, cup = np.linalg.norm(at, axis=-1), np.linalg.norm(at - np.array(shift), axis=-1) - RADIUS - gap_mm
    hu = np.full(fine.shape, 75.0)
    for depth in (RADIUS - r, cup):
        hu = np.where(depth >= 0, np.where(depth < PLATE_MM, PLATE_HU, 250.0), hu)
    hu = ndi.gaussian_filter(hu, (0, blur_mm / FINE, blur_mm / FINE))
    hu = ndi.uniform_filter1d(hu, max(1, round(spacing[0] / FINE)), axis=0)
    shape = tuple(((high - low)[::-1] / spacing).astype(int))
    grid = Grid.axial(shape, spacing, low)
    index = fine.to_index(grid.to_lps(np.moveaxis(np.indices(shape), 0, -1)))
    seen = ndi.map_coordinates(hu, np.moveaxis(index, -1, 0), order=1)
    seen += np.random.default_rng(0).normal(0, noise_hu, shape)
    joint = HipJoint(side="left", status="assessed", center_lps_mm=(0.0, 0.0, 0.0), head_radius_mm=RADIUS)
    return volume(seen, grid=grid), HipAnatomy(joint, fit(RADIUS), fit(RADIUS + gap_mm, shift), NO_SHAFT)


class TestWidth:
    @pytest.mark.parametrize("gap_mm", [2.5, 3.5, 5.0])
    @pytest.mark.parametrize("spacing", [(1.0, 0.8, 0.8), (2.0, 1.0, 1.0)])
    def test_of_an_even_joint(self, gap_mm, spacing):
        found = joint_space(*made(gap_mm, spacing=spacing))
        assert found.resolved > 0.9
        assert found.mean_mm == pytest.approx(gap_mm, abs=0.35)
        assert found.min_mm == pytest.approx(gap_mm, abs=0.55)
        assert found.min_mm <= found.mean_mm

    def test_narrower_on_one_side(self):
        even, tilted = joint_space(*made(3.5)), joint_space(*made(3.5, shift=(0.0, 1.2, 0.0)))
        assert tilted.mean_mm == pytest.approx(even.mean_mm, abs=0.2)
        assert tilted.min_mm < even.min_mm - 0.6

    def test_a_fit_that_is_off_by_a_millimetre_measures_the_same(self):
        ct, hip = made(3.5)
        off = HipAnatomy(hip.joint, fit(RADIUS - 1.0), fit(RADIUS + 4.5), NO_SHAFT)
        assert joint_space(ct, off).mean_mm == pytest.approx(joint_space(ct, hip).mean_mm, abs=0.05)


class TestNotSeparable:
    def test_bone_on_bone(self):
        found = joint_space(*made(0.4))
        assert (found.min_mm, found.mean_mm) == (None, None)
        assert found.resolved < 0.5

    def test_a_gap_narrower_than_the_slices(self):
        found = joint_space(*made(3.5, spacing=(5.0, 0.8, 0.8)))
        assert found.min_mm is None
        assert found.resolved < 0.7

    def test_where_one_patch_is_closed_no_minimum_is_said(self):
        found = joint_space(*made(2.0, shift=(0.0, 1.9, 0.0)))
        assert found.min_mm is None
        assert found.resolved < 0.95

    def test_no_roof_in_view(self):
        ct, hip = made(3.5, above_mm=12.0)
        assert joint_space(ct, hip).resolved is None

    def test_no_wall(self):
        ct, hip = made(3.5)
        soft = volume(np.minimum(ct.hu, 120), grid=ct.grid)
        assert joint_space(soft, hip).resolved is None


def test_edge_height_is_that_of_a_blurred_plate():
    x = np.arange(-20.0, 20.0, 0.001)
    for thickness in (0.5, 1.0, 2.0, 4.0, 8.0):  # in widths of the blur
        profile = norm.cdf(x) - norm.cdf(x - thickness)
        at_edge = np.interp(0.0, x, profile) / profile.max()
        assert _edge_height(np.array([profile.max()]))[0] == pytest.approx(at_edge, abs=0.01)


def test_sides_do_not_differ():
    # the model's own bones: the same joint mirrored
    found = []
    for side in ("left", "right"):
        hip = anatomy(side)
        low = hip.center_lps_mm - 40.0
        grid = Grid.axial((80, 80, 80), (1.0, 1.0, 1.0), low)
        at = grid.to_lps(np.moveaxis(np.indices(grid.shape), 0, -1)) - hip.center_lps_mm
        r = np.linalg.norm(at, axis=-1)
        hu = np.where((r < 22.0) | (r > 26.0), 700.0, 75.0)
        found.append(joint_space(volume(hu, grid=grid), hip))
    assert found[0].mean_mm == pytest.approx(found[1].mean_mm, abs=0.1)
    assert found[0].resolved == pytest.approx(found[1].resolved, abs=0.05)
