"""Surroundings are what lies around a candidate, its own blur left out; shares are 1 together."""

from __future__ import annotations

import numpy as np
import pytest
from made_detection import MUSCLE_HU, region
from phantoms import ball
from scipy import ndimage as ndi

from ho_detect.anatomy.user_masks.masks import supplied_masks
from ho_detect.detection.candidates import Candidate
from ho_detect.detection.measure.surroundings import surroundings
from ho_detect.image.grid import Grid

SHAPE = (41, 41, 41)
NAMES = ("muscle", "fat", "bone", "air")


def blob(around=MUSCLE_HU, spacing=(1.0, 1.0, 1.0)):
    mask = ball(SHAPE, center=(20, 20, 20), radius=6.0, spacing=spacing)
    return np.where(mask, 600.0, float(around)), mask


def found(hu, mask, spacing=(1.0, 1.0, 1.0)):
    whole = tuple(slice(0, n) for n in mask.shape)
    nothing = supplied_masks(None, Grid.axial(mask.shape, spacing))
    return surroundings(region(hu, spacing), Candidate(whole, mask, joined=False, touching=()), nothing)


@pytest.mark.parametrize(("around", "name"), [(55, "muscle"), (-100, "fat"), (300, "bone"), (-1000, "air")])
@pytest.mark.parametrize("spacing", [(1, 1, 1), (2.5, 0.8, 0.8)])
def test_are_what_lies_around_it(around, name, spacing):
    shares = {n: getattr(found(*blob(around, spacing), spacing), n) for n in NAMES}
    assert shares.pop(name) == 1.0
    assert set(shares.values()) == {0.0}


def test_add_up_on_both_sides_of_a_border():
    hu, mask = blob()
    hu[:20][~mask[:20]] = -100.0
    around = found(hu, mask)
    assert around.fat == pytest.approx(0.5, abs=0.05)
    assert around.muscle + around.fat == pytest.approx(1.0)
    assert around.muscle_hu == MUSCLE_HU


@pytest.mark.parametrize("around", [-1000, -250, -200, -100, -20, 0, 55, 149, 150, 900])
def test_are_one_together_whatever_the_density(around):
    assert sum(found(*blob(around))[:4]) == 1.0


def test_are_not_known_where_nothing_of_them_is_in_view():
    mask = np.ones((9, 9, 9), bool)
    assert np.isnan(found(np.full(mask.shape, 600.0), mask)).all()


def test_the_blur_at_its_own_border_is_not_its_surroundings():
    hu, mask = blob()
    hu[(ndi.distance_transform_edt(~mask) <= 1.5) & ~mask] = 300.0
    assert found(hu, mask).bone == 0.0
