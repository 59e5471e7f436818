"""Values of the voxels of components behave like the volume that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ho_detect.image.component_values import RunValues
from ho_detect.image.components import label_components

pytestmark = pytest.mark.jit_off


@st.composite
def volumes(draw):
    """Return HU, a box inside of it, and a mask of the box."""
    shape = draw(st.tuples(*[st.integers(1, 7)] * 3))
    ends = [sorted(draw(st.tuples(st.integers(0, n), st.integers(0, n)))) for n in shape]
    box = tuple(slice(*end) for end in ends)
    hu = draw(arrays(np.int16, shape, elements=st.sampled_from([0, 300])))
    return hu, box, draw(arrays(bool, [b - a for a, b in ends]))


@settings(max_examples=100, deadline=None)
@given(volume=volumes(), which=st.randoms(use_true_random=False))
def test_same_as_a_volume(volume, which):
    hu, box, mask = volume
    dense = label_components(hu, 200.0)
    chosen = np.array([which.random() < 0.5 for _ in range(len(dense))], bool)
    values, whole = RunValues(dense, 4), np.where(hu >= 200, 4, 0).astype(np.uint8)
    values.put_all(chosen, 2)
    whole[dense.paint(chosen)] = 2
    values.put(box, mask, 1)
    whole[box][mask & (hu[box] >= 200)] = 1
    np.testing.assert_array_equal(values[:], whole)
    np.testing.assert_array_equal(values[box], whole[box])
    np.testing.assert_array_equal(values[1:], whole[1:])
    number = dense.paint(np.arange(1, len(dense) + 1))
    np.testing.assert_array_equal(values.least(len(dense)), [whole[number == n + 1].min() for n in range(len(dense))])


@settings(max_examples=60, deadline=None)
@given(volume=volumes(), least=st.integers(0, 3))
def test_has_the_components_of_the_volume_it_stands_for(volume, least):
    hu, box, mask = volume
    values = RunValues(label_components(hu, 200.0), 3)
    values.put(box, mask, 1)
    found, expected = label_components(values, least), label_components(values[:], least)
    np.testing.assert_array_equal(found.count, expected.count)
    np.testing.assert_array_equal(found.box, expected.box)
    np.testing.assert_array_equal(found.paint(found.max_hu), expected.paint(expected.max_hu))
