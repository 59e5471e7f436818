"""Template scores, sampling and edges agree with their slow twins; positions are dyadic so that sums are exact."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ho_detect._kernels.surface_match import edge_offsets, sample_linear
from ho_detect.anatomy.fit.template import Places, gradient_of, match
from ho_detect.system.cpus import processors
from ho_detect.system.parallel import set_threads

pytestmark = pytest.mark.jit_off


def quarters(low, high, shape):
    """Arrays of quarters of integers: every sum of a few products of them is exact."""
    return arrays(np.float64, shape, elements=st.integers(4 * low, 4 * high).map(lambda n: n / 4))


def scores(gradient, points, normals, origin=(0, 0, 0), shifts=((0, 0, 0),), full=4.0, hopeless=0.25, probe=0):
    """Return the (T, C) scores and shares in view; all are given as (z, y, x)."""
    points, normals, origin, shifts = (np.asarray(a) for a in (points, normals, origin, shifts))
    flipped = points[..., ::-1], normals[..., ::-1]
    return match(gradient, *flipped, Places(origin, shifts), full=full, least=(probe, hopeless))


def edges(volume, points, normals, step=1.0, reach=4, width=3.0, dark=200.0, first=False):
    n = len(points)
    offset, strength = np.full(n, -99.0), np.full(n, -99.0)
    dark, first = np.broadcast_to(dark, n).astype(float), np.broadcast_to(first, n).copy()
    edge_offsets(volume, points, normals, step, reach, width, dark, first, offset, strength)
    return offset, strength


class TestTemplate:
    @settings(max_examples=60, deadline=None)
    @given(data=st.data(), probe=st.sampled_from([0, 1, 3]))
    def test_same_as_the_twin(self, data, probe):
        shape = data.draw(st.tuples(*[st.integers(1, 5)] * 3))
        gradient = data.draw(quarters(-8, 8, (*shape, 3))).astype(np.float32)
        points, normals = data.draw(quarters(-3, 3, (2, 6, 3))), data.draw(quarters(-1, 1, (2, 6, 3)))
        origin = data.draw(quarters(-1, 3, (3,)))
        shifts = data.draw(arrays(np.int64, (3, 3), elements=st.integers(-1, 3)))
        score, seen = scores(gradient, points, normals, origin, shifts, probe=probe)
        assert score.shape == seen.shape == (2, 3)
        for t, c in np.ndindex(score.shape):
            expected = naive.template_score(gradient, points[t], normals[t], origin + shifts[c], 4.0, 0.25, probe)
            np.testing.assert_array_equal([score[t, c], seen[t, c]], np.float32(expected))

    def test_a_ball_scores_one_at_its_center_and_less_elsewhere(self):
        at = np.stack(np.meshgrid(*[np.arange(25.0)] * 3, indexing="ij"), -1) - 12
        radius = np.linalg.norm(at, axis=-1)
        gradient = gradient_of(500 / (1 + np.exp((radius - 7) / 0.7)).astype(np.float32))
        normals = np.random.default_rng(0).normal(size=(80, 3))
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        shifts = np.array([[12, 12, 12], [12, 12, 16], [8, 12, 12], [2, 2, 2]])
        turned = np.stack([normals, -normals])
        (score, inward), (seen, _) = scores(gradient, 7 * np.stack([normals] * 2), turned, shifts=shifts, full=100.0)
        assert score[0] > 0.95
        assert score[0] > score[1:].max() + 0.3
        assert seen[0] == 1
        assert seen[3] < 0.5
        assert inward[0] < 0.1

    def test_a_template_out_of_view_has_no_score_and_is_not_seen(self):
        gradient = np.ones((3, 3, 3, 3), np.float32)
        score, seen = scores(gradient, np.zeros((1, 2, 3)), np.ones((1, 2, 3)), origin=(9.0, 9.0, 9.0))
        assert score == 0
        assert seen == 0


class TestSampling:
    @settings(max_examples=80, deadline=None)
    @given(data=st.data())
    def test_same_as_the_twin(self, data):
        shape = data.draw(st.tuples(*[st.integers(2, 4)] * 3))
        volume = data.draw(arrays(np.float32, shape, elements=st.integers(-1000, 3000).map(float)))
        at = data.draw(quarters(-1, 5, (3,)))
        np.testing.assert_equal(sample_linear(volume, *at), naive.linear(volume, at))

    def test_voxel_centers_and_the_last_plane_are_exact(self):
        volume = np.random.default_rng(1).integers(-1000, 3000, (3, 4, 5)).astype(np.float32)
        for index in np.ndindex(volume.shape):
            assert sample_linear(volume, *map(float, index)) == volume[index]
        assert np.isnan(sample_linear(volume, 2.0, 3.0, 4.0 + 1e-9))


class TestEdges:
    @settings(max_examples=120, deadline=None)
    @given(data=st.data(), first=st.booleans(), reach=st.sampled_from([1, 4]))
    def test_same_as_the_twin(self, data, first, reach):
        shape = data.draw(st.tuples(*[st.integers(2, 9)] * 3))
        steps = st.sampled_from([-100.0, 40.0, 160.0, 240.0, 400.0, 1000.0])
        volume = data.draw(arrays(np.float32, shape, elements=steps, fill=st.nothing()))
        point, normal = data.draw(quarters(-1, 9, (1, 3))), data.draw(quarters(-1, 1, (1, 3)))
        dark = data.draw(st.sampled_from([100.0, 300.0]))
        offset, strength = edges(volume, point, normal, reach=reach, dark=dark, first=first)
        expected = naive.edge(volume, point[0], normal[0], 1.0, reach, 3.0, dark, first)
        np.testing.assert_allclose([offset[0], strength[0]], expected, rtol=1e-12)

    def wall(self, *segments):
        """Return a volume that is constant along z and y, with (first x, HU) segments along x."""
        hu = np.zeros((3, 3, 40), np.float32)
        for x, value in segments:
            hu[:, :, x:] = value
        return hu

    def along_x(self, hu, x, **options):
        offset, strength = edges(hu, np.array([[1.0, 1.0, x]]), np.array([[0.0, 0.0, 1.0]]), **options)
        return offset[0], strength[0]

    @pytest.mark.parametrize("shift", [-3, -1, 0, 1, 3])
    def test_an_edge_is_where_it_is(self, shift):
        hu = self.wall((0, 600), (20, 40))
        offset, strength = self.along_x(hu, 19.5 + shift)
        assert offset == pytest.approx(-shift, abs=0.3)
        assert strength == 560

    def test_bone_behind_an_edge_is_no_edge(self):
        assert np.isnan(self.along_x(self.wall((0, 900), (20, 350)), 19.0)[0])

    def test_no_edge_is_nan_with_strength_zero_and_out_of_view_is_nan(self):
        hu = self.wall((0, 40))
        assert np.isnan(self.along_x(hu, 20.0)[0])
        assert self.along_x(hu, 20.0)[1] == 0
        assert np.isnan(self.along_x(hu, 60.0)).all()

    def test_the_joint_takes_the_inner_edge_though_the_far_wall_is_stronger(self):
        hu = self.wall((0, 400), (18, 60), (21, 1000), (23, 40))
        inner, _ = self.along_x(hu, 20.0, first=True, reach=5)
        outer, _ = self.along_x(hu, 20.0, first=False, reach=5)
        assert inner == pytest.approx(-2.5, abs=0.5)
        assert outer == pytest.approx(2.5, abs=0.5)


def test_one_and_two_threads_give_the_same_bits():
    if processors() < 2:
        pytest.skip("one processor only")
    rng = np.random.default_rng(5)
    volume = rng.normal(200, 200, (12, 12, 12)).astype(np.float32)
    gradient, shifts = gradient_of(volume), rng.integers(0, 12, (40, 3))
    points, normals = rng.uniform(0, 11, (60, 3)), rng.normal(size=(60, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    found = []
    try:
        for threads in (1, 2):
            set_threads(threads)
            matched = scores(gradient, points[None] - 6, normals[None], shifts=shifts, probe=3)
            results = (*matched, *edges(volume, points, normals))
            found.append([r.tobytes() for r in results])
    finally:
        set_threads(0)
    assert found[0] == found[1]
