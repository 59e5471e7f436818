"""Frames and zones around the hip: the same for both sides, and they turn with the patient."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from made_detection import anatomy
from model_hips import HALF_WIDTH_MM, head_center
from scipy.spatial import cKDTree

from ho_detect.anatomy.regions.landmarks import landmarks
from ho_detect.image.grid import rotation

ZONES = ("spine_or_sacrum", "across_midline", "pelvic_cavity", "pelvic_center", "arterial_course", "beyond_model")
MIRROR = np.array([-1.0, 1.0, 1.0])
POINTS = np.random.default_rng(2).uniform((-200, -130, -220), (200, 130, 150), (4000, 3))


def both():
    return landmarks((anatomy("left"), anatomy("right")))


def moved(hip, turn, shift):
    """The same hip of a patient who lies otherwise."""
    fits = {
        name: replace(f, vertices=f.vertices @ turn.T + shift, normals=f.normals @ turn.T)
        for name, f in (("femur", hip.femur), ("hip_bone", hip.hip_bone))
    }
    center = tuple((turn @ hip.center_lps_mm + shift).tolist())
    shaft = replace(hip.shaft, end_lps_mm=turn @ hip.shaft.end_lps_mm + shift, axis=turn @ hip.shaft.axis)
    return replace(hip, joint=msgspec.structs.replace(hip.joint, center_lps_mm=center), shaft=shaft, **fits)


class TestSides:
    def test_local_frame_is_lateral_posterior_superior(self):
        left, right = both()
        offset = np.array([[12.0, -7.0, 5.0]])
        assert left.local_mm(head_center("left") + offset) == pytest.approx(offset)
        assert right.local_mm(head_center("right") + offset * MIRROR) == pytest.approx(offset)

    @pytest.mark.parametrize("zone", ZONES)
    def test_zones_mirror(self, zone):
        left, right = both()
        inside = getattr(left, zone)(POINTS)
        assert 0 < inside.sum() < len(inside)
        assert np.array_equal(inside, getattr(right, zone)(POINTS * MIRROR))

    def test_no_hip_no_landmarks(self):
        assert landmarks(()) == ()


class TestPose:
    @pytest.mark.parametrize("degrees", [-35.0, 20.0])
    @pytest.mark.parametrize("zone", ZONES)
    def test_zones_turn_and_move_with_the_patient(self, zone, degrees):
        turn, shift = rotation("z", degrees), np.array([30.0, -20.0, 700.0])
        there = landmarks(tuple(moved(anatomy(s), turn, shift) for s in ("left", "right")))
        assert len(there) == 2
        for one, other in zip(both(), there, strict=True):
            assert np.array_equal(getattr(one, zone)(POINTS), getattr(other, zone)(POINTS @ turn.T + shift))


class TestOneHip:
    @pytest.mark.parametrize("side", ["left", "right"])
    @pytest.mark.parametrize("degrees", [0.0, 30.0])
    def test_knows_the_midline_from_its_own_bones(self, side, degrees):
        turn = rotation("z", degrees)
        (one,) = landmarks((moved(anatomy(side), turn, np.zeros(3)),))
        assert one.midline @ one.axes[0] == pytest.approx(0.0, abs=8.0)  # the symphysis has a gap of 6 mm
        assert one.axes[0] == pytest.approx(turn[:, 0], abs=np.sin(np.radians(8)))
        assert not one.across_midline(one.center[None]).any()
        other = head_center("right" if side == "left" else "left")
        assert one.across_midline((turn @ other)[None]).all()


class TestShaft:
    def test_runs_down_from_where_the_model_ends(self):
        assert len(both()) == 2
        for frame in both():
            assert np.linalg.norm(frame.shaft_axis) == pytest.approx(1)
            assert frame.shaft_axis[2] < -0.9
            along = frame.shaft_end + np.arange(0, 80, 10)[:, None] * frame.shaft_axis
            assert frame.beyond_model(along).all()
            assert not frame.beyond_model(along + 45 * np.eye(3)[1]).any()
            assert not frame.beyond_model(frame.center[None]).any()

    def test_end_lies_in_the_shaft(self):
        for side, frame in zip(("left", "right"), both(), strict=True):
            assert cKDTree(anatomy(side).femur.vertices).query(frame.shaft_end)[0] < 20


@pytest.mark.parametrize("bone", ["femur", "hip_bone"])
@pytest.mark.parametrize(("explained", "in_view", "reliable"), [(0.5, 1.0, False), (0.65, 1.0, True), (0.5, 0.1, True)])
def test_each_bone_in_view_has_to_be_explained(bone, explained, in_view, reliable):
    hip = anatomy("left")
    fit = getattr(hip, bone)
    seen = np.arange(len(fit.vertices)) < in_view * len(fit.vertices)
    hip = replace(hip, **{bone: replace(fit, explained=explained, in_view=seen)})
    assert landmarks((hip,))[0].reliable is reliable


@pytest.mark.parametrize(("score", "reliable"), [(0.9, True), (0.3, False), (None, False)])
def test_a_fit_that_explains_little_is_not_reliable(score, reliable):
    hip = anatomy("left")
    hip = replace(hip, joint=msgspec.structs.replace(hip.joint, score=score))
    assert landmarks((hip,))[0].reliable is reliable


def test_the_cavity_lies_between_the_hip_bones():
    left, _ = both()
    walls = np.concatenate([anatomy(s).hip_bone.vertices for s in ("left", "right")])
    lateral = walls[np.abs(walls[:, 0]) > HALF_WIDTH_MM - 24]
    assert not left.pelvic_cavity(lateral).any()
    assert left.pelvic_cavity(np.array([[0.0, 0.0, 20.0], [40.0, 0.0, 20.0]])).all()
    assert not left.pelvic_cavity(np.array([[0.0, 0.0, -60.0], [0.0, -80.0, 20.0]])).any()
