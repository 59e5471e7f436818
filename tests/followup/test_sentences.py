"""A comparison in words: from what to what; what cannot be said is said to be so."""

from __future__ import annotations

from types import SimpleNamespace

from ho_detect.flags import flag, null
from ho_detect.followup.comparison import HipChange, LesionChange
from ho_detect.followup.sentences import comparison_sentences


def said(*, hips=(), lesions=(), flags=(), days=None):
    comparison = SimpleNamespace(interval_days=days, hips=hips, lesions=lesions, flags=flags)
    return list(comparison_sentences(comparison))


def lesion(change, **values):
    both = {"earlier_ids": (1,), "later_ids": (2,), "earlier_volume_mm3": 1000.0, "later_volume_mm3": 1500.0}
    return LesionChange(side="left", change=change, **both | values)


def test_the_interval_has_no_sign():
    assert said(days=-30) == said(days=30) == ["30 days between the studies."]
    assert said() == []


def test_a_hip():
    hip = HipChange(
        side="right", comparable=True, earlier_volume_mm3=1000.0, later_volume_mm3=1500.0, volume_change_percent=50.0,
        mean_hu_change=-12.0, earlier_grades={"brooker_ct": "I"}, later_grades={"brooker_ct": "II"},
    )  # fmt: skip
    assert said(hips=(hip,)) == [
        "Right hip: ossification 1.0 mL to 1.5 mL (+50 %); mean -12 HU; Brooker I to II (from CT)."
    ]
    empty = HipChange(side="left", comparable=True)
    assert said(hips=(empty,)) == ["Left hip: no ossification in either study."]
    other = HipChange(side="left", comparable=False, reasons=(flag("not_in_both"),))
    assert said(hips=(other,))[0].startswith("Left hip: not comparable (")


def test_a_lesion():
    assert said(lesions=(lesion("matched", volume_change_percent=50.0),)) == [
        "Left, earlier 1, later 2: 1.0 mL to 1.5 mL (+50 %)."
    ]
    assert said(lesions=(lesion("new", earlier_ids=(), earlier_volume_mm3=None),)) == [
        "Left, earlier none, later 2: new, 1.5 mL."
    ]
    assert said(lesions=(lesion("gone", later_ids=(), later_volume_mm3=None),)) == [
        "Left, earlier 1, later none: gone, 1.0 mL."
    ]
    grown = lesion("matched", earlier_maturity="immature", later_maturity="mature")
    assert said(lesions=(grown,))[0].endswith("immature to mature.")


def test_what_the_studies_do_not_show():
    unknown = lesion(None, later_ids=(), not_said=(null("change", "outside_other_view"),))
    (sentence,) = said(lesions=(unknown,))
    assert sentence.startswith("Left, earlier 1, later none: whether it is gone cannot be said (")


def test_flags_come_last():
    assert said(days=3, flags=(flag("dates_reversed"),))[-1].startswith("Note: ")
