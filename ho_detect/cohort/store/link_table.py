"""The table that leads from pseudonyms back to patients: written on request only, and for its owner's eyes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ho_detect.cohort.plan.plan import Plan
from ho_detect.errors import UsageError
from ho_detect.export.tables import csv_text
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


def check_link_table(path: Path | None, out: Path) -> None:
    """Raise UsageError when the table would lie among the results, with which it would be shared."""
    if path is not None and Path(path).absolute().resolve().is_relative_to(Path(out).absolute().resolve()):
        raise UsageError("the linking table would lie in OUT, and be shared with the results: name another place")


def write_link_table(path: Path, plan: Plan, entries: Sequence[SeriesEntry]) -> None:
    """Write one row per series found, as CSV that its owner alone can read.

    Raises
    ------
    UsageError
        The file cannot be written.
    """
    rows = [
        _row(number, planned.folder, entry, plan.pseudonyms)
        for number, (planned, entry) in enumerate(zip(plan.series, entries, strict=True), start=1)
    ]
    try:
        write_atomically(Path(path), csv_text(LinkRow, rows).encode("utf-8"), private=True)
    except OSError as error:
        raise UsageError(f"cannot write the linking table: {error.strerror}") from error


def _row(number: int, folder: str, entry: SeriesEntry, pseudonyms: Pseudonyms) -> LinkRow:
    return LinkRow(
        number=number,
        folder=folder,
        study_pseudonym=printable(pseudonyms.uid(entry.study_uid)),
        series_pseudonym=printable(pseudonyms.uid(entry.series_uid)),
        study_uid=printable(entry.study_uid),
        series_uid=printable(entry.series_uid),
        patient_id=printable(entry.patient_id),
        study_date=printable(entry.study_date),
        source=printable(str(entry.folder)),
    )
