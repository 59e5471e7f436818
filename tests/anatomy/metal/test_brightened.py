"""Tissue that metal brightens is told from bone in tissue that it does not: bright all around, not bone's own place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.anatomy.metal.brightened import brightened_hu, ordinary_hu
from ho_detect.image.grid import Grid

SHAPE = (12, 80, 100)
GRID = Grid.axial(SHAPE, (1.5, 1.5, 1.5))
BODY = np.ones(SHAPE, bool)
METAL = np.zeros(SHAPE, bool)
METAL[4:9, 36:44, 10:20] = True
#: As strong an artefact that it bounds nothing.
STRONG = np.full(SHAPE, 1000.0, np.float32)
AT = (6, 40, 60)
MUSCLE_HU = 55.0


def muscle(flare_hu=0.0, bone_hu=None, bone_mm=9.0, noise_hu=10.0):
    """Muscle with metal, brightened in a wide wedge beside it, and a ball of bone in the middle of that."""
    hu = np.random.default_rng(3).normal(MUSCLE_HU, noise_hu, SHAPE)
    z, y, x = np.indices(SHAPE)
    wedge = (x > 20) & (np.abs(y - 40) < 0.5 * (x - 10)) & METAL.any(axis=(1, 2))[:, None, None]
    hu[wedge] += flare_hu
    if bone_hu is not None:
        hu[np.linalg.norm([1.5 * (z - AT[0]), 1.5 * (y - AT[1]), 1.5 * (x - AT[2])], axis=0) < bone_mm] = bone_hu
    hu[METAL] = 3071.0
    return hu.astype(np.float32)


def found(hu, metal=METAL, strength=STRONG, body=BODY):
    return brightened_hu(WorkingVolume(np.ascontiguousarray(hu), GRID), np.ascontiguousarray(metal), body, strength)


@given(flare_hu=st.sampled_from([40.0, 80.0, 120.0]), bone_hu=st.sampled_from([None, 300.0, 800.0]))
@settings(max_examples=9, deadline=None)
def test_it_is_what_tissue_is_brighter_by_whether_or_not_bone_lies_in_it(flare_hu, bone_hu):
    assert found(muscle(flare_hu, bone_hu))[AT] == pytest.approx(flare_hu, rel=0.25)


@given(bone_hu=st.floats(300.0, 1200.0), bone_mm=st.floats(3.0, 15.0))
@settings(max_examples=15, deadline=None)
def test_bone_in_tissue_as_it_is_everywhere_is_not_brightened(bone_hu, bone_mm):
    assert found(muscle(bone_hu=bone_hu, bone_mm=bone_mm))[AT] < 15.0


def test_a_small_faint_lesion_is_hardly_taken_for_brightened_tissue():
    # 150 HU are 95 over muscle
    assert found(muscle(bone_hu=150.0, bone_mm=6.0))[AT] < 30.0


def test_nothing_is_darkened_and_where_nothing_is_changed_there_is_none():
    assert found(muscle(-150.0)).min() == 0.0
    assert found(muscle()).max() < 10.0


def test_slices_without_metal_have_none():
    hu = muscle()
    hu[:] = np.where(METAL, 3071.0, hu + 80.0 * (np.indices(SHAPE)[2] > 50))
    assert found(hu)[AT] > 40.0
    assert (found(hu)[[0, 1, 2, 10, 11]] == 0.0).all()
    assert (found(hu, np.zeros(SHAPE, bool)) == 0.0).all()


def test_it_is_bounded_by_the_strength_of_the_artefact():
    hu = muscle(120.0)
    assert found(hu, strength=np.full(SHAPE, 4.0, np.float32)).max() == pytest.approx(20.0)
    assert (found(hu, strength=np.zeros(SHAPE, np.float32)) == 0.0).all()


def test_fat_says_nothing_of_how_bright_muscle_is():
    hu = muscle(80.0)
    hu[:, 44:48] -= 155.0
    assert found(hu)[AT] == pytest.approx(found(muscle(80.0))[AT], abs=15.0)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_mirrored_it_is_mirrored(axis):
    hu = muscle(80.0, 500.0)
    assert np.allclose(np.flip(found(np.flip(hu, axis), np.flip(METAL, axis)), axis), found(hu), atol=2.5)


def test_turned_in_its_slices_it_is_turned():
    hu, metal = muscle(80.0, 500.0)[:, :80, :80], METAL[:, :80, :80]
    plain = found_in(hu, metal)
    assert np.allclose(
        np.rot90(found_in(np.rot90(hu, axes=(1, 2)), np.rot90(metal, axes=(1, 2))), -1, (1, 2)), plain, atol=2.5
    )


def found_in(hu, metal):
    grid = Grid.axial(hu.shape, (1.5, 1.5, 1.5))
    whole = np.ones(hu.shape, bool)
    strength = np.full(hu.shape, 1000.0, np.float32)
    return brightened_hu(WorkingVolume(np.ascontiguousarray(hu), grid), np.ascontiguousarray(metal), whole, strength)


def test_what_lies_outside_of_the_body_says_nothing():
    hu = muscle()
    body = BODY.copy()
    body[:, :, 70:] = False
    hu[:, :, 70:] += 150.0
    assert found(hu, body=body)[AT] < 10.0


def test_ordinary_tissue_is_what_most_of_it_is():
    volume = WorkingVolume(muscle(), GRID)
    assert ordinary_hu(volume, BODY) == pytest.approx(MUSCLE_HU, abs=1.0)
    assert ordinary_hu(volume, np.zeros(SHAPE, bool)) == 0.0
