"""The shaft is followed where it goes, bone grown on it does not widen it, and it ends where the view ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_detection import anatomy
from model_hips import head_center

from ho_detect.anatomy.fit.shaft import _radii, follow_shaft, without_loose_end
from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.image.grid import Grid, rotation
from ho_detect.image.sides import mirror_of

STEP = 1.5


def axis_of(side):
    """Point and direction of the shaft of the person's femur near the end of the model."""
    vertices = anatomy(side).femur.vertices
    depth = vertices[:, 2]
    upper, lower = (vertices[(depth > a) & (depth < b)].mean(axis=0) for a, b in ((-100, -80), (-150, -130)))
    return lower, (lower - upper) / np.linalg.norm(lower - upper)


def scan(side, *, bend=0.0, growth=False, down_to_mm=-230.0, noise_hu=15.0):
    """HU of a tube of cortex that goes on from the femur of that side, bent by ``bend`` mm at its lower end."""
    start, axis = axis_of(side)
    low = np.array([start[0] - 60.0, start[1] - 60.0, down_to_mm])
    shape = (int((-100.0 - down_to_mm) / STEP), 80, 80)
    grid = Grid.axial(shape, (STEP,) * 3, low)
    at = grid.to_lps(np.moveaxis(np.indices(shape), 0, -1))
    below = (start[2] - at[..., 2]) / -axis[2]
    center = start + below[..., None] * axis
    center[..., 1] += bend * np.clip(below / 80.0, 0, None) ** 2
    arm = (at - center)[..., :2]
    away = np.linalg.norm(arm, axis=-1)
    hu = np.where(away < 8.0, -20.0, np.where(away < 14.0, 1200.0, 50.0))
    if growth:
        outward = arm[..., 0] * mirror_of(side)[0] < -0.8 * away
        hu = np.where(outward & (away >= 14.0) & (away < 21.0) & (at[..., 2] > -200) & (at[..., 2] < -165), 250.0, hu)
    hu += np.random.default_rng(1).normal(0, noise_hu, shape)
    return WorkingVolume(hu.astype(np.float32), grid)


def followed(side, **how):
    shaft = follow_shaft(scan(side, **how), anatomy(side).femur, head_center(side))
    return shaft, shaft.vertices.reshape(-1, 36, 3)


@pytest.mark.parametrize("side", ["left", "right"])
def test_follows_the_axis_and_the_width(side):
    shaft, rings = followed(side)
    start, axis = axis_of(side)
    centers = rings.mean(axis=1)
    off = np.linalg.norm(np.cross(centers - start, axis), axis=1)
    assert off[3:].max() < 1.0
    assert np.linalg.norm(rings - centers[:, None], axis=2)[6:].mean() == pytest.approx(14.0, abs=0.5)
    assert np.linalg.norm(shaft.end_lps_mm - head_center(side)) > 190.0


def test_follows_a_bend():
    _, rings = followed("left", bend=8.0)
    straight = followed("left")[1]
    n = min(len(rings), len(straight))
    assert (rings - straight)[n - 1, :, 1].mean() > 2.0
    assert np.linalg.norm(rings - rings.mean(axis=1)[:, None], axis=2)[6:].mean() == pytest.approx(14.0, abs=0.6)


def test_growth_on_it_does_not_widen_it():
    rings, plain = followed("left", growth=True)[1], followed("left")[1]
    wide, bare = (np.linalg.norm(r - r.mean(axis=1)[:, None], axis=2).max(axis=1) for r in (rings, plain))
    n = min(len(wide), len(bare))
    assert (wide[:n] - bare[:n]).max() < 2.0


def test_ends_with_the_view():
    shaft, rings = followed("left", down_to_mm=-175.0)
    assert -180.0 < rings[:, :, 2].min() < -160.0
    assert shaft.end_lps_mm[2] > -180.0


def test_nothing_to_follow():
    shaft = anatomy("left").shaft
    assert len(shaft.faces) == len(shaft.vertices) == 0
    assert shaft.end_lps_mm[2] == pytest.approx(anatomy("left").femur.vertices[:, 2].min(), abs=10.0)


def test_radii_of_an_ellipse_turn_with_it():
    angle = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    ellipse = np.c_[15 * np.cos(angle), 10 * np.sin(angle), 0 * angle]
    one = _radii(ellipse, np.zeros(3), np.array([0.0, 0.0, -1.0]))
    two = _radii(ellipse @ rotation("z", 90).T, np.zeros(3), np.array([0.0, 0.0, -1.0]))
    assert one.max() == pytest.approx(15.0, abs=0.1)
    assert one.min() == pytest.approx(10.0, abs=0.1)
    assert np.abs(np.roll(one, 9) - two).max() < 0.1


def seen_in(volume, femur):
    return replace(femur, in_view=volume.grid.contains(femur.vertices))


def bent_away(side, by_mm):
    """The person's femur with its lower end led aside, as a fit that has left the bone."""
    femur = anatomy(side).femur
    below = np.clip(-122.0 - femur.vertices[:, 2], 0.0, None)
    return replace(femur, vertices=femur.vertices + (by_mm * below / 28.0)[:, None] * np.array([0.0, 1.0, 0.0]))


@pytest.mark.parametrize("side", ["left", "right"])
def test_an_end_that_has_left_the_bone_is_cut_off_and_the_shaft_followed_from_above(side):
    volume = scan(side)
    femur = seen_in(volume, bent_away(side, 40.0))
    cut = without_loose_end(volume, femur)
    lowest = cut.vertices[np.unique(cut.faces)][:, 2].min()
    assert femur.vertices[:, 2].min() + 8.0 < lowest < -110.0
    assert not cut.in_view[cut.vertices[:, 2] < lowest - 5.0].any()
    start, axis = axis_of(side)
    rings = follow_shaft(volume, cut, head_center(side)).vertices.reshape(-1, 36, 3)
    off = np.linalg.norm(np.cross(rings.mean(axis=1) - start, axis), axis=1)
    assert off[8:].max() < 1.5
    assert rings[-1].mean(axis=0)[2] < -190.0


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("growth", [False, True])
def test_an_end_that_lies_on_bone_or_under_new_bone_stays(side, growth):
    volume = scan(side, growth=growth)
    femur = seen_in(volume, anatomy(side).femur)
    assert without_loose_end(volume, femur) is femur
