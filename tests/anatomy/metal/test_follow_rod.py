"""A rod is followed as far as it goes on, past what belongs to another, and no farther."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.anatomy.metal.follow_rod import Gate, follow

CELL = 1.25
_SIDE, _LONG = np.arange(-20.0, 20.1, CELL), np.arange(-60.0, 60.1, CELL)
_AT = np.stack(np.meshgrid(_SIDE, _SIDE, _LONG, indexing="ij"), axis=-1).reshape(-1, 3)
#: Roughly along z.
TILTED = np.array([[0.1, 0.0, 1.0], [1.0, 0.0, -0.1], [0.0, 1.0, 0.0]]) / np.array([[1.005], [1.005], [1.0]])
NEAR = Gate(np.zeros(3), TILTED, np.array([10.0, 10.0]))


def cylinder(low, high, radius=4.0):
    return (np.hypot(_AT[:, 0], _AT[:, 1]) <= radius) & (_AT[:, 2] >= low) & (_AT[:, 2] <= high)


def followed(inside, taken=None, gate=NEAR):
    points = _AT[inside]
    free = np.ones(len(points), bool) if taken is None else ~taken[inside]
    return follow(points, free, gate, CELL**3)


def test_ends_where_metal_ends():
    rod = followed(cylinder(-35, 25))
    assert sorted(rod.ends[:, 2].tolist()) == pytest.approx([-35, 25], abs=2.5)
    assert rod.half_mm == pytest.approx([4.0, 4.0], abs=0.6)
    assert abs(rod.frame[0, 2]) > 0.999
    assert rod.alone == 1.0


def test_goes_on_through_what_belongs_to_another():
    between = np.abs(_AT[:, 2] - 5) < 9
    rod = followed(cylinder(-35, 40), taken=between)
    assert sorted(rod.ends[:, 2].tolist()) == pytest.approx([-35, 40], abs=2.5)
    assert not rod.members[between[cylinder(-35, 40)]].any()


def test_does_not_jump_over_a_gap():
    rod = followed(cylinder(-15, 15) | cylinder(32, 55))
    assert rod.ends[:, 2].max() < 18


def test_width_and_thickness_of_a_bar():
    bar = (np.abs(_AT[:, 0]) <= 8) & (np.abs(_AT[:, 1]) <= 2.6) & (np.abs(_AT[:, 2]) <= 45)
    rod = followed(bar, gate=Gate(np.zeros(3), TILTED, np.array([25.0, 25.0])))
    assert rod.half_mm == pytest.approx([8.0, 2.6], abs=0.8)
    assert np.abs(rod.frame) == pytest.approx(np.eye(3)[[2, 0, 1]], abs=0.05)


def test_frame_is_orthonormal():
    rod = followed(cylinder(-35, 25))
    assert rod.frame @ rod.frame.T == pytest.approx(np.eye(3), abs=1e-9)


def test_beyond_is_negative_inside_and_a_distance_outside():
    rod = followed(cylinder(-35, 25))
    assert rod.beyond(np.array([[0.0, 0.0, 0.0], [14.0, 0.0, 0.0], [0.0, 0.0, 35.0]])) == pytest.approx(
        [-4.0, 10.0, 10.0], abs=2.5
    )


@pytest.mark.parametrize("inside", [np.zeros(len(_AT), bool), np.linalg.norm(_AT, axis=1) <= 12, cylinder(0, 8)])
def test_what_is_not_long_is_none(inside):
    assert followed(inside) is None


def test_a_line_across_two_rods_is_not_filled():
    apart = cylinder(-40, 40, 3.0)
    two = apart | (np.hypot(_AT[:, 0] - 15, _AT[:, 1]) <= 3.0) & (np.abs(_AT[:, 2]) <= 40)
    assert followed(two, gate=Gate(np.array([7.5, 0, 0]), TILTED, np.array([25.0, 25.0]))) is None
