"""Metal: its size, how far it is, and which hips it hides."""

from __future__ import annotations

import numpy as np
import pytest
from made_detection import anatomy
from phantoms import ball, volume

from ho_detect.anatomy.regions.metal import find_metal, hide_behind_metal
from ho_detect.anatomy.regions.tissue import Tissue
from ho_detect.image.grid import Grid
from ho_detect.settings import AnatomySettings

SETTINGS = AnatomySettings()
SHAPE, SPACING = (50, 60, 70), (2.0, 1.5, 1.5)
#: LPS mm of the volume's first voxel: a left hip lies in its middle.
ORIGIN = np.array([40.0, -45.0, -50.0])
GRID = Grid.axial(SHAPE, SPACING, ORIGIN)
COARSE = Grid.axial((40, 40, 42), (3.0, 3.0, 3.0), ORIGIN - 6.0)


def tissue(inside=True):
    whole = np.full(COARSE.shape, inside)
    return Tissue(COARSE, whole, whole, whole)


def ct(*balls, hu=3071.0):
    values = np.full(SHAPE, 55.0)
    for center, radius in balls:
        values[ball(SHAPE, GRID.to_index(center), radius, SPACING)] = hu
    return volume(values, grid=GRID)


HEAD = (91.0, 0.0, 0.0)
BALL = (HEAD, 14.0)


class TestFound:
    def test_volume_of_a_ball(self):
        assert find_metal(ct(BALL), tissue(), SETTINGS).volume_mm3 == pytest.approx(4 / 3 * np.pi * 14**3, rel=0.03)

    def test_pieces_add_up(self):
        two = find_metal(ct(((70.0, -20.0, -30.0), 6.0), ((110.0, 20.0, 30.0), 8.0)), tissue(), SETTINGS)
        assert two.volume_mm3 == pytest.approx(4 / 3 * np.pi * (6**3 + 8**3), rel=0.07)

    @pytest.mark.parametrize("made", [ct(), ct((HEAD, 3.0)), ct(BALL, hu=2400.0)], ids=["none", "a clip", "cortex"])
    def test_none(self, made):
        found = find_metal(made, tissue(), SETTINGS)
        assert found.volume_mm3 == 0.0
        assert np.isinf(found.distance_to(np.zeros((3, 3)))).all()

    def test_outside_of_the_body_it_is_none(self):
        assert find_metal(ct(BALL), tissue(False), SETTINGS).volume_mm3 == 0.0

    def test_the_limit_is_a_setting(self):
        assert find_metal(ct(BALL, hu=2400.0), tissue(), AnatomySettings(metal_hu=2000.0)).volume_mm3 > 0


class TestDistance:
    def test_is_that_to_its_surface_within_the_diagonal_of_a_voxel(self):
        found = find_metal(ct(BALL), tissue(), SETTINGS)
        directions = np.random.default_rng(0).normal(size=(200, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        for away in (16.0, 20.0, 28.0):
            assert found.distance_to(HEAD + away * directions) == pytest.approx(away - 14.0, abs=1.5 * 3.0)
        assert found.distance_to(np.array([HEAD])) == 0.0

    def test_is_known_beyond_the_volume_too(self):
        found = find_metal(ct(BALL), tissue(), SETTINGS)
        assert found.distance_to(np.array([[500.0, 0.0, 0.0]]))[0] > 20


class TestHidden:
    def hidden(self, *balls, side="left"):
        made = ct(*balls)
        (hip,) = hide_behind_metal(made, (anatomy(side),), find_metal(made, tissue(), SETTINGS), SETTINGS)
        return hip.joint

    def test_a_head_of_metal_hides_the_hip_and_is_its_center(self):
        joint = self.hidden(((94.0, 2.0, -1.0), 14.0))
        assert joint.status == "not_assessable"
        assert [r.code for r in joint.reasons] == ["hidden_by_metal"]
        assert joint.center_lps_mm == pytest.approx((94.0, 2.0, -1.0), abs=0.8)
        assert joint.head_radius_mm == pytest.approx(14.0, abs=1.5)
        assert joint.residual_mm is None

    def test_a_nail_hides_it_and_leaves_the_center(self):
        joint = self.hidden(*[((91.0, 0.0, z), 4.0) for z in range(-40, 10, 3)])
        assert joint.status == "not_assessable"
        assert (joint.center_lps_mm, joint.head_radius_mm) == (HEAD, anatomy("left").joint.head_radius_mm)

    def test_metal_farther_off_than_its_zone_hides_nothing(self):
        made = ((91.0, 0.0, -40.0), 8.0)
        assert self.hidden(made) == anatomy("left").joint
        assert self.hidden(((91.0, 0.0, -24.0), 8.0)).status == "not_assessable"

    def test_only_the_hip_beside_it(self):
        made = ct(BALL)
        hips = (anatomy("left"), anatomy("right"))
        far = np.pad(tissue().body, ((0, 0), (0, 0), (60, 0)))  # so that the other hip lies on the grid too
        grid = Grid.axial(far.shape, (3.0, 3.0, 3.0), ORIGIN - 6.0 - np.array([180.0, 0, 0]))
        wide = Tissue(grid, np.ones_like(far), far, far)
        left, right = hide_behind_metal(made, hips, find_metal(made, wide, SETTINGS), SETTINGS)
        assert left.joint.status == "not_assessable"
        assert right.joint == anatomy("right").joint
