"""Distances to a mask are those of the slow twin and of scipy; openings and closings are what their names say."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage as ndi

from ho_detect.image.morphology import (
    closed_by_ball,
    deeper,
    distance_anywhere,
    distance_to,
    largest_depth_mm,
    margins,
    neighbours,
    opened_by_ball,
    padded,
    within,
)
from ho_detect.system.parallel import set_threads

MASKS = arrays(np.bool_, st.tuples(*[st.integers(1, 7)] * 3))
SPACINGS = st.sampled_from([(1.0, 1.0, 1.0), (2.5, 0.7, 0.9), (0.5, 1.5, 1.0)])


@pytest.mark.jit_off
@settings(max_examples=80, deadline=None)
@given(mask=MASKS, spacing=SPACINGS, limit=st.sampled_from([0.0, 0.4, 1.0, 2.5, 5.0, 50.0]), to_faces=st.booleans())
def test_same_as_the_twin(mask, spacing, limit, to_faces):
    mine = distance_to(mask, limit, spacing, to_faces=to_faces)
    np.testing.assert_allclose(mine, naive.distance(mask, limit, spacing, to_faces), rtol=1e-5)
    np.testing.assert_array_equal(within(mask, limit, spacing, to_faces=to_faces), np.isfinite(mine))


@settings(max_examples=30, deadline=None)
@given(mask=arrays(np.bool_, (6, 9, 11)), spacing=SPACINGS)
def test_same_as_scipy(mask, spacing):
    mask[0, 0, 0], mask[-1, -1, -1] = True, False
    theirs = ndi.distance_transform_edt(~mask, sampling=spacing)
    np.testing.assert_allclose(distance_to(mask, 60.0, spacing), theirs, rtol=1e-5)
    assert largest_depth_mm(mask, spacing) == pytest.approx(ndi.distance_transform_edt(mask, sampling=spacing).max())
    np.testing.assert_array_equal(neighbours(mask), ndi.binary_dilation(mask, np.ones((3, 3, 3))))


@pytest.mark.jit_off
@settings(max_examples=30, deadline=None)
@given(mask=MASKS, axes=st.permutations(range(3)), flips=st.tuples(*[st.sampled_from([1, -1])] * 3))
def test_turning_the_array_turns_the_answer(mask, axes, flips):
    spacing = np.array([2.5, 0.7, 0.9])

    def turned(array):
        return array.transpose(axes)[tuple(slice(None, None, f) for f in flips)]

    mine = distance_to(turned(mask), 4.0, spacing[list(axes)])
    np.testing.assert_allclose(mine, turned(distance_to(mask, 4.0, spacing)), rtol=1e-6)


@pytest.mark.jit_off
@settings(max_examples=40, deadline=None)
@given(mask=MASKS, sparse=arrays(np.bool_, (6, 5, 7), elements=st.integers(0, 40).map(bool).map(lambda b: not b)))
def test_without_a_limit_the_same_as_the_twin_with_one_beyond_all(mask, sparse):
    for given_mask in (mask, sparse):
        for spacing in ((1.0, 1.0, 1.0), (2.5, 0.7, 0.9)):
            expected = naive.distance(given_mask, 1000.0, spacing, to_faces=False)
            np.testing.assert_allclose(distance_anywhere(given_mask, spacing), expected, rtol=1e-5)


@pytest.mark.jit_off
def test_openings_and_closings():
    ball = ndi.distance_transform_edt(np.pad(np.zeros((1, 1, 1)), 8, constant_values=1)) <= 5
    thorn = ball.copy()
    thorn[8, 8, 13:] = True
    spacing = (1.0, 1.0, 1.0)
    assert (opened_by_ball(thorn, 2.0, spacing) <= thorn).all()
    assert not opened_by_ball(thorn, 2.0, spacing)[8, 8, 15]
    hollow = ball & ~(ndi.distance_transform_edt(ball) > 4)
    assert closed_by_ball(hollow, 2.0, spacing)[8, 8, 8]
    assert not deeper(ball, 5.5, spacing).any()
    assert deeper(ball, 4.5, spacing)[8, 8, 8]


@pytest.mark.jit_off
def test_without_a_mask_and_without_an_outside():
    nothing = np.zeros((2, 3, 4), bool)
    assert np.isinf(distance_to(nothing, 3.0, (1, 1, 1))).all()
    assert deeper(~nothing, 3.0, (1, 1, 1)).all()
    assert largest_depth_mm(nothing, (1.0, 1.0, 1.0)) == 0.0
    assert largest_depth_mm(~nothing, (1.0, 1.0, 1.0)) == np.inf
    assert distance_to(np.zeros((0, 3, 4), bool), 3.0, (1, 1, 1)).shape == (0, 3, 4)


@pytest.mark.jit_off
def test_what_makes_no_sense_is_refused():
    for limit, mask in ((-1.0, np.ones((1, 1, 1), bool)), (np.inf, np.ones((1, 1, 1), bool)), (1.0, np.ones(3, bool))):
        with pytest.raises(ValueError, match="distance up to"):
            distance_to(mask, limit, (1, 1, 1))


def test_threads_change_nothing():
    mask = np.random.default_rng(0).random((20, 30, 40)) < 0.01
    found = []
    try:
        for n in (1, 2):
            set_threads(n)
            spacing = (1.1, 0.7, 0.9)
            found.append((distance_to(mask, 6.0, spacing).tobytes(), distance_anywhere(mask, spacing).tobytes()))
    finally:
        set_threads(0)
    assert found[0] == found[1]


@settings(max_examples=40, deadline=None)
@given(mask=arrays(bool, st.tuples(*[st.integers(1, 5)] * 3)), radius=st.sampled_from([0.0, 0.9, 2.5]))
def test_a_ball_fits_around_a_padded_mask(mask, radius):
    spacing = (2.0, 0.7, 1.0)
    wide, inner = padded(mask, radius, spacing)
    np.testing.assert_array_equal(wide[inner], mask)
    assert wide.sum() == mask.sum()
    grown = within(wide, radius, spacing)
    wider = within(np.pad(wide, 3), radius, spacing)
    assert grown.sum() == wider.sum()
    for n, step in zip(margins(radius, spacing, 1), spacing, strict=True):
        assert (n - 1) * step >= radius > (n - 2) * step
