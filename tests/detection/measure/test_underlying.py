"""Beneath a candidate: how dense the bone is, and whether a cortex goes on there."""

from __future__ import annotations

import numpy as np
import pytest
from made_detection import MUSCLE_HU, region
from phantoms import ball

from ho_detect.detection.candidates import Candidate
from ho_detect.detection.measure.underlying import underlying_hu

SHAPE = (41, 41, 41)


def beneath(cortex_hu, *, free=False):
    """Bone up to 20 mm, its cortex 3 mm thick; a candidate of 300 HU on it, or 6 mm above it."""
    distance = np.indices(SHAPE)[0] - 20.0
    mask = ball(SHAPE, center=(24, 20, 20), radius=8.0) & (distance > (6.0 if free else 0.0))
    hu = np.where(distance <= 0, np.where(distance > -3, cortex_hu, 150.0), np.where(mask, 300.0, MUSCLE_HU))
    whole = tuple(slice(0, n) for n in SHAPE)
    candidate = Candidate(whole, mask, joined=not free, touching=() if free else ("femur",))
    return underlying_hu(region(hu, distance_mm=distance, nearest=np.ones(SHAPE)), candidate)


def test_a_cortex_is_as_dense_as_it_is_however_thin():
    mean_hu, cortex_hu = beneath(800.0)
    assert cortex_hu == pytest.approx(800.0, rel=0.02)
    assert 150.0 < mean_hu < 800.0


def test_marrow_that_goes_on_into_it_is_no_cortex():
    assert beneath(150.0)[1] == pytest.approx(150.0, abs=1.0)


def test_what_is_free_has_none():
    assert beneath(800.0, free=True) == (None, None)
