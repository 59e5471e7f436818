"""Laws of a lesion put into a given CT: truth and voxels agree, bone and air stay, noise goes on through it."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.image.grid import Grid
from ho_detect.simulation.planted import Host, ball, implant, rod

SHAPE, SPACING = (40, 60, 60), (2.0, 1.0, 1.0)
BOX = (slice(0, 40), slice(0, 60), slice(0, 60))


def muscle(noise=20.0):
    rng = np.random.default_rng(5)
    hu = (50 + noise * rng.standard_normal(SHAPE)).astype(np.float32)
    bone, body = np.zeros(SHAPE, bool), np.ones(SHAPE, bool)
    bone[:, :10] = True
    hu[bone] = 700
    body[:, 50:] = False
    hu[~body] = -1000
    return Host(Grid.axial(SHAPE, SPACING), hu, bone, body, np.zeros(SHAPE, np.uint16))


@pytest.mark.parametrize("maturity", ["mature", "intermediate", "immature", "mixed"])
def test_a_lesion_lies_where_the_truth_says_and_nowhere_else(maturity):
    host, rng = muscle(), np.random.default_rng(1)
    before = host.hu.copy()
    d = ball(host.axial(BOX), np.array([30.0, 30.0, 40.0]), np.array([9.0, 9.0, 13.0]), rng)
    assert implant(host, BOX, d, maturity, rng) == 1
    here = host.labels == 1
    assert not (here & (host.bone | ~host.body)).any()
    assert (host.hu[host.bone | ~host.body] == before[host.bone | ~host.body]).all()
    assert host.hu[here].mean() > 120
    assert (host.hu != before).any(axis=0).sum() < 0.5 * 60 * 60


def test_noise_goes_on_through_a_lesion():
    spread = []
    for noise in (0.0, 30.0):
        host, rng = muscle(noise), np.random.default_rng(1)
        d = ball(host.axial(BOX), np.array([30.0, 30.0, 40.0]), np.array([9.0, 9.0, 13.0]), rng)
        implant(host, BOX, d, "immature", rng)
        spread.append(host.hu[host.labels == 1])
    assert 15 < (spread[1] - spread[0]).std() < 40


def test_what_lies_in_bone_or_air_alone_is_no_lesion():
    host, rng = muscle(), np.random.default_rng(1)
    d = ball(host.axial(BOX), np.array([30.0, 3.0, 40.0]), np.array([5.0, 5.0, 5.0]), rng)
    assert implant(host, BOX, np.maximum(d, 1.0 * (~host.bone)), "mature", rng) is None
    assert not host.labels.any()


def test_a_rod_follows_its_path():
    grid, rng = Grid.axial(SHAPE, SPACING), np.random.default_rng(2)
    d = rod(grid, np.array([[20.0, 20, 20], [30, 30, 40], [40, 30, 60]]), np.array([5.0, 6, 4]), rng)
    inside = grid.to_lps(np.argwhere(d < 0))
    assert np.linalg.norm(inside - [30, 30, 40], axis=1).min() < 3
    assert np.linalg.norm(inside - [30, 30, 40], axis=1).max() < 40
