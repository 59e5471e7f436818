"""A cloud of metal falls into its rods: crossing, side by side, bent or flat; each point into one at most."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ho_detect.anatomy.metal.rods import find_rods
from ho_detect.image.grid import rotation_about

CELL = 1.25
_AXIS = np.arange(-60.0, 60.1, CELL)
_AT = np.stack(np.meshgrid(_AXIS, _AXIS, _AXIS, indexing="ij"), axis=-1).reshape(-1, 3)


def tube(start, end, radius):
    start, way = np.array(start, float), np.subtract(end, start)
    share = np.clip((_AT - start) @ way / (way @ way), 0, 1)
    return np.linalg.norm(_AT - start - share[:, None] * way, axis=1) <= radius


def rods_in(*shapes):
    points = _AT[np.any(shapes, axis=0)]
    return points, find_rods(points, CELL**3, 120.0)


def off_deg(rod, way):
    return np.degrees(np.arccos(min(1.0, abs(rod.frame[0] @ way) / np.linalg.norm(way))))


def test_one_that_crosses_another_goes_on_behind_it():
    _, found = rods_in(tube((0, 0, -55), (0, 0, 55), 6.0), tube((-30, 0, -20), (45, 0, 30), 4.0))
    assert [off_deg(r, w) < 4 for r, w in zip(found, [(0, 0, 1), (75, 0, 50)], strict=True)] == [True, True]
    assert found[1].length_mm > 75


def test_side_by_side_they_are_three():
    _, found = rods_in(*(tube((x, y, -40), (x, y, 40), 3.5) for x, y in ((0, 0), (11, 0), (5, 10))))
    assert len(found) == 3
    assert all(off_deg(r, (0, 0, 1)) < 2 for r in found)


@pytest.mark.parametrize("bend_mm", [4.0, 12.0])
def test_a_bent_one_is_one(bend_mm):
    _, found = rods_in(tube((0, 0, -55), (bend_mm, 0, 0), 5.5), tube((bend_mm, 0, 0), (0, 0, 55), 5.5))
    assert len(found) == 1
    assert found[0].length_mm > 105


def test_a_row_of_screws_in_a_plate():
    plate = (np.abs(_AT[:, 0]) <= 2.5) & (np.abs(_AT[:, 1]) <= 7.5) & (np.abs(_AT[:, 2]) <= 50)
    _, found = rods_in(plate, *(tube((0, 0, z), (40, 0, z), 2.6) for z in (-32, -14, 4, 22, 40)))
    flat = [r for r in found if r.half_mm[0] > 2 * r.half_mm[1]]
    assert len(found) == 6
    assert [off_deg(r, (0, 0, 1)) < 3 for r in flat] == [True]
    assert sum(off_deg(r, (1, 0, 0)) < 5 for r in found) == 5


def test_a_ball_has_none():
    assert rods_in(np.linalg.norm(_AT, axis=1) <= 14.0)[1] == []


@given(st.tuples(*[st.floats(-3, 3)] * 3), st.floats(2.4, 7.0), st.floats(45.0, 80.0))
@settings(max_examples=15, deadline=None)
def test_any_rod_is_found_whole(turn, radius, length):
    way = rotation_about(np.array(turn)) @ np.array([0.0, 0.0, length / 2])
    points, found = rods_in(tube(-way, way, radius))
    assert len(found) == 1
    assert off_deg(found[0], way) < 3
    assert found[0].half_mm[0] == pytest.approx(radius, abs=0.7)
    assert found[0].members.sum() > 0.85 * len(points)


def test_no_point_is_of_two():
    _, found = rods_in(tube((0, 0, -55), (0, 0, 55), 6.0), tube((-30, 0, -20), (45, 0, 30), 4.0))
    assert np.sum([r.members for r in found], axis=0).max() == 1


def test_what_is_too_small_is_none():
    points = _AT[tube((0, 0, 0), (0, 0, 30), 2.5)]
    assert len(find_rods(points, CELL**3, 500.0)) == 1
    assert find_rods(points, CELL**3, 900.0) == []
