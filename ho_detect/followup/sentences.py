"""A comparison in words."""

from __future__ import annotations

from collections.abc import Iterator

from ho_detect.detection.grade.systems import GRADES
from ho_detect.followup.comparison import Comparison, HipChange, LesionChange
from ho_detect.followup.repeatability import WITHIN_ERROR, is_within_error
from ho_detect.results.lesion_words import millilitres


def comparison_sentences(comparison: Comparison) -> Iterator[str]:
    """Say what has changed at each hip, then of each lesion, then what qualifies it."""
    if comparison.interval_days is not None:
        yield f"{abs(comparison.interval_days)} days between the studies."
    for hip in comparison.hips:
        yield f"{hip.side.capitalize()} hip: {_hip_words(hip)}."
    for lesion in comparison.lesions:
        yield lesion_change_sentence(lesion)
    for flag in comparison.flags:
        yield f"Note: {flag.message}."


def _hip_words(hip: HipChange) -> str:
    if not hip.comparable:
        return "not comparable (" + "; ".join(r.message for r in hip.reasons) + ")"
    if not hip.earlier_volume_mm3 and not hip.later_volume_mm3:
        return "no ossification in either study"
    words = [f"ossification {_from_to(hip)}"]
    if hip.mean_hu_change is not None:
        words.append(f"mean {_signed(hip.mean_hu_change)} HU")
    for grade in GRADES:
        before, after = (grades.get(grade.name) or "not said" for grades in (hip.earlier_grades, hip.later_grades))
        if before != after:
            words.append(f"{grade.label} {before} to {after} (from CT)")
    return "; ".join(words)


def lesion_change_sentence(lesion: LesionChange) -> str:
    """Say what has become of one ossification."""
    before, after = (" and ".join(map(str, ids)) for ids in (lesion.earlier_ids, lesion.later_ids))
    who = f"{lesion.side.capitalize()}, earlier {before or 'none'}, later {after or 'none'}"
    if lesion.change is None:
        return f"{who}: whether it is {'gone' if before else 'new'} cannot be said ({lesion.not_said[0].message})."
    if lesion.change in {"new", "gone"}:
        volume = lesion.later_volume_mm3 if lesion.change == "new" else lesion.earlier_volume_mm3
        return f"{who}: {lesion.change}, {millilitres(volume or 0.0)}."
    words = [_from_to(lesion)]
    if lesion.mean_hu_change is not None:
        words.append(f"mean {_signed(lesion.mean_hu_change)} HU")
    if lesion.earlier_maturity != lesion.later_maturity:
        words.append(f"{lesion.earlier_maturity} to {lesion.later_maturity}")
    name = "" if lesion.change == "matched" else f"{lesion.change}, "
    return f"{who}: {name}{', '.join(words)}."


def _from_to(changed: HipChange | LesionChange) -> str:
    percent = changed.volume_change_percent
    change = "" if percent is None else f" ({_signed(percent)} %)"
    error = WITHIN_ERROR if is_within_error(changed.volume_change_interval_mm3) else ""
    volumes = (changed.earlier_volume_mm3, changed.later_volume_mm3)
    return " to ".join(millilitres(v or 0.0) for v in volumes) + change + error


def _signed(value: float) -> str:
    """Write a whole number with its sign, and 0 without.

    >>> _signed(-0.3), _signed(12.6), _signed(-7.0)
    ('0', '+13', '-7')
    """
    return f"{value:+.0f}" if abs(value) > 0.5 else "0"
