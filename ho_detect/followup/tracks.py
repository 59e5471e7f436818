"""Volume over time of each hip and each ossification, over two studies or more of one patient.

A hip's volumes are set beside each other where each step between them was comparable. A lesion is followed from study
to study by the matches of each step: what they join is one ossification, whether it merges or splits on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ho_detect.followup.comparison import Comparison
from ho_detect.followup.repeatability import WITHIN_ERROR, Interval, change_interval_mm3, is_within_error
from ho_detect.image.sides import SIDES, Side
from ho_detect.results.lesion_words import millilitres
from ho_detect.results.result import Result

SCHEMA_VERSION = "1.1"
#: Of a year.
_DAYS = 365.25


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """Volume over time of one hip, or of one ossification: a value for each study, in their order."""

    side: Side
    what: Literal["hip", "lesion"]
    number: Annotated[int | None, Meta(description="Of a lesion's track, from 1: the largest first")] = None
    ids: Annotated[tuple[tuple[int, ...], ...], Meta(description="Lesions of each study, values of its label map")]
    volume_mm3: Annotated[
        tuple[float | None, ...], Meta(description="0 where it is not there; null where that cannot be said")
    ]
    change_mm3: Annotated[float | None, Meta(description="Last less first; null unless every step was comparable")] = (
        None
    )
    change_interval_mm3: Annotated[
        Interval | None, Meta(description="95 % interval of the change, by what two scans differ without any")
    ] = None
    change_mm3_per_year: Annotated[float | None, Meta(description="The same by the dates; null without dates")] = None
    change_interval_mm3_per_year: Annotated[Interval | None, Meta(description="Of the change a year")] = None
    why: Annotated[str, Meta(description="Why there is no change; empty where there is one")] = ""


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """``course.json``."""

    schema_version: str = SCHEMA_VERSION
    days: Annotated[tuple[int | None, ...], Meta(description="Of each study since the first; null where not dated")]
    ordered_by: Annotated[Literal["date", "as given"], Meta(description="date where every study states one")]
    steps: Annotated[tuple[Comparison, ...], Meta(description="Each study compared with the one before")]
    tracks: tuple[Track, ...]


def course_sentences(course: Course) -> Iterator[str]:
    """Say the volumes over time of each hip and lesion, and the change where there is one."""
    if course.ordered_by == "as given":
        yield "Not every study states a date: they are in the order given, and no change a year is said."
    for track in course.tracks:
        if not any(track.volume_mm3):
            continue
        name = f"{track.side.capitalize()} hip" if track.what == "hip" else f"Lesion {track.number} ({track.side})"
        volumes = " → ".join("not said" if v is None else millilitres(v) for v in track.volume_mm3)
        if track.change_mm3 is None:
            yield f"{name}: {volumes}; change not said ({track.why})."
            continue
        yearly = track.change_mm3_per_year
        by_year = "" if yearly is None else f", {yearly / 1000:+.1f} mL a year"
        error = WITHIN_ERROR if is_within_error(track.change_interval_mm3) else ""
        yield f"{name}: {volumes}; {track.change_mm3 / 1000:+.1f} mL{by_year}{error}."


def tracks_of(results: Sequence[Result], steps: Sequence[Comparison], days: Sequence[int | None]) -> tuple[Track, ...]:
    """Return the volumes over time of each hip, left first, then of each ossification, the largest first.

    Parameters
    ----------
    results
        The studies in order.
    steps
        Each compared with the one before.
    days
        Of each since the first.
    """
    return (*_hip_tracks(results, steps, days), *_lesion_tracks(results, steps, days))


def _hip_tracks(results: Sequence[Result], steps: Sequence[Comparison], days: Sequence[int | None]) -> list[Track]:
    tracks = []
    for side in SIDES:
        hips = [next(h for h in r.hips if h.side == side) for r in results]
        ids = tuple(tuple(x.id for x in r.lesions if x.side == side) for r in results)
        against = [
            f"step {k}: {'; '.join(reason.message for reason in hip.reasons)}"
            for k, step in enumerate(steps, 1)
            for hip in step.hips
            if hip.side == side and not hip.comparable
        ]
        volumes = tuple(h.total_volume_mm3 for h in hips)
        tracks.append(_with_change(Track(side=side, what="hip", ids=ids, volume_mm3=volumes), days, against))
    return tracks


def _lesion_tracks(results: Sequence[Result], steps: Sequence[Comparison], days: Sequence[int | None]) -> list[Track]:
    """Join what the steps match; each connected part is one ossification."""
    group = {(k, x.id): (k, x.id) for k, r in enumerate(results) for x in r.lesions}
    unsaid: dict[tuple[int, int], str] = {}
    for k, step in enumerate(steps):
        for change in step.lesions:
            nodes = [(k, n) for n in change.earlier_ids] + [(k + 1, n) for n in change.later_ids]
            target = group[nodes[0]]
            old = {group[node] for node in nodes}
            group = {node: target if root in old else root for node, root in group.items()}
            if change.change is None:
                unsaid[nodes[0]] = f"step {k + 1}: {change.not_said[0].message}"
    volume = {(k, x.id): x.volume_mm3 for k, r in enumerate(results) for x in r.lesions}
    side = {(k, x.id): x.side for k, r in enumerate(results) for x in r.lesions}
    tracks = []
    for root in dict.fromkeys(group.values()):
        nodes = [node for node, of in group.items() if of == root]
        why = [unsaid[node] for node in nodes if node in unsaid]
        ids = tuple(tuple(n for k, n in nodes if k == place) for place in range(len(results)))
        known = tuple(
            round(sum(volume[k, n] for n in found), 1) if found else (None if why else 0.0)
            for k, found in enumerate(ids)
        )
        tracks.append((side[nodes[0]], ids, known, why))
    tracks.sort(key=lambda t: -max(v or 0.0 for v in t[2]))
    return [
        _with_change(Track(side=of, what="lesion", number=n, ids=ids, volume_mm3=known), days, why)
        for n, (of, ids, known, why) in enumerate(tracks, 1)
    ]


def _with_change(track: Track, days: Sequence[int | None], against: Sequence[str]) -> Track:
    """Return a track with its change, or with why there is none."""
    first, last, span = track.volume_mm3[0], track.volume_mm3[-1], days[-1]
    if against:
        return msgspec.structs.replace(track, why="; ".join(against))
    if first is None or last is None:
        return msgspec.structs.replace(track, why="no volume in the first or the last study")
    change = round(last - first, 1)
    interval = change_interval_mm3(first, last) if first or last else None
    yearly, interval_yearly = None, None
    if span:
        yearly = round(change * _DAYS / span, 1)
        ends = sorted(end * _DAYS / span for end in interval or ())
        interval_yearly = (round(ends[0], 1), round(ends[1], 1)) if ends else None
    return msgspec.structs.replace(
        track,
        change_mm3=change,
        change_interval_mm3=interval,
        change_mm3_per_year=yearly,
        change_interval_mm3_per_year=interval_yearly,
    )
