"""What is measured of a hip is measured of each in view; behind metal nothing is."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from made_detection import anatomy
from model_hips import scan

from ho_detect.anatomy.joint.joint_state import JointState, joint_states
from ho_detect.anatomy.metal.metal import Metal, Zone
from ho_detect.anatomy.native.surfaces import native_bone
from ho_detect.anatomy.regions.compartments import compartments
from ho_detect.image.grid import Grid
from ho_detect.settings import JointSettings

SETTINGS = JointSettings()
HIPS = (anatomy("left"), anatomy("right"))


def states(hips=HIPS, metal=None):
    near = compartments(hips, native_bone(hips), SETTINGS)
    return joint_states(scan().volume, hips, near, metal or Metal(), SETTINGS)


def hiding(share_of_left):
    """Metal that hides what lies left of the midline, as far up as that share of the left hip's surroundings."""
    grid = Grid.axial((100, 100, 100), (4.0,) * 3, (-200.0,) * 3)
    points = grid.to_lps(np.moveaxis(np.indices(grid.shape), 0, -1))
    hidden = (points[..., 0] > 0) & (points[..., 2] < -40.0 + 80.0 * share_of_left)
    nothing = np.zeros(grid.shape, np.float32)
    return Metal(500.0, zone=Zone(grid, nothing + 9.0, nothing, hidden))


def test_each_hip_in_view_is_measured_by_itself():
    both = states()
    assert set(both) == {"left", "right"}
    assert states(HIPS[:1])["left"] == both["left"]
    for state in (both["left"], both["right"]):
        assert state.head_mean_hu == pytest.approx(300.0, abs=20.0)


def test_behind_metal_nothing_is_measured_and_the_other_side_is():
    found = states(metal=hiding(1.0))
    assert found["left"] == JointState()
    assert found["right"] == states()["right"]


def test_metal_that_hides_less_than_may_be_out_of_view_changes_nothing():
    assert states(metal=hiding(0.0)) == states()


def test_a_hip_that_cannot_be_assessed_has_no_values():
    hidden = replace(HIPS[0], joint=msgspec.structs.replace(HIPS[0].joint, status="not_assessable"))
    assert states((hidden, HIPS[1]))["left"] == JointState()
