"""The phantom is what it says: volumes, places, and both sides alike."""

from __future__ import annotations

import numpy as np
import pytest
from model_hips import BRIDGE, CORTEX_HU, ISLAND, MUSCLE_HU, Growth, Plan, head_center, nearest, scan, surface


def at(study, lps):
    index = np.rint(study.volume.grid.to_index(lps)).astype(int)
    return study.volume.hu[tuple(np.atleast_2d(index).T)]


def test_volume_of_a_ball():
    study = scan(Plan((Growth("left", ((0.0, 70.0, 0.0),), 10.0),)))
    assert study.volumes_mm3[0] == pytest.approx(4 / 3 * np.pi * 1000, rel=0.01)
    assert study.centroids[0] == pytest.approx(head_center("left") + np.array([0, 70, 0]), abs=0.1)


def test_density_where_it_belongs():
    study = scan(Plan((ISLAND, BRIDGE)))
    assert at(study, study.centroids[0])[0] < 300
    assert at(study, [0, -60, 60])[0] == pytest.approx(MUSCLE_HU, abs=40)
    for side in ("left", "right"):
        vertices, _ = surface("femur", side)
        assert np.median(at(study, vertices)) == pytest.approx((CORTEX_HU + MUSCLE_HU) / 2, rel=0.3)
        assert at(study, head_center(side))[0] == pytest.approx(300, abs=40)


def test_turned_as_a_whole():
    study = scan(Plan((ISLAND,), turn_deg=20.0))
    assert at(study, study.centers["left"])[0] == pytest.approx(300, abs=40)
    assert study.centers["left"][1] == pytest.approx(91 * np.sin(np.radians(20)))
    assert np.linalg.norm(study.centroids[0]) == pytest.approx(np.linalg.norm(scan(Plan((ISLAND,))).centroids[0]))


def test_bridge_stands_on_both_bones():
    for bone, end in (("pelvis", BRIDGE.path[0]), ("femur", BRIDGE.path[-1])):
        assert nearest(bone, end) == end
