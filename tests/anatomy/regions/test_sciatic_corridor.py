"""The sciatic corridor passes between ischial tuberosity and greater trochanter, behind the joint, on either side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_detection import anatomy

from ho_detect.anatomy.regions.sciatic_corridor import sciatic_corridor
from ho_detect.image.grid import rotation
from ho_detect.image.sides import mirror_of

#: Below the piriformis, between tuberosity and trochanter, behind the upper thigh: (lateral, posterior, superior) mm.
ON_ITS_WAY = np.array([(-25.0, 70, 0), (6.0, 60, -33), (12.0, 54, -75)])
#: Before the joint, in the gluteus medius, in the pelvis, lateral of the trochanter, in the adductors.
ELSEWHERE = np.array([(0.0, -40, 0), (60.0, 20, 60), (-80.0, 20, 40), (75.0, 30, -20), (-50.0, 0, -60)])


def outside_mm(hip, places):
    points = hip.center_lps_mm + mirror_of(hip.joint.side) * places
    return sciatic_corridor(hip).outside_mm(points).min(axis=1)


@pytest.mark.parametrize("side", ["left", "right"])
def test_where_it_is_and_where_it_is_not(side):
    assert (outside_mm(anatomy(side), ON_ITS_WAY) < 0).all()
    assert (outside_mm(anatomy(side), ELSEWHERE) > 10).all()


def test_it_moves_with_the_patient():
    hip, turn, shift = anatomy("left"), rotation("x", 25.0) @ rotation("z", -40.0), np.array([12.0, -30.0, 7.0])

    def moved(fit):
        return replace(fit, vertices=fit.vertices @ turn.T + shift, normals=fit.normals @ turn.T)

    center = tuple(np.asarray(hip.center_lps_mm) @ turn.T + shift)
    joint = type(hip.joint)(
        **{f: getattr(hip.joint, f) for f in hip.joint.__struct_fields__} | {"center_lps_mm": center}
    )
    other = replace(hip, joint=joint, femur=moved(hip.femur), hip_bone=moved(hip.hip_bone))
    points = hip.center_lps_mm + np.random.default_rng(2).uniform(-90, 90, (200, 3))
    here = sciatic_corridor(hip).outside_mm(points)
    assert sciatic_corridor(other).outside_mm(points @ turn.T + shift) == pytest.approx(here, abs=1e-6)


def test_it_is_wider_where_tuberosity_and_trochanter_are_farther_apart():
    hip = anatomy("left")
    wide = replace(hip, femur=replace(hip.femur, vertices=hip.femur.vertices + np.array([15.0, 0, 0])))
    assert sciatic_corridor(wide).radius_mm.max() > sciatic_corridor(hip).radius_mm.max() + 4.0
