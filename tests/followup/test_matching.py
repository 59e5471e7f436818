"""Lesions painted by hand in two studies on a bone that moved: what is matched with what, and what is not said."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from made_findings import make_excluded, make_findings, make_hip, make_lesion, make_record
from phantoms import ball

from ho_detect.followup.changes import hip_change, lesion_change
from ho_detect.followup.matching import match_lesions
from ho_detect.followup.registration import BoneMotion
from ho_detect.image.grid import Grid, rotation
from ho_detect.settings import FollowUpSettings

LIMITS = FollowUpSettings()
SHAPE = (40, 50, 90)
GRID = Grid.axial(SHAPE, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
#: The bone turns and moves between the scans.
TURN, SHIFT = rotation("z", 12.0), np.array([3.0, -2.0, 1.5])
MOTION = BoneMotion("left", "femur", TURN, SHIFT, 0.2, 0.99, 0.9)


def study(balls, *, moved=False, excluded=(), hip=None, grid=GRID):
    """Findings on the left; each ball is an earlier place (LPS mm) and a radius."""
    labels = np.zeros(grid.shape, np.uint16)
    lesions = []
    for number, (place, radius) in enumerate(balls, 1):
        at = TURN @ np.array(place) + SHIFT if moved else np.array(place, float)
        mask = ball(grid.shape, grid.to_index(at), radius)
        labels[mask] = number
        x, y, z = (float(v) for v in at)
        mm3 = float(mask.sum())
        lesions.append(make_lesion(number, volume_mm3=mm3, centroid_lps_mm=(x, y, z), mean_hu=400.0 + 10 * number))
    total = sum(x.volume_mm3 for x in lesions)
    one = make_hip("left", finding="present" if lesions else "absent", n_lesions=len(lesions), total_volume_mm3=total)
    record = make_record(hips=(hip or one, make_hip("right")), lesions=tuple(lesions), excluded=excluded, flags=())
    return replace(make_findings(grid, record), labels=labels)


def changes(before, after, motions=(MOTION,)):
    """Return the change, the earlier and the later ids of each match, largest first."""
    found = [lesion_change(m, before, after) for m in match_lesions(before, after, motions, LIMITS)]
    return [(c.change, c.earlier_ids, c.later_ids) for c in found]


ONE, TWO, FAR = (20.0, 20.0, 20.0), (36.0, 22.0, 20.0), (70.0, 30.0, 18.0)


class TestMatches:
    def test_the_same_place_on_the_bone(self):
        before = study([(ONE, 6.0), (FAR, 5.0)])
        after = study([(FAR, 5.5), (ONE, 7.0)], moved=True)
        assert changes(before, after) == [("matched", (1,), (2,)), ("matched", (2,), (1,))]

    def test_not_the_same_place_in_the_scanner(self):
        before = study([(FAR, 4.0)])
        # where it was in the scanner, not on the bone
        assert np.linalg.norm(TURN @ np.array(FAR) + SHIFT - FAR) > 10
        assert [c[0] for c in changes(before, study([(FAR, 4.0)]))] == ["gone", "new"]

    def test_growth_in_volume_and_hu(self):
        before, after = study([(ONE, 5.0)]), study([(ONE, 7.0)], moved=True)
        (match,) = match_lesions(before, after, (MOTION,), LIMITS)
        change = lesion_change(match, before, after)
        a, b = before.lesions[0].volume_mm3, after.lesions[0].volume_mm3
        assert change.volume_change_mm3 == pytest.approx(b - a)
        assert change.volume_change_percent == pytest.approx(100 * (b / a - 1), abs=0.1)
        assert (change.mean_hu_change, change.overlap, change.registered_by) == (0.0, 1.0, "femur")

    def test_new_and_gone(self):
        assert changes(study([(ONE, 6.0)]), study([(ONE, 6.0), (FAR, 5.0)], moved=True)) == [
            ("matched", (1,), (1,)),
            ("new", (), (2,)),
        ]
        assert changes(study([(ONE, 6.0), (FAR, 5.0)]), study([(ONE, 6.0)], moved=True)) == [
            ("matched", (1,), (1,)),
            ("gone", (2,), ()),
        ]

    def test_merged_split_and_rearranged(self):
        apart = [(ONE, 5.0), (TWO, 4.0)]
        middle = tuple(np.mean([ONE, TWO], axis=0))
        together = [(middle, 13.0)]
        assert changes(study(apart), study(together, moved=True)) == [("merged", (1, 2), (1,))]
        assert changes(study(together), study(apart, moved=True)) == [("split", (1,), (1, 2))]
        # each lies half in the next
        before, after = ([((x, 22.0, 20.0), 9.0) for x in at] for at in ((28.0, 50.0), (39.0, 61.0)))
        assert changes(study(before), study(after, moved=True)) == [("rearranged", (1, 2), (1, 2))]

    def test_totals_of_merged_ones(self):
        before = study([(ONE, 5.0), (TWO, 4.0)])
        after = study([(tuple(np.mean([ONE, TWO], axis=0)), 13.0)], moved=True)
        (match,) = match_lesions(before, after, (MOTION,), LIMITS)
        change = lesion_change(match, before, after)
        a, b = (x.volume_mm3 for x in before.lesions)
        assert change.earlier_volume_mm3 == a + b
        assert change.earlier_mean_hu == pytest.approx((410 * a + 420 * b) / (a + b), abs=0.1)

    def test_nothing_in_either(self):
        assert changes(study([]), study([])) == []

    def test_backwards_new_is_gone(self):
        before, after = study([(ONE, 6.0)]), study([(ONE, 6.0), (FAR, 5.0)], moved=True)
        assert changes(after, before, (MOTION.back(),)) == [("matched", (1,), (1,)), ("gone", (2,), ())]
        points = np.array([ONE, TWO, FAR])
        assert MOTION.back().move(MOTION.move(points)) == pytest.approx(points)


class TestWhatCannotBeSaid:
    def why(self, before, after, motions=(MOTION,)):
        found = [lesion_change(m, before, after) for m in match_lesions(before, after, motions, LIMITS)]
        return [(c.change, [n.code for n in c.not_said]) for c in found]

    def test_without_registration(self):
        assert self.why(study([(ONE, 6.0)]), study([(ONE, 6.0)], moved=True), ()) == [
            (None, ["not_registered"]),
            (None, ["not_registered"]),
        ]

    def test_out_of_the_other_view(self):
        narrow = Grid.axial((40, 50, 60), (1.0, 1.0, 1.0))
        assert self.why(study([(FAR, 5.0)]), study([], moved=True, grid=narrow)) == [(None, ["outside_other_view"])]

    @pytest.mark.parametrize("reason", ["native_unsure", "osteophyte"])
    @pytest.mark.parametrize(("off_mm", "found"), [(0.0, (None, ["set_aside_in_other"])), (25.0, ("gone", []))])
    def test_where_something_was_set_aside_for_whatever_reason(self, reason, off_mm, found):
        x, y, z = (float(v) for v in TURN @ np.array(FAR) + SHIFT)
        aside = msgspec.structs.replace(make_excluded(reason, side="left"), centroid_lps_mm=(x - off_mm, y, z))
        assert self.why(study([(FAR, 5.0)]), study([], moved=True, excluded=(aside,))) == [found]


class TestHip:
    def test_totals(self):
        before, after = study([(ONE, 5.0)]), study([(ONE, 6.0), (FAR, 4.0)], moved=True)
        lesions = tuple(lesion_change(m, before, after) for m in match_lesions(before, after, (MOTION,), LIMITS))
        hip = hip_change("left", before, after, (MOTION,), lesions)
        assert hip.comparable
        assert hip.volume_change_mm3 == pytest.approx(hip.later_volume_mm3 - hip.earlier_volume_mm3)
        assert hip.changes == {"matched": 1, "new": 1}

    def test_without_ossification_in_the_earlier_there_is_no_percentage(self):
        before, after = study([]), study([(ONE, 6.0)], moved=True)
        lesions = tuple(lesion_change(m, before, after) for m in match_lesions(before, after, (MOTION,), LIMITS))
        hip = hip_change("left", before, after, (MOTION,), lesions)
        assert hip.volume_change_mm3 == after.lesions[0].volume_mm3
        assert (hip.volume_change_percent, hip.earlier_mean_hu, hip.mean_hu_change) == (None, None, None)

    @pytest.mark.parametrize(
        ("status", "code"), [("not_in_view", "not_in_both"), ("partly_in_view", "not_assessed_in_both")]
    )
    def test_is_not_comparable_when_not_assessed_in_both(self, status, code):
        before = study([(ONE, 5.0)])
        after = study([(ONE, 6.0)], moved=True, hip=make_hip("left", status=status))
        hip = hip_change("left", before, after, (MOTION,), ())
        assert (hip.comparable, [r.code for r in hip.reasons]) == (False, [code])
        assert (hip.volume_change_mm3, hip.volume_change_percent) == (None, None)

    def test_is_not_comparable_without_registration(self):
        hip = hip_change("left", study([(ONE, 5.0)]), study([(ONE, 5.0)]), (), ())
        assert [r.code for r in hip.reasons] == ["not_registered"]
