"""Smoothing slice by slice is the convolution of the slow twin, and leaves what is the same everywhere."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ho_detect._kernels.smoothing import smooth_slices
from ho_detect.image.components import label_components
from ho_detect.image.smoothing import Smoothed, gaussian, gaussian_weights
from ho_detect.system.parallel import set_threads

SIGMAS = st.sampled_from([0.0, 0.4, 1.3])


def weights_of(sigma):
    return gaussian_weights(sigma) if sigma else np.ones(1, np.float32)


def smoothed(hu, weights):
    out = np.full(hu.shape, -32768, np.int16)
    smooth_slices(0, len(hu), hu, *weights, out)
    return out


@pytest.mark.jit_off
@settings(max_examples=40, deadline=None)
@given(
    hu=arrays(np.int16, st.tuples(*[st.integers(1, 7)] * 3), elements=st.integers(-1024, 3000)),
    sigmas=st.tuples(SIGMAS, SIGMAS, SIGMAS),
)
def test_same_as_the_twin(hu, sigmas):
    weights = [weights_of(s) for s in sigmas]
    np.testing.assert_allclose(smoothed(hu, weights), naive.smoothed(hu, weights), rtol=0, atol=0.51)


@pytest.mark.jit_off
@settings(max_examples=40, deadline=None)
@given(
    hu=arrays(np.int16, st.tuples(*[st.integers(1, 7)] * 3), elements=st.integers(-1024, 3000)),
    axis=st.integers(0, 2),
)
def test_mirrored_is_the_mirrored_result_to_the_last_bit(hu, axis):
    weights = [weights_of(1.3)] * 3
    other = smoothed(np.ascontiguousarray(np.flip(hu, axis)), weights)
    np.testing.assert_array_equal(other, np.flip(smoothed(hu, weights), axis))


@pytest.mark.jit_off
@settings(max_examples=60, deadline=None)
@given(
    hu=arrays(np.int16, st.tuples(*[st.integers(1, 9)] * 3), elements=st.integers(-1024, 3000)),
    sigmas=st.tuples(SIGMAS, SIGMAS, SIGMAS),
    data=st.data(),
)
def test_a_voxel_is_the_same_to_the_last_bit_in_any_box(hu, sigmas, data):
    box = tuple(slice(*sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n))))) for n in hu.shape)
    whole, smooth = gaussian(hu, sigmas), Smoothed(hu, sigmas)
    for asked in (box, box[:1], slice(None), box):
        np.testing.assert_array_equal(smooth[asked], whole[asked])
    assert not smooth[box].flags.writeable


def test_components_are_found_without_the_whole_volume():
    hu = np.random.default_rng(4).integers(-200, 600, (40, 30, 35)).astype(np.int16)
    expected, found = (
        label_components(gaussian(hu, (0.8,) * 3), 240.0),
        label_components(Smoothed(hu, (0.8,) * 3), 240.0),
    )
    assert len(found) == len(expected) > 10
    np.testing.assert_array_equal(found.mean_hu, expected.mean_hu)


@pytest.mark.jit_off
def test_weights_are_a_gaussian():
    weights = gaussian_weights(1.3)
    place = np.arange(len(weights)) - len(weights) // 2
    assert weights.sum() == pytest.approx(1.0)
    assert np.sqrt((weights * place**2).sum()) == pytest.approx(1.3, rel=0.01)
    np.testing.assert_array_equal(weights, weights[::-1])


def test_threads_change_nothing():
    hu = np.random.default_rng(0).integers(-1000, 2000, (9, 30, 40)).astype(np.int16)
    found = []
    try:
        for n in (1, 2):
            set_threads(n)
            found.append(smoothed(hu, [gaussian_weights(0.8)] * 3).tobytes())
    finally:
        set_threads(0)
    assert found[0] == found[1]
