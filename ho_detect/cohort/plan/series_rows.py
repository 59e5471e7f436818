"""What the index knows of each series, as a row of the ``studies`` table; and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from ho_detect.acquisition.headers.files import is_there
from ho_detect.cohort.plan.keys import given_pseudonyms
from ho_detect.errors import SeriesError, UsageError
from ho_detect.results.rows import StudyRow
from ho_detect.settings import Settings
from ho_detect.system.text import printable

if TYPE_CHECKING:
    from ho_detect.acquisition.series.index import SeriesEntry
    from ho_detect.results.record import FindingsRecord
    from ho_detect.system.pseudonyms import Pseudonyms


def inspect(inputs: Sequence[Path], settings: Settings | None = None, key_file: Path | None = None) -> list[StudyRow]:
    """Return one row per series under ``inputs``; those that a run would analyse have no ``reason``.

    Raises
    ------
    UsageError
        An input is not there, or the key file cannot be used.
    """
    from ho_detect.acquisition.series.index import index_series
    from ho_detect.system.pseudonyms import Pseudonyms

    settings = settings or Settings()
    check_inputs(inputs)
    keep = settings.output.keep_identity
    pseudonyms = given_pseudonyms(key_file, settings) or Pseudonyms.random(keep_identity=keep)
    entries = index_series([Path(p) for p in inputs], settings.acquisition)
    return [study_row(number, entry, pseudonyms) for number, entry in enumerate(entries, start=1)]


def check_inputs(inputs: Sequence[Path]) -> None:
    """Raise UsageError when there is no input or one is not there; by its number, as a path may name a patient."""
    if not inputs:
        raise UsageError("no INPUT given")
    for number, path in enumerate(inputs, start=1):
        if not is_there(Path(path)):
            raise UsageError(f"INPUT {number} of {len(inputs)} does not exist")


def study_row(number: int, entry: SeriesEntry, pseudonyms: Pseudonyms) -> StudyRow:
    """Return the row of a series as the index knows it; true texts only where identities were asked for."""
    slice_mm, row_mm, column_mm = entry.spacing_mm or (None, None, None)
    row = StudyRow(
        number=number,
        study_uid=printable(pseudonyms.uid(entry.study_uid)),
        series_uid=printable(pseudonyms.uid(entry.series_uid)),
        status="left_out",
        rank=entry.rank,
        suits=entry.suits or None,
        part=printable(entry.part) or None,
        modality=printable(entry.modality) or None,
        n_slices=entry.n_slices,
        rows=entry.rows or None,
        columns=entry.columns or None,
        slice_step_mm=slice_mm,
        row_spacing_mm=row_mm,
        column_spacing_mm=column_mm,
    )
    if pseudonyms.keep_identity:
        row = msgspec.structs.replace(
            row,
            description=printable(entry.description) or None,
            patient_id=printable(entry.patient_id) or None,
            study_date=printable(entry.study_date) or None,
            source=printable(str(entry.folder)),
        )
    return row if entry.reason is None else with_reason(row, SeriesError(entry.reason, pseudonyms.said(entry.detail)))


def with_reason(row: StudyRow, error: SeriesError) -> StudyRow:
    """Return the row of a series that has no findings, with why."""
    status: Literal["failed", "left_out"] = "failed" if error.is_failure else "left_out"
    return msgspec.structs.replace(row, status=status, reason=error.reason, message=printable(str(error)))


def with_findings(row: StudyRow, record: FindingsRecord, folder: str) -> StudyRow:
    """Return the row of a series that was analysed."""
    return msgspec.structs.replace(
        row,
        status=record.status,
        flags=";".join(f.code for f in record.flags),
        message="; ".join(f.message for f in record.flags) or None,
        n_lesions=len(record.lesions),
        folder=folder,
    )
