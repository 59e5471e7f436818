"""The strength of metal's artefact: none where nothing is changed, more where more is, alike in mirrored scans."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.anatomy.metal.artefact import artefact_hu, artefact_terms
from ho_detect.image.grid import Grid
from ho_detect.image.morphology import distance_anywhere

SHAPE = (24, 90, 110)
GRID = Grid.axial(SHAPE, (1.5, 1.5, 1.5))
BODY = np.ones(SHAPE, bool)


def made(streak_hu=0.0, shadow_hu=0.0, noise_hu=8.0):
    """Muscle with metal in the slices 8 to 16, and streaks or a shadow in all columns right of it."""
    rng = np.random.default_rng(1)
    hu = rng.normal(55.0, noise_hu, SHAPE).astype(np.float32)
    metal = np.zeros(SHAPE, bool)
    metal[8:16, 40:50, 20:30] = True
    lines = np.where(np.arange(SHAPE[1]) % 4 < 2, streak_hu, -streak_hu)[:, None]
    hu[8:16, :, 30:] += (lines - shadow_hu)[:, :]
    hu[metal] = 3071.0
    return WorkingVolume(hu, GRID), metal


def strength(volume, metal, body=BODY):
    return artefact_hu(volume, distance_anywhere(metal, GRID.spacing_mm), body)


BESIDE, FAR_SLICE = np.s_[11, 45, 60], np.s_[22, 45, 60]


def test_beside_metal_that_changes_nothing_only_its_blooming_is_left():
    found = strength(*made())
    assert found[BESIDE] < 15.0
    assert found[12, 45, 31] > 100.0
    assert (found >= 0.0).all()


def test_it_falls_with_distance_from_metal():
    found = strength(*made())[12, 45, 30:40]
    assert (np.diff(found) < 0).all()


@pytest.mark.parametrize("kind", ["streak_hu", "shadow_hu"])
def test_more_change_is_a_stronger_artefact(kind):
    at = [strength(*made(**{kind: hu}))[BESIDE] for hu in (0.0, 120.0, 240.0, 350.0)]
    assert at[0] < at[2] < at[3]
    assert at[3] > 100.0


def test_slices_without_metal_have_none():
    found = strength(*made(streak_hu=200.0))
    assert found[BESIDE] > 100.0
    assert found[FAR_SLICE] < 15.0


def test_noise_of_the_whole_scan_is_none():
    assert strength(*made(noise_hu=45.0))[BESIDE] < 25.0


def test_mirrored_it_is_mirrored():
    volume, metal = made(streak_hu=150.0)
    mirrored = WorkingVolume(np.ascontiguousarray(volume.hu[:, :, ::-1]), GRID)
    found = strength(mirrored, metal[:, :, ::-1])
    assert np.allclose(found[:, :, ::-1], strength(volume, metal), atol=2.0)


def test_what_lies_outside_of_the_body_says_nothing():
    volume, _ = made(streak_hu=200.0)
    body = BODY.copy()
    body[:, :, 60:] = False
    rough, shadow = artefact_terms(volume, body)
    # far from the body nothing of it is left
    assert rough[12, 45, -1] < rough[12, 45, 45]
    assert shadow[12, 45, -1] <= shadow[12, 45, 45] + 1.0
