"""Runs and what components measure, beside scipy; spans are what indexing holds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage as ndi

from ho_detect.image.run_lengths import measured_runs, spans_of, zero_to_sum

VOLUMES = arrays(np.int16, st.tuples(*[st.integers(1, 7)] * 3), elements=st.sampled_from([-50, 100, 130, 250]))


def painted(runs, shape):
    """Paint the runs back: 0, or 1 + the number of the component."""
    out = np.zeros((shape[0] * shape[1], shape[2]), np.int64)
    for row in range(len(out)):
        for k in range(runs.first[row], runs.first[row + 1]):
            out[row, runs.start[k] : runs.stop[k]] = 1 + runs.component[k]
    return out.reshape(shape)


@given(hu=VOLUMES, low=st.sampled_from([-100.0, 99.5, 130.0, 130.5, 4e4]), connectivity=st.sampled_from([6, 26]))
def test_components_are_those_of_scipy(hu, low, connectivity):
    runs, measures = measured_runs(hu, low, None, connectivity)
    got = painted(runs, hu.shape)
    structure = np.ones((3, 3, 3)) if connectivity == 26 else None
    expected, n = ndi.label(hu >= low, structure)
    np.testing.assert_array_equal(got, expected)  # both number by the first voxel
    assert len(measures.count) == n
    index = range(1, n + 1)
    np.testing.assert_array_equal(measures.count, ndi.sum_labels(np.ones_like(hu), expected, index))
    np.testing.assert_allclose(measures.moments[:, 0], ndi.sum_labels(hu.astype(float), expected, index))
    for k, box in enumerate(ndi.find_objects(expected)):
        np.testing.assert_array_equal(measures.box[k, 0::2], [s.start for s in box])
        np.testing.assert_array_equal(measures.box[k, 1::2], [s.stop - 1 for s in box])


@given(hu=VOLUMES, data=st.data())
def test_outside_of_a_region_nothing_counts(hu, data):
    region = data.draw(arrays(np.bool_, hu.shape))
    runs, _ = measured_runs(hu, 100.0, region, 26)
    np.testing.assert_array_equal(painted(runs, hu.shape) > 0, (hu >= 100) & region)


@given(shape=array_shapes(min_dims=3, max_dims=3), data=st.data())
def test_spans_are_what_indexing_holds(shape, data):
    box = tuple(data.draw(st.slices(n).filter(lambda s: s.step in (None, 1))) for n in shape)
    box = box[: data.draw(st.integers(1, 3))]
    array = np.arange(np.prod(shape)).reshape(shape)
    spans = spans_of(box, shape)
    np.testing.assert_array_equal(array[spans], array[box])
    assert all(0 <= s.start <= s.stop <= n for s, n in zip(spans, shape, strict=True))
    assert len(spans) == 3


def test_squares_that_could_overflow_are_summed_as_floats():
    assert zero_to_sum(np.dtype(np.int16)).dtype == np.int64
    assert {zero_to_sum(np.dtype(kind)).dtype.kind for kind in (np.int32, np.uint64, np.float32)} == {"f"}
