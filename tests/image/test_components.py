"""The guard before the component kernels: what it refuses, and that its measures are those of the voxels."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage as ndi

from ho_detect.image.components import holes_filled, joined_with, label_components

pytestmark = pytest.mark.jit_off


@settings(max_examples=60, deadline=None)
@given(
    hu=arrays(np.int16, st.tuples(*[st.integers(0, 6)] * 3), elements=st.sampled_from([-1000, 40, 199, 200, 900])),
    data=st.data(),
)
def test_measures_are_those_of_the_voxels(hu, data):
    region = data.draw(st.one_of(st.none(), arrays(np.bool_, hu.shape)))
    connectivity = data.draw(st.sampled_from([6, 18, 26]))
    parts = label_components(hu, 200.0, region, connectivity)
    labels = naive.flood(naive.inside(hu, region, 200.0), connectivity)
    np.testing.assert_array_equal(parts.paint(np.arange(1, len(parts) + 1)), labels)
    rows = naive.statistics(hu, labels)
    assert len(parts) == len(rows)
    for c, (count, box, centroid, mean, sd, smallest, largest) in enumerate(rows):
        assert parts.count[c] == count
        assert parts.box[c].tolist() == box.tolist()
        np.testing.assert_allclose(parts.centroid[c], centroid)
        assert parts.mean_hu[c] == pytest.approx(mean)
        assert parts.sd_hu[c] == pytest.approx(sd, abs=1e-4)
        assert (parts.min_hu[c], parts.max_hu[c]) == (smallest, largest)
        assert (labels[parts.slices(c)] == c + 1).sum() == count
    assert parts.touches_border.tolist() == naive.border_labels(labels).tolist()


@given(margin=st.integers(0, 9))
def test_a_box_with_margin_stays_in_the_volume(margin):
    hu = np.zeros((6, 7, 8), np.int16)
    hu[2:4, 5, 1] = 300
    z, y, x = label_components(hu, 200.0).slices(0, margin)
    assert (z.start, z.stop) == (max(0, 2 - margin), min(6, 4 + margin))
    assert (y.start, y.stop) == (max(0, 5 - margin), min(7, 6 + margin))
    assert (x.start, x.stop) == (max(0, 1 - margin), min(8, 2 + margin))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.bool_])
def test_paints_values_of_any_type(dtype):
    hu = np.zeros((1, 2, 5), np.int16)
    hu[0, 0, [0, 4]] = 300
    out = label_components(hu, 200.0).paint(np.array([0, 1], dtype))
    assert out.dtype == dtype
    assert np.argwhere(out).tolist() == [[0, 0, 4]]


def test_nothing_found_is_an_empty_answer():
    parts = label_components(np.zeros((3, 4, 5), np.int16), 200.0)
    assert len(parts) == 0
    assert parts.touches_border.shape == (0,)
    assert parts.centroid.shape == (0, 3)
    assert not parts.paint(np.zeros(0, np.int16)).any()


def test_the_volume_is_not_changed():
    hu = np.random.default_rng(0).integers(0, 400, (5, 6, 7)).astype(np.int16)
    before = hu.copy()
    hu.setflags(write=False)
    label_components(hu, 200.0, hu > 250)
    np.testing.assert_array_equal(hu, before)


def test_what_makes_no_sense_is_refused_with_its_value():
    hu = np.zeros((2, 3, 4), np.int16)
    with pytest.raises(ValueError, match=r"shape \(3, 4\)"):
        label_components(hu[0], 200.0)
    with pytest.raises(ValueError, match=r"region \(2, 3, 5\)"):
        label_components(hu, 200.0, np.ones((2, 3, 5), bool))
    with pytest.raises(ValueError, match="connectivity 8"):
        label_components(hu, 200.0, connectivity=8)
    with pytest.raises(ValueError, match="shape"):
        label_components(hu + 300, 200.0).paint(np.zeros(2))


@settings(max_examples=40, deadline=None)
@given(hu=arrays(np.int16, st.tuples(*[st.integers(0, 6)] * 3), elements=st.sampled_from([-1000, 40, 200, 300, 900])))
def test_hysteresis_keeps_what_reaches_the_high_threshold(hu):
    labels = naive.flood(hu >= 200, 26)
    high = [n for n in range(1, labels.max(initial=0) + 1) if (hu[labels == n] >= 900).any()]
    parts = label_components(hu, 200.0, high=900.0)
    assert parts.count.tolist() == [(labels == n).sum() for n in high]
    expected = np.zeros(labels.shape, int)
    for number, n in enumerate(high, 1):
        expected[labels == n] = number
    np.testing.assert_array_equal(parts.paint(np.arange(1, len(parts) + 1)), expected)
    assert all(parts.at(parts.first_voxel(c)) == c for c in range(len(parts)))


@settings(max_examples=40, deadline=None)
@given(hu=arrays(np.int16, st.tuples(*[st.integers(1, 6)] * 3), elements=st.integers(190, 230)))
def test_percentiles_are_those_of_the_voxels(hu):
    parts = label_components(hu, 200.0)
    labels = parts.paint(np.arange(1, len(parts) + 1))
    found = parts.percentiles(hu, np.array([0, 50, 95, 100]))
    assert len(found) == len(parts) == labels.max()
    for c in range(len(parts)):
        values = hu[labels == c + 1]
        assert found[c].tolist() == np.percentile(values, [0, 50, 95, 100], method="lower").tolist()


@settings(max_examples=40, deadline=None)
@given(mask=arrays(np.bool_, st.tuples(*[st.integers(1, 6)] * 3)), data=st.data())
def test_filled_and_joined_as_scipy_does(mask, data):
    seeds = data.draw(arrays(np.bool_, mask.shape)) & mask
    np.testing.assert_array_equal(holes_filled(mask), ndi.binary_fill_holes(mask))
    for connectivity, structure in ((6, None), (26, np.ones((3, 3, 3), bool))):
        theirs = ndi.binary_propagation(seeds, structure=structure, mask=mask)
        np.testing.assert_array_equal(joined_with(seeds, mask, connectivity), theirs)


def test_a_box_is_painted_like_the_whole():
    hu = np.random.default_rng(1).integers(0, 400, (6, 7, 8)).astype(np.int16)
    parts = label_components(hu, 250.0, connectivity=6)
    values = np.arange(1, len(parts) + 1, dtype=np.int32)
    box = (slice(1, 4), slice(0, 5), slice(3, 7))
    np.testing.assert_array_equal(parts.paint(values, box), parts.paint(values)[box])


@pytest.mark.parametrize(
    ("dtype", "low", "n"),
    [(np.int16, 40000.0, 0), (np.int16, -40000.0, 1), (np.int16, 199.2, 1), (np.int16, 200.2, 0), (np.uint8, -1.0, 1),
     (np.float32, 200.0, 1), (np.float32, 200.00001, 0), (np.float32, -np.inf, 1), (np.int16, np.inf, 0)],
)  # fmt: skip
def test_a_threshold_no_value_of_the_type_is_equal_to(dtype, low, n):
    assert len(label_components(np.full((1, 2, 3), 200, dtype), low)) == n
