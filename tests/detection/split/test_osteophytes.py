"""Osteophytes beside a spur are split from it; the broad base of a lesion is not."""

from __future__ import annotations

import numpy as np
import pytest
from made_detection import MUSCLE_HU, region
from phantoms import box

from ho_detect.detection.candidates import Candidate
from ho_detect.detection.split.osteophytes import split_from_osteophytes
from ho_detect.settings import JudgeSettings

SHAPE = (50, 40, 90)
#: On bone that ends below slice 10: a spur of 30 mm, and a ridge of 6 mm that runs from it along the bone.
SPUR = box(SHAPE, (10, 15, 10), (40, 25, 20))
RIDGE = box(SHAPE, (10, 15, 20), (16, 25, 80))


def split_parts(ridge_hu, mask=SPUR | RIDGE):
    hu = np.full(SHAPE, MUSCLE_HU)
    hu[:10] = 600.0
    hu[RIDGE & mask] = ridge_hu
    hu[SPUR & mask] = 500.0
    distance = np.broadcast_to((np.arange(SHAPE[0]) - 9.5)[:, None, None], SHAPE)
    candidate = Candidate(tuple(slice(0, n) for n in SHAPE), mask, joined=True)
    return split_from_osteophytes(region(hu, distance_mm=distance), candidate, JudgeSettings())


def test_a_ridge_as_dense_as_the_bone_is_judged_apart():
    ridge, spur = split_parts(620.0)
    assert (ridge.is_split, spur.is_split, ridge.joined, spur.joined) == (True,) * 4
    assert ((ridge.mask | spur.mask) == (SPUR | RIDGE)).all()
    assert not (ridge.mask & spur.mask).any()
    assert spur.mask[SPUR].all()
    # of the ridge the spur keeps what its base may be
    assert ridge.mask[RIDGE].mean() == pytest.approx(50 / 60, abs=0.05)


def test_a_ridge_fainter_than_the_bone_is_its_foot():
    assert split_parts(500.0) == []


@pytest.mark.parametrize("mask", [SPUR, RIDGE], ids=["spur", "ridge"])
def test_either_alone_is_left_as_it_is(mask):
    assert split_parts(620.0, mask) == []
