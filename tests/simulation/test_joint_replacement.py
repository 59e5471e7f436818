"""Laws of replaced hips: the ball that the truth states, what bone is gone, and parts within each other."""

from __future__ import annotations

import numpy as np
import pytest
from implanted import CEMENTED, LONG, REPLACEMENTS, TOTAL, name_of, part_of, points, study_of
from phantoms import hip_phantom

from ho_detect.simulation.implant_plans import TotalHip
from ho_detect.simulation.truth import FEMUR_LEFT, PELVIS


@pytest.mark.parametrize("implant", REPLACEMENTS, ids=name_of)
def test_the_head_is_the_ball_that_the_truth_states(implant):
    study = study_of(implant)
    (truth,), hip = study.truth.implants, study.truth.hips[0]
    assert hip.metal
    assert (hip.center_lps_mm, hip.head_radius_mm) == (truth.head_center_lps_mm, truth.head_radius_mm)
    head = points(study, study.implant == part_of(study, "head").label)
    away = np.linalg.norm(head - truth.head_center_lps_mm, axis=1)
    # to within half a voxel
    assert away.max() <= truth.head_radius_mm + 1.5
    assert truth.head_radius_mm - 3 < away.max()
    np.testing.assert_allclose(head.mean(axis=0), truth.head_center_lps_mm, atol=1.5)


@pytest.mark.parametrize("implant", REPLACEMENTS, ids=name_of)
def test_native_head_and_neck_are_gone_and_trochanter_and_shaft_are_not(implant):
    study, plain = study_of(implant), hip_phantom(scan=LONG)
    center = np.array(plain.truth.hips[0].center_lps_mm)
    near = np.linalg.norm(points(study, study.bone == FEMUR_LEFT) - center, axis=1)
    assert near.min() > 20
    kept = (study.bone == FEMUR_LEFT).sum() / (plain.bone == FEMUR_LEFT).sum()
    assert 0.3 < kept < 0.8
    lateral = points(plain, plain.bone == FEMUR_LEFT)[:, 0].max()
    assert points(study, study.bone == FEMUR_LEFT)[:, 0].max() == lateral


def test_a_cup_lies_around_the_liner_around_the_head():
    study = study_of(TOTAL)
    (truth,) = study.truth.implants
    radius = {
        kind: np.linalg.norm(
            points(study, study.implant == part_of(study, kind).label) - truth.cup_center_lps_mm, axis=1
        )
        for kind in ("head", "liner", "cup")
    }
    assert radius["head"].max() <= radius["liner"].min() + 2.5
    assert np.median(radius["liner"]) < np.median(radius["cup"])
    assert truth.cup_radius_mm - 3 < radius["cup"].max() <= truth.cup_radius_mm + 1.5
    bone = np.linalg.norm(points(study, study.bone == PELVIS) - truth.cup_center_lps_mm, axis=1)
    assert bone.min() > truth.cup_radius_mm - 1.5


def test_the_stem_lies_in_the_shaft():
    study = study_of(TotalHip(side="left", stem_length_mm=110.0))
    stem = part_of(study, "stem")
    low = np.array(stem.ends_lps_mm[1])
    # bone all around its tip
    bone = points(study, study.bone == FEMUR_LEFT)
    around = bone[np.abs(bone[:, 2] - low[2]) < 4] - low
    assert len(np.unique(np.floor(np.arctan2(around[:, 1], around[:, 0]) / (np.pi / 4)))) == 8
    assert np.linalg.norm(around[:, :2], axis=1).max() < 25


def test_a_cemented_stem_has_cement_between_itself_and_the_cortex():
    study = study_of(CEMENTED)
    cement = [p for p in study.truth.implants[0].parts if p.kind == "cement"]
    assert len(cement) == 2
    assert np.median(study.volume.hu[study.implant == cement[-1].label]) > 900


def test_both_sides_have_their_own():
    study = hip_phantom(implants=(TotalHip(side="left"), TotalHip(side="right")), scan=LONG)
    assert [i.side for i in study.truth.implants] == ["left", "right"]
    assert [h.metal for h in study.truth.hips] == [True, True]
    x = [i.head_center_lps_mm[0] for i in study.truth.implants]
    assert x[0] > 60
    assert x[1] < -60
