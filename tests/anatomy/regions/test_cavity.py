"""The cavity lies between the hip bones; its wall's muscles, the gluteal side and the thigh do not belong to it."""

from __future__ import annotations

import numpy as np
import pytest
from made_detection import anatomy

from ho_detect.anatomy.regions.cavity import cavity_of
from ho_detect.anatomy.regions.muscle_groups import muscle_courses
from ho_detect.image.sides import mirror_of
from ho_detect.settings import JointSettings


def cavity(side="left"):
    hip = anatomy(side)
    return cavity_of(hip, muscle_courses(hip, JointSettings()))


def at(side, *places):
    """LPS mm of places given as (lateral, posterior, superior) of the head center."""
    return anatomy(side).center_lps_mm + mirror_of(side) * np.array(places, float)


INSIDE = [(-85.0, 10.0, 40.0), (-80.0, -60.0, 90.0), (-60.0, -20.0, 30.0)]
#: Gluteus medius, in front of the head, thigh, ischial tuberosity, beyond the trochanter.
OUTSIDE = [(60.0, 20.0, 70.0), (0.0, -45.0, 0.0), (20.0, -10.0, -90.0), (-30.0, 80.0, -60.0), (75.0, 0.0, 0.0)]


@pytest.mark.parametrize("side", ["left", "right"])
def test_between_the_hip_bones_is_inside_and_around_them_is_not(side):
    assert cavity(side).inside(at(side, *INSIDE))[0].tolist() == [True] * len(INSIDE)
    assert cavity(side).inside(at(side, *OUTSIDE))[0].tolist() == [False] * len(OUTSIDE)


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_iliopsoas_on_the_wall_is_not_away_from_it(side):
    psoas = at(side, (-38.0, 8.0, 100.0), (-30.0, -5.0, 70.0))
    assert cavity(side).away_from_wall(psoas, 18.0).tolist() == [False, False]
    assert cavity(side).away_from_wall(at(side, (-85.0, 0.0, 40.0)), 18.0).tolist() == [True]


def test_mirrored_hips_have_mirrored_cavities():
    rng = np.random.default_rng(3)
    places = rng.uniform((-120, -90, -60), (90, 90, 140), (400, 3))
    left, right = (cavity(s).inside(at(s, *places))[0] for s in ("left", "right"))
    assert 20 < left.sum() < 380
    assert (left == right).mean() > 0.97


def test_farther_from_the_wall_there_is_less_of_it():
    places = np.random.default_rng(4).uniform((-120, -90, -40), (40, 70, 130), (600, 3))
    shares = [cavity().away_from_wall(at("left", *places), mm).mean() for mm in (0.0, 10.0, 20.0, 40.0)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[-1]
