"""A socket without its head: known as such, with what is left of the femur; the other hip as ever."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from phantoms import cropped, hip_phantom

from ho_detect.anatomy.fit.hips import find_hip_joints
from ho_detect.anatomy.fit.working_grid import COARSE_STEP_MM, resample_to_patient_axes
from ho_detect.settings import Settings

SCAN = cropped(spacing_mm=(2.5, 1.6, 1.6))
MUSCLE_HU = 45
#: Head and neck end about here, mm from the head center.
GONE_MM = 38.0


@lru_cache(maxsize=1)
def resected():
    """Return a study, and what is found when muscle takes the place of its left femoral head and neck."""
    study = hip_phantom(scan=SCAN)
    ct = study.volume
    hip = next(h for h in study.truth.hips if h.side == "left")
    center, radius_mm = np.array(hip.center_lps_mm), hip.head_radius_mm
    box = ct.grid.box_around(center, GONE_MM)
    here = ct.grid.crop(box)
    index = np.argwhere(np.ones(here.shape, bool))
    arm = here.to_lps(index) - center
    away = np.linalg.norm(arm, axis=1)
    towards_neck = (arm[:, 0] > 0) & (arm[:, 2] < 8.0) & (away < GONE_MM)
    index = index[(away < radius_mm + 1.0) | towards_neck]
    hu = ct.hu.copy()
    hu[box][tuple(index.T)] = MUSCLE_HU
    ct = replace(ct, hu=hu)
    return study, find_hip_joints(ct, resample_to_patient_axes(ct, COARSE_STEP_MM), Settings().anatomy)


def test_is_told_by_soft_tissue_in_the_socket():
    study, hips = resected()
    left = next(h for h in hips if h.joint.side == "left")
    truth = next(h for h in study.truth.hips if h.side == "left")
    assert left.joint.status == "not_assessable"
    assert [r.code for r in left.joint.reasons] == ["no_femoral_head"]
    assert left.joint.head_radius_mm is None
    assert left.joint.residual_mm is None
    assert np.linalg.norm(left.center_lps_mm - truth.center_lps_mm) < 5


def test_has_no_femur_where_the_head_was_and_one_below():
    _, hips = resected()
    left = next(h for h in hips if h.joint.side == "left")
    used = left.femur.vertices[np.unique(left.femur.faces)]
    away = np.linalg.norm(used - left.center_lps_mm, axis=1)
    assert away.min() > 25
    assert away.max() > 100


def test_leaves_the_other_hip_as_it_is():
    study, hips = resected()
    right = next(h for h in hips if h.joint.side == "right")
    truth = next(h for h in study.truth.hips if h.side == "right")
    assert right.joint.status == "assessed"
    assert right.joint.head_radius_mm == pytest.approx(truth.head_radius_mm, abs=1)
    assert np.linalg.norm(right.center_lps_mm - truth.center_lps_mm) < 3
