"""Masks of bone in place of fitted surfaces: as far as they agree, and no farther."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from made_detection import anatomy
from nifti_masks import write_mask

from ho_detect.anatomy.native.surfaces import native_bone
from ho_detect.anatomy.user_masks.bone import agreeing, with_user_bone
from ho_detect.anatomy.user_masks.masks import BONES, Mask, UserMasks, supplied_masks
from ho_detect.settings import AnatomySettings

SETTINGS = AnatomySettings()
LIMIT_MM = SETTINGS.given_margin_mm


@lru_cache(maxsize=1)
def fitted():
    return native_bone((anatomy("left"),))


def field(bone):
    return next(f for f in fitted() if f.bone == bone)


def given(name, inside):
    """Masks of one bone, on the grid of its field."""
    of = field(BONES[name][1])
    return UserMasks({name: Mask(of.grid, inside)}, of.grid, np.zeros((0, 0, 0), np.uint8), {name: None})


def measured(name, inside):
    return next(f.mm for f in with_user_bone(fitted(), given(name, inside), SETTINGS) if f.bone == BONES[name][1])


def lump(bone, radius=9.0, out=7.0):
    """A ball whose center lies ``out`` mm outside of the lateral side of a bone's middle."""
    index = np.argwhere((np.abs(bone.mm - out) < 0.8) & (bone.mm > 0))
    at = index[np.argmin(np.abs(index - [bone.mm.shape[0] // 2, bone.mm.shape[1] // 2, bone.mm.shape[2]]).sum(axis=1))]
    places = np.indices(bone.mm.shape)
    return np.linalg.norm((places - at[:, None, None, None]) * bone.grid.spacing_mm[0], axis=0) <= radius


class TestDistance:
    @pytest.mark.parametrize("name", ["femur_left", "hip_left"])
    def test_a_mask_that_is_the_fitted_bone_changes_nothing(self, name):
        before = field(BONES[name][1]).mm
        np.testing.assert_allclose(measured(name, before <= 0), before, rtol=0, atol=1e-5, equal_nan=False)

    @pytest.mark.parametrize("mm", [-1.5, 1.5, 3.0])
    def test_a_mask_that_is_thicker_or_thinner_moves_the_surface(self, mm):
        before = field("femur").mm
        change = measured("femur_left", before <= mm) - before
        outside = (before > 5) & (before < 15)
        assert np.median(change[outside]) == pytest.approx(-mm, abs=0.8)

    def test_bone_grown_on_the_mask_does_not_become_native(self):
        bone = field("femur")
        grown = lump(bone)
        after = measured("femur_left", (bone.mm <= 0) | grown)
        high = grown & (bone.mm > LIMIT_MM + 0.1)
        assert high.sum() > 300
        assert (after[high] > 0).all()
        assert (after[grown & (bone.mm > 1.5)] > 0).mean() > 0.8

    def test_bone_that_the_mask_lacks_stays_native(self):
        bone = field("femur")
        half = (bone.mm <= 0) & (np.arange(bone.mm.shape[0])[:, None, None] > bone.mm.shape[0] // 2)
        after = measured("femur_left", half)
        assert (after[bone.mm < -LIMIT_MM] < 0).all()

    def test_the_joint_space_stays_native(self):
        """A mask of the hip bone has a gap to the head; the field of the pelvis takes it in."""
        pelvis, femur = field("pelvis"), field("femur")
        places = pelvis.grid.to_lps(np.argwhere(pelvis.mm <= 0))
        near = np.linalg.norm(places - pelvis.head.center_lps_mm, axis=1) < pelvis.head.radius_mm + 4.0
        inside = pelvis.mm <= 0
        inside[tuple(np.argwhere(inside)[near].T)] = False
        after = measured("hip_left", inside)
        assert (after[tuple(np.argwhere(pelvis.mm <= 0)[near].T)] <= 0).all()
        assert femur.side == pelvis.side

    def test_other_bones_are_left_as_they_are(self):
        after = with_user_bone(fitted(), given("femur_left", field("femur").mm <= 1.5), SETTINGS)
        assert [f is g for f, g in zip(after, fitted(), strict=True)] == [False, True]


class TestAgreement:
    def test_a_mask_of_that_bone_is_used(self):
        masks = agreeing(given("hip_left", field("pelvis").mm <= 0), fitted(), SETTINGS)
        assert (masks.names, masks.unused) == (("hip_left",), ())

    def test_a_mask_beside_it_is_not(self):
        bone = field("femur")
        masks = agreeing(given("femur_left", np.roll(bone.mm <= 0, 30, axis=2)), fitted(), SETTINGS)
        assert (masks.names, masks.unused, masks.bones) == ((), ("femur_left",), {})

    def test_a_mask_of_a_hip_that_was_not_found_is_not(self, tmp_path):
        bone = field("femur")
        write_mask(tmp_path / "femur_right.nii", bone.mm <= 0, bone.grid)
        masks = agreeing(supplied_masks(tmp_path, bone.grid), fitted(), SETTINGS)
        assert masks.unused == ("femur_right",)
