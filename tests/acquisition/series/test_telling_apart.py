"""Stacks are told by their heights, whatever order they come in; fields of view by their corners."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slice_entries import make_entry

from ho_detect.acquisition.series.telling_apart import alternating, fields_of_view, heights_of, is_even, is_regular
from ho_detect.settings import AcquisitionSettings

SETTINGS = AcquisitionSettings()


def stack(n, step=2.0, corner=(0.0, 0.0), **more):
    return [make_entry(position=(*corner, step * k), **more) for k in range(n)]


def test_heights_run_along_the_normal_of_the_plane():
    np.testing.assert_allclose(heights_of(stack(4)), [0.0, 2.0, 4.0, 6.0])
    sagittal = [make_entry(position=(3.0 * k, 5.0, 7.0), orientation=(0, 1, 0, 0, 0, -1)) for k in range(3)]
    np.testing.assert_allclose(np.abs(np.diff(heights_of(sagittal))), 3.0)


@given(n=st.integers(3, 40), step=st.floats(0.5, 6.0), seed=st.integers(0, 99))
def test_an_even_stack_is_regular_in_any_order(n, step, seed):
    heights = step * np.arange(n)
    assert is_even(heights, SETTINGS)
    assert is_regular(np.random.default_rng(seed).permutation(heights), SETTINGS)


@given(n=st.integers(12, 40), data=st.data())
def test_with_a_slice_missing_it_is_regular_but_not_even(n, data):
    heights = np.delete(2.0 * np.arange(n), data.draw(st.integers(1, n - 2)))
    assert not is_even(heights, SETTINGS)
    assert is_regular(heights, SETTINGS)


def test_two_stacks_laid_into_each_other_are_not_regular():
    heights = np.sort(np.concatenate([2.0 * np.arange(20), 0.7 + 2.0 * np.arange(20)]))
    assert not is_regular(heights, SETTINGS)


def test_steps_in_turn_are_told_and_steps_that_grow_are_not():
    assert alternating([make_entry(position=(0.0, 0.0, 0.2 * k**2)) for k in range(16)], SETTINGS) == ""
    laid = stack(8) + [make_entry(position=(0.0, 0.0, 0.7 + 2.0 * k)) for k in range(8)]
    assert "in turn" in alternating(laid, SETTINGS)


@pytest.mark.parametrize("aside", [5.0, 100.0])
def test_fields_of_view_are_told_by_their_corners(aside):
    images = stack(12) + stack(14, corner=(aside, 0.0))
    assert [len(part) for part in fields_of_view(images, 12)] == [12, 14]
    assert [len(part) for part in fields_of_view(images, 13)] == [26]  # too few for a stack of its own


def test_a_stack_that_leans_is_one_field_of_view():
    images = [make_entry(position=(0.0, 1.5 * k, 2.0 * k)) for k in range(30)]
    assert len(fields_of_view(images, 12)) == 1
