"""Laws of bones as measured in people."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.simulation.measured import half_width_mm, measured_femur, measured_hip_bone
from ho_detect.simulation.pelvis import socket_radius
from ho_detect.simulation.person import HipPlan
from ho_detect.simulation.shapes import Frame, turn

HIP = HipPlan(head_radius_mm=23.0)
ORIGIN = Frame.at((0, 0, 0))


def directions(n=400, seed=0):
    d = np.random.default_rng(seed).normal(size=(n, 3))
    return d / np.linalg.norm(d, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def femur():
    return measured_femur(5, "left", HIP, ORIGIN)


class TestFemur:
    def test_the_head_lies_at_the_origin_with_the_radius_planned(self, femur):
        at = directions()
        medial = at[(at[:, 0] < -0.2) & (at[:, 2] > -0.2)]
        assert np.median(np.abs(femur[0].distance(medial * HIP.head_radius_mm))) < 0.8
        assert (femur[0].distance(medial * (HIP.head_radius_mm - 6)) < 0).all()

    def test_the_shaft_runs_down_and_goes_on_below_the_model(self, femur):
        levels = np.arange(-230.0, -100, 10)
        inside = []
        for z in levels:
            x, y = np.meshgrid(np.arange(0.0, 80, 2), np.arange(-40.0, 40, 2))
            plane = np.stack([x.ravel(), y.ravel(), np.full(x.size, z)], axis=1)
            d = np.minimum(femur[0].distance(plane), femur[1].distance(plane))
            assert (d < 0).any(), f"no shaft {-z} mm below the head"
            inside.append(plane[d < 0].mean(axis=0))
        assert np.abs(np.diff(inside, axis=0)[:, :2]).max() < 2.5

    def test_anteversion_turns_the_neck(self):
        sides = [measured_femur(5, "left", HipPlan(anteversion_deg=a), ORIGIN)[0] for a in (0.0, 30.0)]
        at = np.array([[45.0, y, -45.0] for y in range(-30, 60, 2)])
        middle = [at[s.distance(at) < 0][:, 1].mean() for s in sides]
        assert middle[1] > middle[0] + 8


class TestHipBone:
    def test_the_socket_is_a_hollow_round_the_origin_with_bone_around_it(self):
        bone = measured_hip_bone(5, "left", HIP, ORIGIN)
        roof = directions()
        roof = roof[roof[:, 2] > 0.75]
        r = socket_radius(HIP)
        assert (bone.distance(roof * (r - 4)) > 0).mean() > 0.95
        assert (bone.distance(roof * (r + 3)) < 0).mean() > 0.8

    def test_the_pubic_bones_meet_at_the_midline(self):
        width = half_width_mm(5, HIP, HIP)
        assert 70 < width < 110
        grid = np.stack(np.meshgrid([-width + 4.0], np.arange(-70, 0, 2.0), np.arange(-60, 20, 2.0)), -1).reshape(-1, 3)
        assert (measured_hip_bone(5, "left", HIP, ORIGIN).distance(grid) < 0).any()
        beyond = grid - [8.0, 0, 0]
        assert (measured_hip_bone(5, "left", HIP, ORIGIN).distance(beyond) > 0).all()


def test_a_frame_moves_and_mirrors_the_bone():
    points = np.random.default_rng(1).uniform(-60, 60, (300, 3))
    plain = measured_hip_bone(5, "left", HIP, ORIGIN).distance(points)
    placed = Frame(turn("z", 25) @ np.diag([-1.0, 1, 1]), np.array([10.0, -7, 400]))
    moved = measured_hip_bone(5, "left", HIP, placed)
    np.testing.assert_allclose(moved.distance(placed.to_world(points)), plain, atol=1e-3)
    low, high = moved.bounds
    assert (low < placed.to_world(np.zeros(3))).all()
    assert (high > placed.to_world(np.zeros(3))).all()


def test_persons_and_sides_differ_but_a_seed_is_one_person():
    at = directions() * 70.0
    one = measured_hip_bone(5, "left", HIP, ORIGIN).distance(at)
    np.testing.assert_array_equal(one, measured_hip_bone(5, "left", HIP, ORIGIN).distance(at))
    other_side = np.abs(measured_hip_bone(5, "right", HIP, ORIGIN).distance(at) - one).mean()
    other_person = np.abs(measured_hip_bone(6, "left", HIP, ORIGIN).distance(at) - one).mean()
    assert 0.1 < other_side < other_person
