"""Matched lesions and hips of two studies to what has changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.grade.systems import GRADES
from ho_detect.detection.judge.excluded import group_of
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.flags import Flag, flag, null
from ho_detect.followup.comparison import HipChange, LesionChange
from ho_detect.followup.matching import Match, points_of
from ho_detect.followup.registration import BoneMotion
from ho_detect.followup.repeatability import Interval, change_interval_mm3
from ho_detect.image.sides import Side
from ho_detect.results.result import Result

#: Something excluded lies at a lesion's place when its centroid is so near to the lesion, mm. Convention.
_AT_PLACE_MM = 6.0


def lesion_change(match: Match, earlier: Result, later: Result) -> LesionChange:
    """Say what has become of one ossification."""
    side = (match.earlier or match.later)[0].side
    doubt = _doubt(match, earlier, later) if not match.earlier or not match.later else None
    old, new = _volume(match.earlier), _volume(match.later)
    old_hu, new_hu = _mean_hu(match.earlier), _mean_hu(match.later)
    return LesionChange(
        side=side,
        change=match.change if doubt is None else None,
        earlier_ids=tuple(x.id for x in match.earlier),
        later_ids=tuple(x.id for x in match.later),
        earlier_volume_mm3=old,
        later_volume_mm3=new,
        volume_change_mm3=_less(new, old),
        volume_change_percent=_percent(new, old),
        volume_change_interval_mm3=_interval(new, old),
        earlier_mean_hu=old_hu,
        later_mean_hu=new_hu,
        mean_hu_change=_less(new_hu, old_hu),
        earlier_maturity=_largest(match.earlier).maturity if match.earlier else None,
        later_maturity=_largest(match.later).maturity if match.later else None,
        overlap=None if match.overlap is None else round(match.overlap, 3),
        registered_by=None if match.motion is None else match.motion.bone,
        not_said=() if doubt is None else (null("change", doubt),),
    )


def _doubt(match: Match, earlier: Result, later: Result) -> str | None:
    """Why it cannot be said that a lesion without a partner is new or gone; None where it can."""
    if match.motion is None:
        return "not_registered"
    motion, own, other = (match.motion, earlier, later) if match.earlier else (match.motion.back(), later, earlier)
    (lesion,) = match.earlier or match.later
    moved = motion.move(points_of(own, lesion))
    if not other.volume.grid.contains(moved).all():
        return "outside_other_view"
    there = [np.array(x.centroid_lps_mm) for x in other.excluded]
    if any(np.linalg.norm(moved - at, axis=1).min() <= _AT_PLACE_MM for at in there):
        return "set_aside_in_other"
    return None


def hip_change(
    side: Side,
    earlier: Result,
    later: Result,
    good: tuple[BoneMotion, ...],
    lesions: tuple[LesionChange, ...],
) -> HipChange:
    """Say what has become of one hip.

    Parameters
    ----------
    good
        Motions by which places were compared.
    lesions
        What has become of its lesions, and of others.
    """
    before, after = (next(h for h in f.hips if h.side == side) for f in (earlier, later))
    motions = [m for m in good if m.side == side]
    reasons = tuple(_against(before, after, registered=bool(motions)))
    if any(_undecided_alike(m, earlier, later) for m in motions):
        reasons = tuple(r for r in reasons if r.code != "undecided_in_one")
    old, new = before.total_volume_mm3, after.total_volume_mm3
    old_hu, new_hu = (_mean_hu(tuple(x for x in f.lesions if x.side == side)) for f in (earlier, later))
    comparable = not reasons
    mine = [x for x in lesions if x.side == side]
    return HipChange(
        side=side,
        comparable=comparable,
        reasons=reasons,
        earlier_volume_mm3=old,
        later_volume_mm3=new,
        volume_change_mm3=_less(new, old) if comparable else None,
        volume_change_percent=_percent(new, old) if comparable else None,
        volume_change_interval_mm3=_interval(new, old) if comparable else None,
        earlier_mean_hu=old_hu,
        later_mean_hu=new_hu,
        mean_hu_change=_less(new_hu, old_hu) if comparable else None,
        earlier_min_gap_mm=before.min_gap_mm,
        later_min_gap_mm=after.min_gap_mm,
        earlier_grades={grade.name: getattr(before, grade.name) for grade in GRADES},
        later_grades={grade.name: getattr(after, grade.name) for grade in GRADES},
        changes=dict(sorted(Counter(x.change or "not_said" for x in mine).items())),
    )


def _against(before: Hip, after: Hip, *, registered: bool) -> Iterator[Flag]:
    """Say what stands against comparing the totals of a hip."""
    statuses = {before.status, after.status}
    if "not_in_view" in statuses:
        yield flag("not_in_both")
        return
    if statuses != {"assessed"}:
        yield flag("not_assessed_in_both")
    if any(r.code == "set_aside_undecided" for h in (before, after) for r in h.reasons):
        yield flag("undecided_in_one")
    if not registered:
        yield flag("not_registered")


def _undecided_alike(motion: BoneMotion, earlier: Result, later: Result) -> bool:
    """Whether the same things at a hip are undecided in both studies: what is counted can then be compared."""
    old, new = (
        np.array([e.centroid_lps_mm for e in r.excluded if e.side == motion.side and group_of(e.reason) == "undecided"])
        for r in (earlier, later)
    )
    if not len(old) or len(old) != len(new):
        return False
    apart = np.linalg.norm(motion.move(old)[:, None] - new, axis=2)
    return bool((apart.min(axis=0) <= _AT_PLACE_MM).all() and (apart.min(axis=1) <= _AT_PLACE_MM).all())


def _volume(lesions: tuple[Lesion, ...]) -> float | None:
    return round(sum(x.volume_mm3 for x in lesions), 1) if lesions else None


def _mean_hu(lesions: tuple[Lesion, ...]) -> float | None:
    total = sum(x.volume_mm3 for x in lesions)
    return round(sum(x.mean_hu * x.volume_mm3 for x in lesions) / total, 1) if lesions else None


def _largest(lesions: tuple[Lesion, ...]) -> Lesion:
    return max(lesions, key=lambda x: x.volume_mm3)


def _less(new: float | None, old: float | None) -> float | None:
    return None if new is None or old is None else round(new - old, 1)


def _percent(new: float | None, old: float | None) -> float | None:
    return None if new is None or not old else round(100.0 * (new - old) / old, 1)


def _interval(new: float | None, old: float | None) -> Interval | None:
    return None if new is None or old is None or not (new or old) else change_interval_mm3(old, new)
