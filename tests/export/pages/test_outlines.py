"""An outline encloses the area of its mask, however it is written."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ho_detect.export.pages.outlines import OnPicture, numbers_on


def loops(path):
    return [
        np.array([[float(v) for v in p.split()] for p in re.split("[ML]", loop) if p]) for loop in path.split("Z")[:-1]
    ]


def area(loop):
    x, y = loop.T
    return abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2


@given(st.integers(2, 9), st.integers(2, 9), st.floats(1.0, 3.0), st.floats(1.0, 3.0))
def test_a_rectangle_at_any_place_of_the_picture(rows, columns, row_mm, column_mm):
    mask = np.zeros((12, 12), bool)
    mask[:rows, :columns] = True  # at the edge of the scan too
    (loop,) = loops(OnPicture((row_mm, column_mm), (10.0, 20.0)).path(mask))
    # the corners are cut at the middle of a voxel's edges
    assert area(loop) == pytest.approx((rows * columns - 0.5) * row_mm * column_mm, rel=0.12)
    assert loop[:, 0].min() == pytest.approx(10.0 - column_mm / 2, abs=0.06)
    assert loop[:, 1].min() == pytest.approx(20.0 - row_mm / 2, abs=0.06)
    assert len(loop) <= 8


def test_nothing_has_no_outline_and_each_number_its_mask():
    on = OnPicture((1.0, 1.0), (0.0, 0.0))
    assert on.path(np.zeros((3, 3), bool)) == ""
    labels = np.array([[0, 2, 2], [0, 0, 5]], np.uint16)
    assert [(n, int(m.sum())) for n, m in numbers_on(labels)] == [(2, 2), (5, 1)]
    assert on.label_at(labels == 5) == (2.0, 1.0)
