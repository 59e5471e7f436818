"""Every candidate ends as a lesion or is excluded; ids, order and the label map agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_detection import BALLS_SHAPE, anatomy, decide_balls

from ho_detect.anatomy.native.surfaces import native_bone
from ho_detect.detection.detect import label_map
from ho_detect.image.grid import Grid
from ho_detect.settings import Settings

SHAPE = BALLS_SHAPE
#: Center (index) and radius of balls in front of a left hip, and HU.
LARGE, MIDDLE, SMALL = ((30, 40, 30), 9.0), ((30, 30, 80), 7.0), ((12, 50, 60), 5.0)
SPECK, OTHER_SPECK = ((50, 20, 20), 2.2), ((50, 50, 20), 2.0)


@pytest.fixture(scope="module")
def bones():
    return native_bone((anatomy("left"),))


def decided(*args, **kwargs):
    return decide_balls(*args, **kwargs)[:3]


class TestOrder:
    def test_lesions_are_numbered_from_the_largest(self, bones):
        _, kept, excluded = decided([SMALL, LARGE, MIDDLE], bones)
        assert excluded == ()
        assert [k.lesion.id for k in kept] == [1, 2, 3]
        volumes = [k.lesion.volume_mm3 for k in kept]
        assert volumes == sorted(volumes, reverse=True)
        assert volumes[0] == pytest.approx(4 / 3 * np.pi * 9**3, rel=0.05)

    def test_what_is_excluded_is_listed_largest_first(self, bones):
        _, kept, excluded = decided([SMALL, LARGE, MIDDLE], bones, body=False)
        assert kept == ()
        assert [e.reason for e in excluded] == ["outside_body"] * 3
        volumes = [e.volume_mm3 for e in excluded]
        assert volumes == sorted(volumes, reverse=True)

    def test_the_order_of_candidates_changes_nothing(self, bones):
        one, two = (decided(b, bones)[1] for b in ([SMALL, LARGE], [LARGE, SMALL]))
        assert [k.lesion for k in one] == [k.lesion for k in two]

    def test_specks_are_counted_and_not_listed(self, bones):
        judgement, kept, excluded = decided([LARGE, SPECK, OTHER_SPECK], bones)
        assert len(kept) == 1
        assert excluded == ()
        ((reason, n, volume_mm3),) = [(s.reason, s.n, s.volume_mm3) for s in judgement.specks]
        assert (reason, n) == ("too_small", 2)
        assert 20 < volume_mm3 < 2 * Settings().judge.min_volume_mm3

    def test_every_candidate_is_kept_listed_or_counted(self, bones):
        balls = [LARGE, MIDDLE, SMALL, SPECK, OTHER_SPECK]
        for body in (True, False):
            judgement, kept, excluded = decided(balls, bones, body=body)
            assert len(kept) + len(excluded) + sum(s.n for s in judgement.specks) == len(balls)

    def test_nothing_is_a_normal_result(self, bones):
        assert decided([], bones)[1:] == ((), ())


class TestLabelMap:
    def test_holds_each_lesion_under_its_id(self, bones):
        found, kept, _ = decided([SMALL, LARGE, MIDDLE], bones)
        labels = label_map(Grid.axial(SHAPE, (1, 1, 1)), found)
        assert labels.dtype == np.uint16
        assert sorted(np.unique(labels)) == [0, 1, 2, 3]
        for k in kept:
            at = found.region.grid.to_lps(np.argwhere(labels == k.lesion.id))
            assert len(at) == k.lesion.volume_mm3
            assert at.mean(axis=0) == pytest.approx(k.lesion.centroid_lps_mm, abs=0.01)

    def test_lies_where_the_region_lies(self, bones):
        found, _, _ = decided([LARGE], bones)
        inner = label_map(Grid.axial(SHAPE, (1, 1, 1)), found)
        box = (slice(5, 65), slice(2, 72), slice(10, 130))
        outer = label_map(Grid.axial((80, 80, 140), (1, 1, 1)), replace(found, region=replace(found.region, box=box)))
        assert np.array_equal(outer[box], inner)
        assert outer.sum() == inner.sum()

    def test_where_two_overlap_the_larger_wins(self, bones):
        found, kept, _ = decided([LARGE, MIDDLE], bones)
        small = kept[1].outlined.candidate
        moved = type(small)(kept[0].outlined.candidate.box, kept[0].outlined.candidate.mask, joined=False)
        both = (kept[0], type(kept[1])(kept[1].lesion, type(kept[1].outlined)(moved, 300.0, 5.0, 1.0)))
        assert set(np.unique(label_map(Grid.axial(SHAPE, (1, 1, 1)), replace(found, kept=both)))) == {0, 1}

    def test_without_lesions_is_empty(self, bones):
        found, _, _ = decided([], bones)
        assert not label_map(Grid.axial(SHAPE, (1, 1, 1)), found).any()
