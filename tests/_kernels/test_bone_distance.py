"""Looking up a distance field from another grid agrees with the slow twin; positions are dyadic, so sums are exact."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ho_detect._kernels.bone_distance import lower_distance, lower_grade_in_runs
from ho_detect.image.component_values import RunValues
from ho_detect.image.components import label_components

pytestmark = pytest.mark.jit_off
SHAPES = st.tuples(*[st.integers(2, 5)] * 3)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_same_as_the_twin(data):
    shape, field_shape = data.draw(SHAPES), data.draw(SHAPES)
    hu = data.draw(arrays(np.float32, shape, elements=st.sampled_from([-50.0, 199.0, 200.0, 800.0])))
    field = data.draw(arrays(np.float32, field_shape, elements=st.integers(-20, 20).map(float)))
    matrix = data.draw(arrays(np.float64, (3, 3), elements=st.sampled_from([-1.0, 0.0, 0.5, 1.0])))
    offset = data.draw(arrays(np.float64, 3, elements=st.integers(-4, 12).map(lambda n: n / 4)))
    distance = data.draw(arrays(np.float32, shape, elements=st.sampled_from([-5.0, 3.0, np.inf])))
    nearest = np.full(shape, 7, np.uint8)
    expected = naive.lowered(hu, 200.0, field, matrix, offset, 2, distance, nearest)
    start = data.draw(arrays(np.int64, 3, elements=st.integers(0, 2)))
    box = tuple(slice(int(a), None) for a in start)
    lower_distance(
        hu[box].shape[0] * hu[box].shape[1],
        np.ascontiguousarray(hu[box]), 200.0, start, field, matrix, offset, 2, distance[box], nearest[box]
    )  # fmt: skip
    np.testing.assert_array_equal(distance[box], expected[0][box])
    np.testing.assert_array_equal(nearest[box], expected[1][box])


def test_the_nearer_of_two_bones_wins_whatever_their_order():
    rng = np.random.default_rng(0)
    hu = np.full((4, 4, 4), 500, np.float32)
    fields = rng.uniform(-10, 10, (2, 4, 4, 4)).astype(np.float32)
    found = []
    for order in ((0, 1), (1, 0)):
        distance, nearest = np.full(hu.shape, np.inf, np.float32), np.zeros(hu.shape, np.uint8)
        for k in order:
            lower_distance(16, hu, 200.0, np.zeros(3, int), fields[k], np.eye(3), np.zeros(3), k + 1, distance, nearest)
        found.append((distance, nearest))
    np.testing.assert_array_equal(found[0][0], fields.min(axis=0))
    np.testing.assert_array_equal(found[0][1], fields.argmin(axis=0) + 1)
    np.testing.assert_array_equal(found[0][1], found[1][1])


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_grades_in_runs_count_the_limits_exceeded_by_the_distance_looked_up(data):
    shape = data.draw(SHAPES)
    hu = data.draw(arrays(np.int16, shape, elements=st.sampled_from([-50, 199, 200, 800])))
    slack = data.draw(st.sampled_from([2.0, 13.0]))
    fields = data.draw(arrays(np.float32, (2, 3, 4, 5), elements=st.integers(0, int(slack)).map(float)))
    fields += data.draw(arrays(np.float32, (2, 1, 1, 1), elements=st.sampled_from([-20.0, -4.0, 0.0, 4.0, 30.0])))
    matrix = data.draw(arrays(np.float64, (3, 3), elements=st.sampled_from([-1.0, 0.0, 0.5, 1.0])))
    offset = data.draw(arrays(np.float64, 3, elements=st.integers(-4, 12).map(lambda n: n / 4)))
    limits = np.array([0.0, 1.5, 5.0])
    dense = label_components(hu, 200.0)
    grade, runs = RunValues(dense, 4), dense.runs
    distance, nearest = np.full(shape, np.inf, np.float32), np.zeros(shape, np.uint8)
    for number, field in enumerate(fields, 1):
        where = runs.first, runs.start, runs.stop, grade.first_voxel
        lower_grade_in_runs(shape[0] * shape[1], shape[1], *where, field, matrix, offset, slack, limits, grade.values)
        distance, nearest = naive.lowered(hu, 200.0, field, matrix, offset, number, distance, nearest)
    np.testing.assert_array_equal(grade[:], np.where(hu >= 200, 1 + (distance[..., None] > limits).sum(-1), 0))
