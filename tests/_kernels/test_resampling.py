"""Block averages and interpolation agree with their slow twins."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ho_detect._kernels.resampling import average_blocks, interpolate
from ho_detect.system.cpus import processors
from ho_detect.system.parallel import set_threads

pytestmark = pytest.mark.jit_off

SHAPES = st.tuples(*[st.integers(1, 7)] * 3)
EIGHTHS = st.integers(-16, 64).map(lambda n: n / 8)


def averaged(hu, block):
    out = np.full(np.array(hu.shape) // block, np.nan, np.float32)
    average_blocks(len(out), hu, np.asarray(block), out)
    return out


def interpolated(volume, matrix, offset, shape, outside=-1000.0):
    out = np.full(shape, np.nan, np.float32)
    interpolate(len(out), volume, np.asarray(matrix, float), np.asarray(offset, float), outside, out)
    return out


@settings(max_examples=60, deadline=None)
@given(data=st.data(), order=st.permutations((0, 1, 2)), step=st.sampled_from((1, -1)))
def test_averages_are_those_of_the_twin_for_any_strides(data, order, step):
    hu = data.draw(arrays(np.int16, SHAPES, elements=st.integers(-1024, 3071))).transpose(order)[:, ::step]
    block = [data.draw(st.integers(1, n)) for n in hu.shape]
    np.testing.assert_allclose(averaged(hu, block), naive.block_averages(hu, block), rtol=1e-5, atol=1e-3)


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    matrix=arrays(np.float64, (3, 3), elements=EIGHTHS),
    offset=arrays(np.float64, 3, elements=EIGHTHS),
    along_rows=st.booleans(),
)
def test_interpolation_is_that_of_the_twin(data, matrix, offset, along_rows):
    if along_rows:
        matrix[:2, 2] = 0.0
    volume = data.draw(arrays(np.float32, SHAPES, elements=st.integers(-1024, 3071).map(float)))
    found = interpolated(volume, matrix, offset, (2, 3, 2))
    assert found.shape == (2, 3, 2)
    for index in np.ndindex(found.shape):
        expected = naive.clamped_linear(volume, matrix @ index + offset, -1000.0)
        assert found[index] == pytest.approx(expected, abs=0.01)


def test_rows_that_run_along_are_no_other_volume():
    """To the last bit: a matrix that turns rows by nothing worth speaking of goes the long way."""
    volume = np.random.default_rng(3).normal(size=(9, 8, 7)).astype(np.float32)
    matrix, offset = np.diag([0.7, -0.9, 0.61]), np.array([0.3, 6.0, -1.1])
    turned = matrix.copy()
    turned[0, 2] = 1e-300
    args = (offset, (11, 8, 14))
    np.testing.assert_array_equal(interpolated(volume, matrix, *args), interpolated(volume, turned, *args))


def test_the_same_grid_gives_the_same_volume():
    volume = np.random.default_rng(0).normal(size=(4, 5, 6)).astype(np.float32)
    np.testing.assert_array_equal(interpolated(volume, np.eye(3), np.zeros(3), volume.shape), volume)
    np.testing.assert_array_equal(averaged(volume, (1, 1, 1)), volume)


def test_one_and_two_threads_give_the_same_bits():
    if processors() < 2:
        pytest.skip("one processor only")
    rng = np.random.default_rng(1)
    hu = rng.integers(-1024, 3071, (9, 12, 12)).astype(np.int16)
    matrix, offset = rng.normal(size=(3, 3)), rng.normal(size=3)
    found = []
    try:
        for threads in (1, 2):
            set_threads(threads)
            means = averaged(hu, (2, 3, 1))
            found.append((means.tobytes(), interpolated(means, matrix, offset, (7, 8, 9)).tobytes()))
    finally:
        set_threads(0)
    assert found[0] == found[1]
