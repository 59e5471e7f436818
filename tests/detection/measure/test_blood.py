"""Blood is what is as dense as the vessels that contrast medium fills in the same scan."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.anatomy.regions.vessels import FilledVessels, Vessel
from ho_detect.detection.measure.blood import blood_share

SPACING_MM = (1.5, 1.0, 1.0)


def filled(*lumens_hu):
    vessels = tuple(Vessel(np.zeros((1, 3)), np.ones(1), hu) for hu in lumens_hu)
    return [FilledVessels(vessels, None)]


def tube(radius_mm=5.0):
    y, x = np.indices((21, 21)) - 10.0
    return np.repeat((np.hypot(y, x) <= radius_mm)[None], 30, axis=0)


@pytest.mark.parametrize("radius_mm", [5.0, 1.2])
def test_what_is_as_dense_as_a_filled_vessel_is_blood(radius_mm):
    mask, rng = tube(radius_mm), np.random.default_rng(1)
    hu = np.where(mask, 200.0 + 8.0 * rng.standard_normal(mask.shape), 50.0).astype(np.int16)
    assert blood_share(hu, mask, SPACING_MM, filled(205.0)) > 0.95
    assert blood_share(hu, mask, SPACING_MM, filled(400.0, 205.0)) > 0.95  # an artery and a vein
    assert blood_share(hu, mask, SPACING_MM, filled(300.0)) == 0.0


def test_without_contrast_medium_nothing_is_blood():
    assert blood_share(np.full((3, 9, 9), 200, np.int16), np.ones((3, 9, 9), bool), SPACING_MM, []) == 0.0


def test_new_bone_of_the_same_mean_is_little_of_it_blood():
    mask, rng = tube(), np.random.default_rng(2)
    hu = np.where(mask, rng.uniform(120.0, 480.0, mask.shape), 50.0).astype(np.int16)
    assert blood_share(hu, mask, SPACING_MM, filled(300.0)) < 0.35
