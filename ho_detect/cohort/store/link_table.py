"""The table that leads from pseudonyms back to patients: written on request only, and for its owner's eyes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ho_detect.cohort.plan.plan import Plan
from ho_detect.errors import UsageError, names_in
from ho_detect.export.tables import csv_text
from ho_detect.results.rows import StudyRow
from ho_detect.system.files import write_atomically
from ho_detect.system.text import printable

if TYPE_CHECKING:
    from ho_detect.acquisition.series.index import SeriesEntry
    from ho_detect.system.pseudonyms import Pseudonyms


class LinkRow(msgspec.Struct, frozen=True, kw_only=True):
    """A series under both names."""

    number: int
    folder: str
    study_pseudonym: str
    series_pseudonym: str
    study_uid: str
    series_uid: str
    patient_id: str
    study_date: str
    source: str
    file_pseudonym: str
    """Of the file that the row of the series names as the one that cannot be used; empty where it names none."""
    file: str


def check_link_table(path: Path | None, out: Path) -> None:
    """Raise UsageError when the table would lie among the results, with which it would be shared."""
    if path is not None and Path(path).absolute().resolve().is_relative_to(Path(out).absolute().resolve()):
        raise UsageError("the linking table would lie in OUT, and be shared with the results: name another place")


def write_link_table(
    path: Path, plan: Plan, entries: Sequence[SeriesEntry], studies: Sequence[StudyRow] | None = None
) -> None:
    """Write one row per series found, as CSV that its owner alone can read.

    Parameters
    ----------
    path
        The file.
    plan, entries
        The series, in one order.
    studies
        What has come of them; None: nothing yet.

    Raises
    ------
    UsageError
        The file cannot be written.
    """
    rows = [
        _row(planned.folder, entry, row, plan.pseudonyms)
        for planned, entry, row in zip(plan.series, entries, studies or [one.row for one in plan.series], strict=True)
    ]
    try:
        write_atomically(Path(path), csv_text(LinkRow, rows).encode("utf-8"), private=True)
    except OSError as error:
        raise UsageError(f"cannot write the linking table: {error.strerror}", Path(path)) from error


def _row(folder: str, entry: SeriesEntry, row: StudyRow, pseudonyms: Pseudonyms) -> LinkRow:
    stand_in, name = _file_of(row.message or "", entry, pseudonyms)
    return LinkRow(
        number=row.number,
        folder=folder,
        study_pseudonym=printable(pseudonyms.uid(entry.study_uid)),
        series_pseudonym=printable(pseudonyms.uid(entry.series_uid)),
        study_uid=printable(entry.study_uid),
        series_uid=printable(entry.series_uid),
        patient_id=printable(entry.patient_id),
        study_date=printable(entry.study_date),
        source=printable(str(entry.folder)),
        file_pseudonym=stand_in,
        file=printable(name),
    )


def _file_of(message: str, entry: SeriesEntry, pseudonyms: Pseudonyms) -> tuple[str, str]:
    """Return the file that a message names, under both names."""
    names = dict.fromkeys([*names_in(entry.detail), *(image.path.name for image in entry.slices)])
    stand_ins = {pseudonyms.file(name): name for name in names}
    found = next((word for word in re.findall(r"file-[0-9a-f]{12}", message) if word in stand_ins), "")
    return (found, stand_ins[found]) if found else ("", "")
