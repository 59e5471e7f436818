"""A folder that ``ho-detect compare`` wrote, looked over again: do record, table and both findings agree?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from ho_detect.export.tables import csv_text
from ho_detect.followup.comparison import Comparison
from ho_detect.followup.course import COURSE_FILE
from ho_detect.followup.show import TrackRow, track_rows
from ho_detect.followup.tables import COMPARISON_FILE, TABLE_FILE, ChangeRow, change_rows
from ho_detect.followup.tracks import Course
from ho_detect.results.record import FindingsRecord


def is_comparison(out: Path) -> bool:
    """Whether a folder is one that a comparison of two studies or more was written into."""
    return (out / COMPARISON_FILE).exists() or (out / COURSE_FILE).exists()


def look_over(out: Path, records: Mapping[str, FindingsRecord]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong: the file, and what is the matter with it.

    Parameters
    ----------
    out
        With ``comparison.json``, or ``course.json`` of more than two studies.
    records
        Of the studies, by the name of their folder.
    """
    if (out / COURSE_FILE).exists():
        yield from _course(out, records)
        return
    try:
        comparison = msgspec.json.decode((out / COMPARISON_FILE).read_bytes(), type=Comparison)
    except OSError as error:
        yield COMPARISON_FILE, f"cannot be read: {error.strerror}"
        return
    except msgspec.DecodeError as error:
        yield COMPARISON_FILE, f"does not fit its schema: {error}"
        return
    for name in ("earlier", "later"):
        record = records.get(name)
        if record is None:
            yield name, "is not there, or its record cannot be read"
            continue
        if getattr(comparison, name) != record.series:
            yield COMPARISON_FILE, f"its {name} study is not the one in {name}/"
        told = [number for change in comparison.lesions for number in getattr(change, f"{name}_ids")]
        if sorted(told) != sorted(lesion.id for lesion in record.lesions):
            yield COMPARISON_FILE, f"its lesions of the {name} study are not those of its record"
    try:
        table = (out / TABLE_FILE).read_bytes()
    except OSError as error:
        yield TABLE_FILE, f"cannot be read: {error.strerror}"
        return
    if table != csv_text(ChangeRow, change_rows(comparison)).encode():
        yield TABLE_FILE, f"its rows are not those of {COMPARISON_FILE}"


def _course(out: Path, records: Mapping[str, FindingsRecord]) -> Iterator[tuple[str, str]]:
    try:
        course = msgspec.json.decode((out / COURSE_FILE).read_bytes(), type=Course)
    except msgspec.DecodeError as error:
        yield COURSE_FILE, f"does not fit its schema: {error}"
        return
    for place in range(len(course.days)):
        name = f"study-{place + 1}"
        record = records.get(name)
        if record is None:
            yield name, "is not there, or its record cannot be read"
            continue
        told = [n for track in course.tracks if track.what == "lesion" for n in track.ids[place]]
        if sorted(told) != sorted(lesion.id for lesion in record.lesions):
            yield COURSE_FILE, f"its lesions of {name} are not those of its record"
    expected = csv_text(TrackRow, track_rows(course.tracks, course.days)).encode()
    try:
        if (out / "course.csv").read_bytes() != expected:
            yield "course.csv", f"its rows are not those of {COURSE_FILE}"
    except OSError as error:
        yield "course.csv", f"cannot be read: {error.strerror}"
