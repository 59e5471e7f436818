"""Parts that touch become one, parts that do not stay; the order in which they come does not matter."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import ndimage as ndi

from ho_detect.detection.candidates import Candidate
from ho_detect.detection.split.merge import lies_beside, merged

SHAPE = (12, 14, 16)


def part(low, high, joined=False):
    """A block of voxels in a box with a margin of 2."""
    start = [max(a - 2, 0) for a in low]
    box = tuple(slice(s, min(b + 2, n)) for s, b, n in zip(start, high, SHAPE, strict=True))
    mask = np.zeros([s.stop - s.start for s in box], bool)
    mask[tuple(slice(a - s, b - s) for a, b, s in zip(low, high, start, strict=True))] = True
    return Candidate(box, mask, joined)


def voxels(candidates):
    """The set of voxels of each candidate."""
    return {frozenset(map(tuple, np.argwhere(c.mask) + [s.start for s in c.box])): c.joined for c in candidates}


def test_neighbours_are_one_and_joined_with_bone_if_a_part_is():
    (whole,) = merged([part((2, 2, 2), (5, 5, 5)), part((5, 2, 2), (8, 5, 5), joined=True)], 1.0, 6.0)
    assert whole.mask.sum() == 54
    assert whole.joined


def test_a_contact_below_the_least_area_joins_nothing():
    parts = [part((2, 2, 2), (5, 5, 5)), part((5, 4, 4), (8, 8, 8))]
    assert merged(parts, 1.0, 6.0) == parts
    assert len(merged(parts, 3.0, 6.0)) == 1


def test_chains_are_one():
    chain = [part((1, 2, 2), (3, 6, 6)), part((6, 2, 2), (8, 6, 6)), part((3, 2, 2), (6, 6, 6))]
    assert len(merged(chain, 1.0, 6.0)) == 1


def test_apart_is_apart():
    parts = [part((1, 1, 1), (3, 3, 3)), part((1, 1, 8), (3, 3, 10))]
    assert merged(parts, 1.0, 1.0) == parts
    assert merged([], 1.0, 1.0) == []


@given(st.lists(st.tuples(*[st.integers(0, n - 3) for n in SHAPE]), min_size=1, max_size=6), st.randoms())
def test_agrees_with_components_of_the_union(corners, random):
    # with any contact enough, parts are one when their union is
    parts = [part(c, tuple(a + 2 for a in c)) for c in corners]
    union = np.zeros(SHAPE, bool)
    for c in corners:
        union[tuple(slice(a, a + 2) for a in c)] = True
    label, n = ndi.label(union, np.ones((3, 3, 3)))
    found = merged(parts, 1.0, 1.0)
    assert len(found) == n
    assert {len(v) for v in voxels(found)} == set(np.bincount(label.ravel())[1:].tolist())
    random.shuffle(parts)
    assert voxels(merged(parts, 1.0, 1.0)).keys() == voxels(found).keys()


@given(st.floats(0.5, 20.0), st.floats(0.5, 20.0))
def test_beside_is_by_the_nearest_points(gap_mm, limit_mm):
    assume(abs(gap_mm - limit_mm) > 1e-6)
    points = np.array([[0.0, 0.0, 0.0], [5.0, 0.0, 0.0]])
    far, near = points + np.array([0.0, 100.0, 0.0]), points + np.array([5.0 + gap_mm, 0.0, 0.0])
    assert lies_beside(points, [far, near], limit_mm) == (gap_mm < limit_mm)
    assert not lies_beside(points, [], limit_mm)
