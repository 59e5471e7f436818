"""The distance between two sets of voxels is from face to face: 0 where they share one, and the same both ways."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ho_detect.detection.measure.gap import between_faces_mm

STEPS = np.diag([0.8, 1.0, 2.0])


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("n", [1, 2, 7])
def test_along_an_axis_it_is_what_lies_between(axis, n):
    there = np.zeros((1, 3))
    there[0] = n * STEPS[:, axis]
    assert between_faces_mm(np.zeros((1, 3)), there, STEPS) == pytest.approx((n - 1) * STEPS[axis, axis])


def test_the_same_voxel_is_no_distance():
    assert between_faces_mm(np.ones((3, 3)), np.ones((2, 3)), STEPS) == 0.0


@given(
    here=st.lists(st.tuples(*[st.integers(-9, 9)] * 3), min_size=1, max_size=6),
    there=st.lists(st.tuples(*[st.integers(-9, 9)] * 3), min_size=1, max_size=6),
)
def test_both_ways_and_never_more_than_between_centers(here, there):
    a, b = np.array(here) @ STEPS.T, np.array(there) @ STEPS.T
    centers = min(np.linalg.norm(p - q) for p in a for q in b)
    mm = between_faces_mm(a, b, STEPS)
    assert 0.0 <= mm <= centers
    # of several pairs as near as each other any may be taken: a voxel's own size is the most that can differ
    assert between_faces_mm(b, a, STEPS) == pytest.approx(mm, abs=2.0)
