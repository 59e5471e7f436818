"""Muscle groups by position: known places, both sides alike, moving with the bones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_detection import anatomy
from model_hips import head_center

from ho_detect.anatomy.regions.muscle_groups import GROUPS, muscle_courses
from ho_detect.image.grid import rotation
from ho_detect.image.sides import mirror_of
from ho_detect.settings import JointSettings

JOINT = JointSettings()
#: Offset from the head center (lateral, posterior, superior), mm: what an atlas of anatomy shows there.
PLACES = [
    ((0.0, -36.0, 0.0), "iliopsoas_rectus_femoris"),  # in front of the head
    ((-30.0, -5.0, 70.0), "iliopsoas_rectus_femoris"),  # on the pelvic brim
    ((24.0, -36.0, -70.0), "iliopsoas_rectus_femoris"),  # front of the thigh
    ((58.0, 10.0, 45.0), "gluteus_medius_minimus"),  # between ilium and trochanter
    ((5.0, 95.0, 20.0), "gluteus_maximus"),  # buttock
    ((0.0, 55.0, -2.0), "external_rotators"),  # behind the joint
    ((-55.0, -20.0, -95.0), "adductors_obturators"),  # inner thigh
    ((-20.0, 66.0, -110.0), "hamstrings"),  # below the ischium
    ((45.0, 4.0, -110.0), "vasti"),  # outside of the shaft
]


def around(side, offset, n=60):
    """Points of a small lesion at an offset from the head center."""
    spread = np.random.default_rng(2).normal(0, 3.0, (n, 3))
    return head_center(side) + mirror_of(side) * (np.array(offset) + spread)


@pytest.mark.parametrize(("offset", "group"), PLACES)
@pytest.mark.parametrize("side", ["left", "right"])
def test_known_places(side, offset, group):
    assert muscle_courses(anatomy(side), JOINT).group_of(around(side, offset)) == group


def test_every_group_has_a_place():
    assert {group for _, group in PLACES} == set(GROUPS)


def test_far_from_every_muscle_there_is_none():
    assert muscle_courses(anatomy("left"), JOINT).group_of(around("left", (140.0, 0.0, 0.0))) is None


def test_moves_with_the_bones():
    hip = anatomy("left")
    turn, shift = rotation("z", 25.0) @ rotation("x", 10.0), np.array([30.0, -12.0, 400.0])

    def moved(fit):
        return replace(fit, vertices=fit.vertices @ turn.T + shift, normals=fit.normals @ turn.T)

    there = muscle_courses(replace(hip, femur=moved(hip.femur), hip_bone=moved(hip.hip_bone)), JOINT)
    here = muscle_courses(hip, JOINT)
    for offset, group in PLACES:
        points = around("left", offset)
        assert here.group_of(points) == there.group_of(points @ turn.T + shift) == group


def test_the_group_is_that_of_most_points():
    both = np.concatenate([around("left", PLACES[0][0], 70), around("left", PLACES[4][0], 30)])
    assert muscle_courses(anatomy("left"), JOINT).group_of(both) == PLACES[0][1]
