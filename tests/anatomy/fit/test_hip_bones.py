"""The pose of a fitted surface is the one that it was made with; less in view promises less."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ho_detect.anatomy.fit.hip_bones import HipBone, pose_of
from ho_detect.anatomy.fit.shape_fit import Pose, SurfaceFit
from ho_detect.anatomy.fit.shape_model import femur_model, hip_bone_model
from ho_detect.image.sides import mirror_of
from ho_detect.simulation.shapes import turn


def fitted(model, pose, side):
    """The model's mean in a pose, all of it in view."""
    vertices = (pose.scale * model.mean @ pose.rotation.T + pose.offset_mm) * mirror_of(side)
    n = len(vertices)
    nothing = np.zeros(n)
    return SurfaceFit(vertices, np.zeros((n, 3)), model.faces, np.ones(n, bool), np.ones(n, bool), nothing, 0.8)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("model", [femur_model, hip_bone_model])
def test_the_pose_comes_back(model, side):
    pose = Pose(turn("x", 25.0) @ turn("z", -10.0), 1.07, np.array([60.0, -12.0, 480.0]))
    got = pose_of(model(), fitted(model(), pose, side), side)
    np.testing.assert_allclose(got.rotation, pose.rotation, atol=1e-9)
    np.testing.assert_allclose(got.offset_mm, pose.offset_mm, atol=1e-6)
    assert got.scale == pytest.approx(1.07)


def test_less_in_view_promises_less():
    pose = Pose(np.eye(3), 1.0, np.zeros(3))
    whole = fitted(hip_bone_model(), pose, "left")
    shares = (1.0, 0.8, 0.5, 0.2)
    views = [np.arange(len(whole.vertices)) < share * len(whole.vertices) for share in shares]
    promises = [HipBone(pose, replace(whole, in_view=view), pose).promise for view in views]
    assert promises[0] == promises[1] == pytest.approx(0.8)  # three quarters are as good as all
    assert promises[1] > promises[2] > promises[3] > 0
