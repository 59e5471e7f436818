"""Volumes over time from made comparisons: what is matched is one track, what cannot be said is null."""

from __future__ import annotations

import msgspec
import pytest
from made_findings import make_findings, make_hip, make_lesion, make_record

from ho_detect.flags import flag, null
from ho_detect.followup.comparison import Comparison, HipChange, LesionChange
from ho_detect.followup.repeatability import change_interval_mm3
from ho_detect.followup.tracks import Course, course_sentences, tracks_of


def study(*volumes):
    """A study with left lesions of these volumes, mm³, numbered from 1."""
    lesions = tuple(make_lesion(k, volume_mm3=v) for k, v in enumerate(volumes, 1))
    hips = (make_hip("left", total_volume_mm3=float(sum(volumes))), make_hip("right"))
    return make_findings(record=make_record(hips=hips, lesions=lesions))


def step(*links, comparable=True):
    """A comparison with these (earlier ids, later ids); a third entry: nothing is said of it."""
    changes = tuple(
        LesionChange(
            side="left",
            change=None if unsaid else "matched",
            earlier_ids=one,
            later_ids=other,
            not_said=(null("change", "outside_other_view"),) if unsaid else (),
        )
        for one, other, *unsaid in links
    )
    reasons = () if comparable else (flag("not_registered"),)
    record = make_record()
    hips = tuple(HipChange(side=side, comparable=comparable, reasons=reasons) for side in ("left", "right"))
    return Comparison(
        software=record.software, status="comparable", flags=(), statements=(), interval_days=None,
        earlier=record.series, later=record.series, registration=(), hips=hips, lesions=changes,
    )  # fmt: skip


def lesions_of(tracks):
    return [t for t in tracks if t.what == "lesion"]


def test_what_each_step_matches_is_one_lesion_over_all():
    studies = study(100.0, 40.0), study(200.0, 50.0), study(300.0, 60.0)
    steps = step(((1,), (2,)), ((2,), (1,))), step(((1,), (1,)), ((2,), (2,)))
    first, second = lesions_of(tracks_of(studies, steps, (0, 100, 365)))
    assert first.ids == ((2,), (1,), (1,))
    assert first.volume_mm3 == (40.0, 200.0, 300.0)
    assert second.volume_mm3 == (100.0, 50.0, 60.0)
    assert (first.number, first.change_mm3) == (1, 260.0)
    assert first.change_mm3_per_year == pytest.approx(260.0 * 365.25 / 365, abs=0.1)
    assert first.change_interval_mm3 == change_interval_mm3(40.0, 300.0)
    yearly = [end * 365.25 / 365 for end in first.change_interval_mm3]
    assert first.change_interval_mm3_per_year == pytest.approx(yearly, abs=0.1)


def test_what_merges_is_one_from_the_beginning():
    studies = study(100.0, 40.0), study(200.0)
    (track,) = lesions_of(tracks_of(studies, (step(((1, 2), (1,))),), (0, 10)))
    assert (track.ids, track.volume_mm3, track.change_mm3) == (((1, 2), (1,)), (140.0, 200.0), 60.0)


def test_what_is_new_was_not_there():
    studies = study(100.0), study(100.0, 30.0), study(100.0, 30.0)
    steps = step(((1,), (1,)), ((), (2,))), step(((1,), (1,)), ((2,), (2,)))
    _, new = lesions_of(tracks_of(studies, steps, (0, 1, 2)))
    assert (new.volume_mm3, new.change_mm3) == ((0.0, 30.0, 30.0), 30.0)


def test_what_cannot_be_said_is_null_with_why():
    studies = study(100.0), study(100.0, 30.0)
    _, unsaid = lesions_of(tracks_of(studies, (step(((1,), (1,)), ((), (2,), True)),), (0, 1)))
    assert (unsaid.volume_mm3, unsaid.change_mm3) == ((None, 30.0), None)
    assert unsaid.why.startswith("step 1: its place lies outside")


def test_a_hip_has_a_change_where_every_step_is_comparable():
    studies = study(100.0), study(200.0), study(300.0)
    links = (((1,), (1,)),)
    hip = tracks_of(studies, (step(*links), step(*links)), (0, None, None))[0]
    assert (hip.volume_mm3, hip.change_mm3, hip.change_mm3_per_year) == ((100.0, 200.0, 300.0), 200.0, None)
    hip = tracks_of(studies, (step(*links), step(*links, comparable=False)), (0, 1, 2))[0]
    assert hip.change_mm3 is None
    assert hip.why.startswith("step 2: native bone")


def test_in_words():
    studies = study(1000.0), study(2500.0)
    tracks = tracks_of(studies, (step(((1,), (1,))),), (0, 365))
    course = Course(days=(0, 365), ordered_by="date", steps=(), tracks=tracks)
    said = list(course_sentences(course))
    change = "1.0 mL → 2.5 mL; +1.5 mL, +1.5 mL a year."
    assert said == [f"Left hip: {change}", f"Lesion 1 (left): {change}"]
    undated = msgspec.structs.replace(course, ordered_by="as given")
    assert next(course_sentences(undated)).startswith("Not every study states a date")
