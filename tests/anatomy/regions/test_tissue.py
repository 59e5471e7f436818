"""Body, muscle and deep tissue on a cross-section made by hand: no table, no hand, no air, no skin."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.anatomy.regions.tissue import segment_tissue
from ho_detect.image.grid import Grid
from ho_detect.settings import AnatomySettings

SETTINGS = AnatomySettings()
GRID = Grid.axial((40, 90, 150), (3.0, 3.0, 3.0), (-223.5, -133.5, -58.5))
Z, Y, X = np.moveaxis(GRID.to_lps(np.moveaxis(np.indices(GRID.shape), 0, -1)), -1, 0)[::-1]
SKIN = (X / 165) ** 2 + (Y / 105) ** 2 < 1
MUSCLE = (X / 135) ** 2 + (Y / 80) ** 2 < 1
BONE = (np.abs(X) - 80) ** 2 + Y**2 < 20**2
BOWEL = X**2 + (Y + 20) ** 2 < 15**2
#: A fat seam between muscles, 9 mm wide.
SEAM = (np.abs(X - 40) < 4.5) & MUSCLE & (Y > 5)


def painted():
    hu = np.full(GRID.shape, -1000.0)
    hu[SKIN] = -100.0
    hu[MUSCLE] = 55.0
    hu[SEAM] = -95.0
    hu[BONE] = 400.0
    hu[BOWEL] = -900.0
    return hu + np.random.default_rng(0).normal(0, 8, hu.shape)


def segmented(hu):
    return segment_tissue(WorkingVolume(hu.astype(np.float32), GRID), SETTINGS)


@pytest.fixture(scope="module")
def plain():
    return segmented(painted())


def with_arm(sign):
    """An arm pressed deep into the flank at the lower levels, and 9 mm off it above; the points of the bones."""
    hu = painted()
    low = Z.min() + 45 > Z
    arm = (np.abs(X - sign * np.where(low, 180, 209)) < 30) & (np.abs(Y) < 45)
    apart = arm & ~low
    hu[arm & ~SKIN] = 40.0
    return hu, apart, GRID.to_lps(np.argwhere(BONE))


class TestOtherLimbs:
    @pytest.mark.parametrize("sign", [-1, 1])
    def test_what_air_parts_from_the_bones_at_a_level_is_not_body_there(self, sign):
        hu, apart, bones = with_arm(sign)
        before, found = (
            segment_tissue(WorkingVolume(hu.astype(np.float32), GRID), SETTINGS, points) for points in (None, bones)
        )
        assert before.body[apart].mean() > 0.9  # too thick where it is joined to come apart
        assert not found.body[apart].any()
        assert found.body[SKIN].mean() > 0.99

    @pytest.mark.parametrize("sign", [-1, 1])
    @pytest.mark.parametrize("has_bone", [True, False])
    def test_an_arm_that_lies_apart_at_some_levels_is_none_of_the_body_where_it_touches(self, sign, has_bone):
        hu, apart, bones = with_arm(sign)
        low = Z.min() + 45 > Z
        touching = (np.abs(X - sign * 180) < 30) & (np.abs(Y) < 45) & ~SKIN & low
        if has_bone:
            hu[(X - sign * np.where(low, 185, 209)) ** 2 + Y**2 < 9**2] = 600.0
        found = segment_tissue(WorkingVolume(hu.astype(np.float32), GRID), SETTINGS, bones)
        assert not found.body[apart].any()
        # without bone it may be a fold of the body
        assert (found.body[touching].mean() < 0.25) == has_bone
        assert found.body[SKIN & (np.abs(X) < 140)].mean() > 0.99

    @pytest.mark.parametrize("sign", [-1, 1])
    def test_another_limb_ends_where_these_hips_own_bone_lies(self, sign):
        """The other thigh, whose hip is out of view: above the crotch there is one body."""
        own, other = (X - sign * 60) ** 2 + Y**2 < 58**2, (X + sign * 75) ** 2 + Y**2 < 52**2
        joined = Z.min() + 45 <= Z
        hu = np.where(joined & SKIN | (own | other) & ~joined, 50.0, -1000.0)
        femur, pelvis = (X - sign * 60) ** 2 + Y**2 < 14**2, joined & (np.abs(X + sign * 36) < 12) & (np.abs(Y) < 14)
        hu[femur | pelvis | ((X + sign * 75) ** 2 + Y**2 < 14**2)] = 500.0
        found = segment_tissue(
            WorkingVolume(hu.astype(np.float32), GRID), SETTINGS, GRID.to_lps(np.argwhere(femur | pelvis))
        )
        assert found.body[joined & SKIN].mean() > 0.99
        assert not found.body[other & ~joined & (np.abs(X) > 30)].any()

    def test_a_level_where_bone_lies_bare_says_nothing(self):
        """Slices that were padded around what was segmented: a vessel in air is no limb."""
        hu = painted()
        bare = Z.min() + 7 > Z
        vessel = X**2 + (Y - 50) ** 2 < 7**2
        hu[vessel] = 300.0
        hu[bare & ~BONE & ~vessel] = -1000.0
        found = segment_tissue(WorkingVolume(hu.astype(np.float32), GRID), SETTINGS, GRID.to_lps(np.argwhere(BONE)))
        assert found.body[SKIN & ~bare].mean() > 0.98

    def test_two_thighs_are_body_and_levels_without_bone_are_left_alone(self):
        thigh = (np.abs(X) - 80) ** 2 + Y**2 < 60**2
        joined = Z.max() - 30 < Z
        hu = np.where((thigh & ~joined) | (SKIN & joined), 50.0, -1000.0)
        hu[BONE & thigh] = 400.0
        bones = GRID.to_lps(np.argwhere(BONE & (Z.min() + 20 < Z)))
        found = segment_tissue(WorkingVolume(hu.astype(np.float32), GRID), SETTINGS, bones)
        assert found.body[thigh & ~joined].mean() > 0.99


class TestBody:
    def test_is_all_inside_the_skin_with_its_gas(self, plain):
        assert (plain.body == SKIN).mean() > 0.995
        assert plain.body[BOWEL].all()

    @pytest.mark.parametrize("gap_mm", [4.0, 12.0])
    @pytest.mark.parametrize("sign", [-1, 1], ids=["prone", "supine"])
    def test_table_is_not_body(self, gap_mm, sign):
        hu = painted()
        depth = sign * Y - 105.0 - gap_mm
        table = (depth > 0) & (depth < 9) & (np.abs(X) < 200)
        hu[table] = -50.0
        found = segmented(hu)
        assert not found.body[table].any()
        assert found.body[SKIN].mean() > 0.99

    @pytest.mark.parametrize("gap_mm", [6.0, 0.0, -2.0], ids=["apart", "touching", "pressed in"])
    @pytest.mark.parametrize("sign", [-1, 1])
    def test_hand_is_not_body(self, gap_mm, sign):
        hu = painted()
        hand = (X - sign * (165 + gap_mm + 20)) ** 2 + Y**2 < 20**2
        hand &= ~SKIN & (np.abs(Z) < 36)
        hu[hand] = 40.0
        found = segmented(hu)
        assert found.body[hand].mean() < 0.1  # what is pressed into the skin cannot be told from it
        assert found.body[SKIN].mean() > 0.99

    def test_nothing_but_air(self):
        found = segmented(np.full(GRID.shape, -1000.0))
        assert not found.body.any()
        assert not found.deep.any()
        assert not found.muscle.any()

    def test_filling_the_view(self):
        assert segmented(np.full(GRID.shape, 50.0)).body.all()


class TestMuscle:
    def test_is_muscle(self, plain):
        assert not plain.muscle[~MUSCLE | BONE | BOWEL].any()
        inner = MUSCLE & ~BONE & ~BOWEL & ~SEAM
        assert plain.muscle[inner].mean() > 0.75

    def test_with_contrast_medium_is_muscle_too(self):
        hu = painted()
        hu[MUSCLE & ~BONE & ~BOWEL & ~SEAM] += 40.0
        assert segmented(hu).muscle[MUSCLE].mean() > 0.6


class TestDeep:
    def test_seams_and_bone_lie_deep_and_the_fat_under_the_skin_does_not(self, plain):
        assert plain.deep[SEAM & (Y < 60)].all()
        assert plain.deep[BONE].all()
        assert not plain.deep[(X / 145) ** 2 + (Y / 90) ** 2 > 1].any()

    def test_share_counts_points_outside_of_the_grid_as_not(self, plain):
        points = np.array([[0.0, 40.0, 0.0], [80.0, 0.0, 0.0], [0.0, 100.0, 0.0], [999.0, 0.0, 0.0]])
        assert plain.share(plain.deep, points) == 0.5
        assert plain.share(plain.body, points) == 0.75
        assert plain.share(plain.body, np.empty((0, 3))) == 0.0
