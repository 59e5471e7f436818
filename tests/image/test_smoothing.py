"""Smoothing keeps what is flat, and gives the same voxels for a box as for the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ho_detect.image.smoothing import Smoothed, gaussian, gaussian_weights


@pytest.mark.parametrize("sigma", [0.2, 0.7, 1.0, 3.3])
def test_weights_are_even_fall_outwards_and_sum_to_one(sigma):
    weights = gaussian_weights(sigma)
    np.testing.assert_array_equal(weights, weights[::-1])
    assert (np.diff(weights[: len(weights) // 2 + 1]) > 0).all()
    assert weights.sum() == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("hu", [-1000, 0, 1234])
def test_what_is_flat_stays(hu):
    flat = np.full((5, 6, 7), hu, np.int16)
    np.testing.assert_array_equal(gaussian(flat, (0.7, 1.3, 2.0)), flat)


def test_an_axis_without_width_stays():
    rng = np.random.default_rng(5)
    volume = rng.integers(-1000, 2000, (6, 7, 8)).astype(np.int16)
    np.testing.assert_array_equal(gaussian(volume, (0, 0, 0)), volume)
    flat = np.broadcast_to(volume[:1], volume.shape)
    np.testing.assert_array_equal(gaussian(flat, (2.0, 0, 0)), flat)


@settings(max_examples=25)
@given(seed=st.integers(0, 99), low=st.tuples(*[st.integers(0, 5)] * 3), size=st.tuples(*[st.integers(1, 40)] * 3))
def test_a_box_is_that_of_the_whole(seed, low, size):
    volume = np.random.default_rng(seed).integers(-1000, 2000, (40, 9, 8)).astype(np.int16)
    box = tuple(slice(a, a + n) for a, n in zip(low, size, strict=True))
    part = Smoothed(volume, (0.9, 1.1, 0.6))[box]
    np.testing.assert_array_equal(part, gaussian(volume, (0.9, 1.1, 0.6))[box])
    assert not part.flags.writeable
