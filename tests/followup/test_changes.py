"""What has become of a lesion and of a hip: what cannot be compared has no change, and says why."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_findings import make_excluded, make_findings, make_hip, make_lesion, make_record

from ho_detect.detection.judge.excluded import exclude
from ho_detect.flags import flag
from ho_detect.followup.changes import hip_change, lesion_change
from ho_detect.followup.matching import Match
from ho_detect.followup.registration import BoneMotion
from ho_detect.followup.repeatability import change_interval_mm3

STILL = BoneMotion("left", "femur", np.eye(3), np.zeros(3), 0.1, 1.0, 1.0)
VOLUMES = st.floats(1.0, 1e6)


def study(*lesions, excluded=(), **hip):
    hips = (make_hip("left", **hip), make_hip("right"))
    return make_findings(record=make_record(hips=hips, lesions=lesions, excluded=excluded))


def alone(lesion, *, earlier):
    """A lesion of one study that has no partner in the other."""
    match = Match("gone", (lesion,), (), STILL, None) if earlier else Match("new", (), (lesion,), STILL, None)
    one, other = study(lesion), study(excluded=())
    return match, *((one, other) if earlier else (other, one))


@given(VOLUMES, VOLUMES)
def test_change_is_the_later_less_the_earlier(before, after):
    old, new = make_lesion(volume_mm3=before), make_lesion(volume_mm3=after)
    found = lesion_change(Match("matched", (old,), (new,), STILL, 0.5), study(old), study(new))
    assert found.volume_change_mm3 == pytest.approx(after - before, abs=0.16)
    # of the volumes as they are told
    before, after = round(before, 1), round(after, 1)
    assert found.volume_change_percent == pytest.approx(100 * (after - before) / before, abs=0.06)
    assert (found.mean_hu_change, found.change, found.not_said) == (0.0, "matched", ())
    assert found.volume_change_interval_mm3 == change_interval_mm3(before, after)


@pytest.mark.parametrize(("earlier", "change"), [(True, "gone"), (False, "new")])
def test_what_has_no_partner_has_no_change_of_volume(earlier, change):
    found = lesion_change(*alone(make_lesion(), earlier=earlier))
    assert (found.change, found.volume_change_mm3, found.volume_change_percent) == (change, None, None)
    assert found.volume_change_interval_mm3 is None
    assert (found.earlier_volume_mm3 is None) == (change == "new")


def test_without_a_registration_it_is_not_said_to_be_gone():
    lesion = make_lesion()
    found = lesion_change(Match("gone", (lesion,), (), None, None), study(lesion), study())
    assert (found.change, [n.code for n in found.not_said]) == (None, ["not_registered"])


def test_nor_where_its_place_is_out_of_view_or_holds_something_that_is_not_counted():
    lesion = make_lesion()
    away = BoneMotion("left", "femur", np.eye(3), np.array([500.0, 0.0, 0.0]), 0.1, 1.0, 1.0)
    found = lesion_change(Match("gone", (lesion,), (), away, None), study(lesion), study())
    assert [n.code for n in found.not_said] == ["outside_other_view"]
    there = make_excluded("mimic_unsure", side="left")
    there = type(there)(
        **{n: getattr(there, n) for n in there.__struct_fields__} | {"centroid_lps_mm": (9.0, -7.0, 10.0)}
    )
    match, one, _ = alone(lesion, earlier=True)
    assert [n.code for n in lesion_change(match, one, study(excluded=(there,))).not_said] == ["set_aside_in_other"]


def changed(good=(STILL,), before=None, after=None):
    return hip_change("left", study(**(before or {})), study(**(after or {})), good, ())


def undecided_at(*places):
    """A study whose left hip is undecided for things at these places."""
    things = tuple(exclude("native_unsure", "left", 900.0, np.array(place), 600.0) for place in places)
    return {"excluded": things, "reasons": (flag("set_aside_undecided", "native_unsure"),)}


@pytest.mark.parametrize(
    ("places", "comparable"),
    [([(9.0, -7.0, 12.0)], True), ([(9.0, -7.0, 22.0)], False), ([(9.0, -7.0, 12.0), (50.0, 0.0, 0.0)], False)],
    ids=["there", "elsewhere", "one more"],
)
def test_what_is_undecided_in_both_at_one_place_does_not_stand_against_totals(places, comparable):
    found = changed(before=undecided_at((9.0, -7.0, 10.0)), after=undecided_at(*places))
    assert found.comparable is comparable
    assert ("undecided_in_one" in [r.code for r in found.reasons]) is not comparable


def test_totals_of_a_hip_are_compared():
    found = changed(before={"total_volume_mm3": 100.0}, after={"total_volume_mm3": 150.0})
    assert (found.comparable, found.volume_change_mm3, found.volume_change_percent) == (True, 50.0, 50.0)


def test_from_nothing_there_is_no_percentage():
    found = changed(after={"total_volume_mm3": 150.0})
    assert (found.volume_change_mm3, found.volume_change_percent) == (150.0, None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"good": ()}, "not_registered"),
        ({"before": {"status": "not_in_view", "finding": None}}, "not_in_both"),
        ({"after": {"status": "partly_in_view"}}, "not_assessed_in_both"),
        ({"after": {"reasons": (flag("set_aside_undecided", "native_unsure"),)}}, "undecided_in_one"),
    ],
)
def test_what_stands_against_it_leaves_no_change(changes, code):
    found = changed(**changes)
    assert [r.code for r in found.reasons] == [code]
    assert (found.comparable, found.volume_change_mm3, found.mean_hu_change) == (False, None, None)
