"""Runs, components, statistics and painting agree with their slow twins, whatever the type and layout of the volume."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage as ndi

from ho_detect._kernels.components import component_statistics, histograms, join_runs
from ho_detect._kernels.run_lengths import WORD, count_runs, fill_runs, paint_runs, range_in_runs
from ho_detect._kernels.sets import number_sets
from ho_detect.image import run_lengths as runs_in_slabs
from ho_detect.image.components import label_components
from ho_detect.image.run_lengths import zero_to_sum
from ho_detect.system.cpus import processors
from ho_detect.system.parallel import set_threads

# one numba signature each: compiling is most of the time of these tests
LAYOUTS = {
    "int16": (np.int16, lambda a: a),
    "int16 Fortran": (np.int16, np.asfortranarray),
    "int16 reversed": (np.int16, lambda a: np.ascontiguousarray(a[::-1, :, ::-1])[::-1, :, ::-1]),
    "int16 every other": (np.int16, lambda a: np.repeat(np.repeat(a, 2, axis=1), 2, axis=2)[:, ::2, ::2]),
    "int16 transposed": (np.int16, lambda a: np.ascontiguousarray(a.transpose(1, 2, 0)).transpose(2, 0, 1)),
    "uint8": (np.uint8, lambda a: a),
    "float32": (np.float32, lambda a: a),
}
SHAPES = st.tuples(*[st.integers(0, 6)] * 3)


def all_of(hu, low, region=None, connectivity=26):
    """Run the kernels on one slab."""
    ny, nx = hu.shape[1:]
    rows = hu.shape[0] * ny
    first, words = np.zeros(rows + 1, np.int64), np.full((rows, -(-nx // WORD)), 99, np.uint64)
    least = hu.dtype.type(-np.inf if hu.dtype.kind == "f" else np.iinfo(hu.dtype).min)
    count_runs(hu, hu.dtype.type(low), least, None if region is None else region.view(np.uint8), words, first[1:])
    np.cumsum(first, out=first)
    start, stop, component = (np.full(first[-1], -99, np.int32) for _ in range(3))
    fill_runs(nx, words, first, start, stop)
    join_runs(ny, connectivity, first, start, stop, component)
    n = number_sets(component)
    count, box = np.empty(n, np.int64), np.empty((n, 6), np.int64)
    index_sum, moments = np.empty((n, 3)), np.empty((n, 4))
    component_statistics(hu, zero_to_sum(hu.dtype), 0, first, start, stop, component, count, box, index_sum, moments)
    return first, start, stop, component, count, box, index_sum, moments


def painted(shape, result, values, out):
    first, start, stop, component = result[:4]
    paint_runs(shape[0] * shape[1], shape[1], np.zeros(3, np.int64), first, start, stop, values, component, out)
    return out


def labels_of(shape, result):
    out = np.zeros(shape, np.int32)
    n = len(result[4])
    return painted(shape, result, np.arange(1, n + 1, dtype=np.int32), out)


def check(hu, low, region, connectivity):
    """All the laws of one volume."""
    result = all_of(hu, low, region, connectivity)
    first, start, stop, _, count, box, index_sum, moments = result
    mask = naive.inside(hu, region, low)
    for mine, theirs in zip((first, start, stop), naive.runs(mask), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    labels = naive.flood(mask, connectivity)
    np.testing.assert_array_equal(labels_of(hu.shape, result), labels)
    rows = naive.statistics(hu, labels)
    assert len(rows) == len(count)
    for c, (n, where, centroid, mean, sd, smallest, largest) in enumerate(rows):
        assert count[c] == n
        np.testing.assert_array_equal(box[c], where)
        np.testing.assert_allclose(index_sum[c] / n, centroid, rtol=1e-12, atol=1e-12)
        assert moments[c, 0] / n == pytest.approx(mean, rel=1e-12, abs=1e-9)
        assert max(moments[c, 1] / n - (moments[c, 0] / n) ** 2, 0) == pytest.approx(sd**2, rel=1e-6, abs=1e-6)
        assert (moments[c, 2], moments[c, 3]) == (smallest, largest)


@pytest.mark.jit_off
@pytest.mark.parametrize("layout", LAYOUTS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_same_as_the_twins(layout, data):
    dtype, view = LAYOUTS[layout]
    shape = data.draw(SHAPES)
    plain = data.draw(arrays(dtype, shape, elements=st.sampled_from([0, 40, 100, 101, 250])))
    hu = view(plain)
    np.testing.assert_array_equal(hu, plain)
    region = data.draw(st.one_of(st.none(), arrays(np.bool_, shape)))
    check(hu, 100.0, region, data.draw(st.sampled_from([6, 18, 26])))


@pytest.mark.jit_off
@pytest.mark.parametrize("connectivity", [6, 18, 26])
@settings(max_examples=25, deadline=None)
@given(mask=arrays(np.bool_, st.tuples(*[st.integers(1, 8)] * 3)))
def test_same_parts_as_scipy(connectivity, mask):
    hu = np.where(mask, 300, -1000).astype(np.int16)
    mine = labels_of(hu.shape, all_of(hu, 200.0, None, connectivity))
    theirs, n = ndi.label(mask, ndi.generate_binary_structure(3, naive.CONNECTIVITY[connectivity]))
    assert mine.max() == n
    pairs = set(zip(mine.ravel().tolist(), theirs.ravel().tolist(), strict=True))
    assert len(pairs) == n + (not mask.all())


@pytest.mark.jit_off
@pytest.mark.parametrize("fill", [0, 1])
@pytest.mark.parametrize("shape", [(1, 1, 1), (4, 3, 5), (1, 1, 9), (7, 1, 1), (0, 3, 4), (3, 0, 4), (3, 4, 0)])
def test_all_air_and_all_bone(shape, fill):
    result = all_of(np.full(shape, 1000 * fill, np.int16), 200.0)
    size = int(np.prod(shape)) * fill
    assert result[4].sum() == size
    assert len(result[4]) == (size > 0)


@pytest.mark.jit_off
def test_not_a_number_is_not_bone():
    hu = np.full((2, 2, 5), np.nan, np.float32)
    hu[0, 1, 2:4] = 500
    check(np.nan_to_num(hu, nan=-1.0), 200.0, None, 26)
    assert all_of(hu, 200.0)[4].tolist() == [2]


@pytest.mark.jit_off
@pytest.mark.parametrize(
    ("offset", "joined"),
    [((0, 0, 1), 6), ((0, 1, 0), 6), ((1, 0, 0), 6), ((0, 1, 1), 18), ((1, 0, -1), 18), ((1, 1, 0), 18),
     ((1, -1, 0), 18), ((1, 1, 1), 26), ((1, -1, 1), 26), ((1, 1, -1), 26), ((1, -1, -1), 26), ((0, 0, 2), 99)],
)  # fmt: skip
def test_two_voxels_are_one_from_their_connectivity_on(offset, joined):
    hu = np.zeros((3, 3, 5), np.int16)
    hu[1, 1, 2] = 300
    hu[tuple(np.array([1, 1, 2]) + offset)] = 300
    for connectivity in (6, 18, 26):
        assert len(all_of(hu, 200.0, None, connectivity)[4]) == (1 if connectivity >= joined else 2)


@pytest.mark.jit_off
def test_a_spiral_is_one_component_and_keeps_the_number_of_its_first_voxel():
    mask = np.zeros((5, 9, 9), np.int16)
    mask[0, 0, 0] = 1  # number 1
    mask[2, 0, 2:9] = mask[2, 0:9, 8] = mask[2, 8, 2:9] = mask[2, 2:9, 2] = mask[2, 2, 2:7] = mask[2, 2:7, 6] = 1
    mask[4, 8, 8] = 1  # number 3
    hu = np.where(mask, 300, 0).astype(np.int16)
    labels = labels_of(hu.shape, all_of(hu, 200.0, None, 6))
    assert labels.max() == 3
    assert (labels[2][mask[2] > 0] == 2).all()
    assert labels[4, 8, 8] == 3


def test_rows_longer_than_16_bits():
    hu = np.zeros((1, 2, 70_001), np.int16)
    hu[0, 0, 5:69_999] = 300
    hu[0, 1, 70_000] = 300
    hu[0, 1, ::2] = 300
    result = all_of(hu, 200.0, None, 6)
    assert result[2].max() == 70_001
    labels = labels_of(hu.shape, result)
    theirs, n = ndi.label(hu > 0)
    assert len(result[4]) == n
    np.testing.assert_array_equal(labels > 0, theirs > 0)
    assert result[4][0] == 69_994 + ((hu[0, 1, 5:69_999]) > 0).sum()


@pytest.mark.jit_off
def test_painting_leaves_what_has_value_zero():
    hu = np.zeros((1, 1, 7), np.int16)
    hu[0, 0, [0, 2, 3, 6]] = 300
    result = all_of(hu, 200.0)
    out = np.full(hu.shape, 9, np.int16)
    values = np.array([5, 0, 7], np.int16)
    painted(hu.shape, result, values, out)
    assert out.ravel().tolist() == [5, 9, 9, 9, 9, 9, 7]
    np.testing.assert_array_equal(out, naive.painted(naive.flood(hu > 0, 26), values, np.full(hu.shape, 9, np.int16)))


@pytest.mark.jit_off
@pytest.mark.parametrize("shape", [(3, 4, 5), (1, 4, 5)])
def test_one_component_per_voxel_when_none_touch(shape):
    hu = np.full(shape, -1000, np.int16)
    hu[::2, ::2, ::2] = 300
    result = all_of(hu, 200.0)
    assert len(result[4]) == hu[::2, ::2, ::2].size
    assert (result[4] == 1).all()


def arrays_of(parts):
    """All that is known of components, as bytes."""
    values = [v for record in (parts, parts.runs) for v in vars(record).values() if isinstance(v, np.ndarray)]
    assert len(values) == 11
    return [v.tobytes() for v in values]


def test_one_and_two_threads_give_the_same_bits():
    if processors() < 2:
        pytest.skip("one processor only")
    hu = np.random.default_rng(3).normal(150, 100, (30, 40, 50)).astype(np.int16)
    found = []
    try:
        for threads in (1, 2):
            set_threads(threads)
            found.append(arrays_of(label_components(hu, 200.0)))
    finally:
        set_threads(0)
    assert found[0] == found[1]


@pytest.mark.jit_off
@settings(max_examples=40, deadline=None)
@given(
    hu=arrays(np.int16, SHAPES, elements=st.sampled_from([-50, 100, 130, 250])),
    slabs=st.integers(1, 7),
    connectivity=st.sampled_from([6, 18, 26]),
)
def test_the_number_of_slabs_changes_nothing(hu, slabs, connectivity):
    found = []
    for n in (1, slabs):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(runs_in_slabs, "_SLABS", n)
            found.append(arrays_of(label_components(hu, 100, None, connectivity)))
    assert found[0] == found[1]


@pytest.mark.jit_off
@pytest.mark.parametrize("nx", [63, 64, 65, 127, 128, 129])
def test_runs_across_and_up_to_the_ends_of_words(nx):
    rng = np.random.default_rng(nx)
    hu = np.repeat(rng.integers(0, 2, (6, 4, 11)), 12, axis=2)[..., :nx].astype(np.int16) * 300
    hu[0] = 300
    hu[1, :, 62:66] = 300
    check(hu, 200.0, None, 26)
    check(hu, 200.0, rng.random(hu.shape) < 0.9, 26)


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint16])
def test_sums_of_the_largest_whole_numbers(dtype):
    least, most = np.iinfo(dtype).min, int(np.iinfo(dtype).max)
    hu = np.array([[[most, most - 1, most, least]]], dtype)
    total, squares, *ends = all_of(hu, most - 1)[-1][0].tolist()
    assert (total, *ends) == (3 * most - 1, most - 1, most)
    assert squares == float(2 * most**2 + (most - 1) ** 2)


@pytest.mark.jit_off
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_ranges_in_another_volume_and_histograms_are_those_of_the_voxels(data):
    hu = data.draw(arrays(np.int16, SHAPES, elements=st.sampled_from([-50, 100, 130, 250])))
    other = data.draw(arrays(np.int16, hu.shape, elements=st.integers(-5, 5)))
    result = all_of(hu, 100)
    first, start, stop, component, count = result[:5]
    labels = labels_of(hu.shape, result)
    found = np.full((len(count), 2), (9, -9), np.int16)
    range_in_runs(other, first, start, stop, component, found)
    of_each = [other[labels == c + 1] for c in range(len(count))]
    assert found.tolist() == [[values.min(), values.max()] for values in of_each]
    bins = np.full((len(count), 4), -1, np.int64)
    histograms(hu, first, start, stop, component, 100.0, 40.0, bins)
    for c in range(len(count)):
        values = np.clip((hu[labels == c + 1] - 100) // 40, 0, 3)
        assert bins[c].tolist() == np.bincount(values, minlength=4).tolist()


@pytest.mark.parametrize("nx", [WORD - 1, WORD, WORD + 1, 2 * WORD - 1, 2 * WORD + 2])
@pytest.mark.parametrize("share", [0.03, 0.1, 0.3, 0.6])
def test_components_go_on_over_the_borders_of_words(nx, share):
    mask = np.random.default_rng([nx, int(100 * share)]).random((4, 5, nx)) < share
    mine = labels_of(mask.shape, all_of(mask.view(np.uint8), 1))
    theirs, _ = ndi.label(mask, np.ones((3, 3, 3)))
    np.testing.assert_array_equal(mine, theirs)
