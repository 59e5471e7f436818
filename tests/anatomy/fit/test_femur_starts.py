"""A femur is found in whatever pose a hip allows, a pelvis whatever way the patient lies."""

from __future__ import annotations

import numpy as np
import pytest
from phantoms import cropped, hip_phantom, turned

from ho_detect.anatomy.fit.hips import find_hip_joints
from ho_detect.anatomy.fit.working_grid import COARSE_STEP_MM, resample_to_patient_axes
from ho_detect.settings import Settings
from ho_detect.simulation.person import HipPlan, Person


def found(study):
    ct = study.volume
    return find_hip_joints(ct, resample_to_patient_axes(ct, COARSE_STEP_MM), Settings().anatomy)


def error_mm(study, hip):
    truth = next(h for h in study.truth.hips if h.side == hip.joint.side)
    return float(np.linalg.norm(np.array(truth.center_lps_mm) - hip.center_lps_mm))


def test_both_hips_bent_and_swept_to_one_side():
    left = HipPlan(flexion_deg=75.0, abduction_deg=30.0, rotation_deg=25.0)
    right = HipPlan(flexion_deg=50.0, abduction_deg=-20.0, rotation_deg=-20.0)
    scan = cropped(spacing_mm=(2.0, 2.0, 2.0))
    study = hip_phantom(person=Person(left=left, right=right), scan=scan)
    hips = found(study)
    assert [h.joint.side for h in hips] == ["left", "right"]
    for hip, plan in zip(hips, (left, right), strict=True):
        assert error_mm(study, hip) < 4
        # the shaft goes where the plan has it: forwards by the flexion
        forwards = -hip.shaft.axis[1]
        assert forwards == pytest.approx(np.sin(np.radians(plan.flexion_deg)), abs=0.25)


@pytest.mark.parametrize("person", [Person(shape_seed=4, turn_deg=80), turned(180)], ids=["side", "prone"])
def test_a_patient_on_the_side_or_prone(person):
    """As measured, and of another make."""
    study = hip_phantom(person=person, scan=cropped(spacing_mm=(2.0, 2.0, 2.0)))
    hips = found(study)
    assert [h.joint.side for h in hips] == ["left", "right"]
    for hip in hips:
        assert error_mm(study, hip) < 5
        # of who lies on the side a thigh is cut by the field of view
        assert hip.joint.status == "assessed" or person.turn_deg == 80
