"""More than two studies of one patient: in the order of their dates, each compared with the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from ho_detect.analyze import Analysis
from ho_detect.export.save import save as save_result
from ho_detect.export.tables import write_table
from ho_detect.followup.compare import analysis_of, check_one_patient, compare_analyses, date_of
from ho_detect.followup.comparison import Comparison
from ho_detect.followup.show import PAGE_FILE, TrackRow, follow_up_html, track_rows
from ho_detect.followup.tracks import Course, tracks_of
from ho_detect.results.result import Result
from ho_detect.settings import Settings
from ho_detect.system.extras import need
from ho_detect.system.files import write_atomically

COURSE_FILE: Final = "course.json"


@dataclass(frozen=True, eq=False)
class Followed:
    """A course with its studies, in its order."""

    course: Course
    studies: tuple[Result, ...]


def follow(
    studies: Sequence[str | Path | Result],
    settings: Settings | Mapping[str, Any] | None = None,
    *,
    different_ids: bool = False,
) -> Followed:
    """Compare any number of studies of one patient, ordered by date.

    Parameters
    ----------
    studies, settings, different_ids
        As for :func:`~ho_detect.followup.compare.compare`. Where a study states no date, the order is that given.

    Raises
    ------
    UsageError, SeriesError
        As :func:`~ho_detect.followup.compare.compare`; the error says which study it is, counted as given.
    """
    need("follow-up", "followup")
    settings = Settings.of(settings)
    analyses = [analysis_of(study, number, settings) for number, study in enumerate(studies, 1)]
    if not different_ids:
        check_one_patient([a.result for a in analyses])
    dates = [date_of(a.result) for a in analyses]
    dated = [date for date in dates if date is not None]
    ordered = len(dated) == len(dates)
    if ordered:
        places = sorted(range(len(dates)), key=lambda k: (dated[k], k))
        analyses, dates = [analyses[k] for k in places], [dates[k] for k in places]
    first = dates[0]
    days = tuple(None if d is None or first is None else (d - first).days for d in dates)
    steps = tuple(_step(analyses[k], analyses[k + 1], days[k : k + 2], settings) for k in range(len(analyses) - 1))
    results = tuple(a.result for a in analyses)
    course = Course(
        days=days,
        ordered_by="date" if ordered else "as given",
        steps=steps,
        tracks=tracks_of(results, steps, days),
    )
    return Followed(course, results)


def _step(earlier: Analysis, later: Analysis, days: Sequence[int | None], settings: Settings) -> Comparison:
    before, after = days
    interval = None if before is None or after is None else after - before
    return compare_analyses(earlier, later, settings, interval_days=interval)


def save_course(followed: Followed, folder: Path) -> None:
    """Write ``course.json``, the table ``course``, the page, and each study below ``study-1`` and so on.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    course = followed.course
    for number, study in enumerate(followed.studies, 1):
        save_result(study, folder / f"study-{number}")
    write_table(folder, "course", TrackRow, track_rows(course.tracks, course.days))
    page = follow_up_html(followed.studies, course.steps, course.tracks, course.days)
    write_atomically(folder / PAGE_FILE, page.encode())
    write_atomically(folder / COURSE_FILE, course_json(course))


def course_json(course: Course) -> bytes:
    """Return the bytes of ``course.json``: UTF-8, indented, NaN as null."""
    return msgspec.json.format(msgspec.json.encode(course), indent=1) + b"\n"
