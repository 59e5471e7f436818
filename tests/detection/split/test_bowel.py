"""Bowel with contrast medium is split from ossification against it; a lesion alone is left as it is."""

from __future__ import annotations

import numpy as np
from made_detection import MUSCLE_HU, anatomy, frames, region
from phantoms import ball

from ho_detect.anatomy.regions.cavity import cavity_of
from ho_detect.anatomy.regions.muscle_groups import muscle_courses
from ho_detect.detection.candidates import Candidate
from ho_detect.detection.split.bowel import split_from_bowel
from ho_detect.image.grid import Grid
from ho_detect.settings import JointSettings


def cavity():
    hip = anatomy("left")
    return cavity_of(hip, muscle_courses(hip, JointSettings()))


SHAPE = (50, 60, 90)
#: On the wall of the cavity, and 30 mm from it.
LESION = ball(SHAPE, center=(25, 30, 66), radius=14)
BOWEL = ball(SHAPE, center=(25, 30, 36), radius=18)


def split_parts(*, bowel=True, lesion=True, rim_hu=650.0, wall_mm=18.0, noise_hu=15.0):
    """A lesion with a lucent core on the wall of the left pelvic cavity, its medial side against bowel."""
    hu = np.full(SHAPE, MUSCLE_HU)
    mask = (LESION & lesion) | (BOWEL & bowel)
    hu[BOWEL & mask] = 235.0
    if lesion:
        hu[LESION] = rim_hu
        hu[ball(SHAPE, center=(25, 30, 66), radius=11)] = 180.0
    hu += np.random.default_rng(1).normal(0.0, noise_hu, SHAPE)
    frame = frames()["left"]
    # the array's last columns lie at the wall
    origin = frame.center + np.array([-24.0 - 80.0, -30.0, -20.0])
    distance = np.broadcast_to(80.0 - np.arange(SHAPE[2]), SHAPE)
    found = region(hu, distance_mm=distance, noise_hu=noise_hu)
    found = type(found)(**{**vars(found), "grid": Grid.axial(SHAPE, (1, 1, 1), origin)})
    whole = tuple(slice(0, n) for n in SHAPE)
    return mask, split_from_bowel(found, Candidate(whole, mask, joined=True), cavity(), wall_mm)


def test_bowel_and_lesion_are_judged_apart():
    mask, (fluid, rest) = split_parts()
    assert (fluid.joined, rest.joined, fluid.is_split, rest.is_split) == (False, True, True, True)
    assert ((fluid.mask | rest.mask) == mask).all()
    assert not (fluid.mask & rest.mask).any()
    assert rest.mask[LESION].mean() > 0.99
    assert fluid.mask[BOWEL & ~LESION].mean() > 0.95


def test_a_lesion_alone_is_left_as_it_is():
    assert split_parts(bowel=False)[1] == []


def test_where_all_is_bowel_no_empty_rest_is_left():
    mask, parts = split_parts(lesion=False, noise_hu=0.0)
    assert [part.mask.sum() for part in parts] == [mask.sum()]


def test_what_is_near_the_wall_is_no_bowel():
    assert split_parts(wall_mm=70.0)[1] == []
