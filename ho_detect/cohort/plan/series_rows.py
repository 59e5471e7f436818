"""What the index knows of each series, as a row of the ``studies`` table; and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from ho_detect.acquisition.headers.endings import LookedAt
from ho_detect.acquisition.headers.files import is_there
from ho_detect.acquisition.series.stated import stated_acquisition
from ho_detect.cohort.plan.keys import supplied_pseudonyms
from ho_detect.errors import SeriesError, UsageError
from ho_detect.results.rows import StudyRow
from ho_detect.settings import Settings
from ho_detect.system.text import printable

if TYPE_CHECKING:
    from ho_detect.acquisition.series.index import SeriesEntry
    from ho_detect.results.record import FindingsRecord
    from ho_detect.system.pseudonyms import Pseudonyms


@dataclass(frozen=True)
class Inspection:
    """What is under some inputs.

    Parameters
    ----------
    rows
        One per series, in the order of a run; those that a run would analyse have no ``reason``.
    looked_at
        The files.
    places
        The folder of each series by its number, true names: for the user's own terminal alone.
    """

    rows: tuple[StudyRow, ...]
    looked_at: LookedAt
    places: dict[int, Path]


def inspect(inputs: Sequence[Path], settings: Settings | None = None, key_file: Path | None = None) -> Inspection:
    """Say which series are under ``inputs`` and what a run would do with each.

    Raises
    ------
    UsageError
        An input is not there, or the key file cannot be used.
    """
    from ho_detect.acquisition.series.index import index_files
    from ho_detect.system.pseudonyms import Pseudonyms

    settings = settings or Settings()
    check_inputs(inputs)
    keep = settings.output.keep_identity
    pseudonyms = supplied_pseudonyms(key_file, settings) or Pseudonyms.random(keep_identity=keep)
    index = index_files([Path(p) for p in inputs], settings.acquisition)
    rows = tuple(study_row(number, entry, pseudonyms) for number, entry in enumerate(index.series, start=1))
    return Inspection(rows, index.looked_at, places_of(index.series))


def places_of(entries: Sequence[SeriesEntry]) -> dict[int, Path]:
    """Return the folder that each series lies in, by its number; true names."""
    return {number: entry.folder for number, entry in enumerate(entries, start=1)}


def any_dicom(rows: Sequence[StudyRow]) -> bool:
    """Whether there is any series but images of formats that are not read."""
    return any(row.reason != "not_dicom" for row in rows)


def check_inputs(inputs: Sequence[Path]) -> None:
    """Raise UsageError when there is no input or one is not there."""
    if not inputs:
        raise UsageError("no INPUT given")
    for number, path in enumerate(inputs, start=1):
        if not is_there(Path(path)):
            raise UsageError(f"INPUT {number} of {len(inputs)} does not exist", path)


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
        **stated_acquisition(entry),
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
    """Return the row of a series that has no findings, with why; one that a stop kept from being done still waits."""
    status: Literal["failed", "left_out", "waiting"] = "failed" if error.is_failure else "left_out"
    if error.reason == "interrupted":
        status = "waiting"
    return msgspec.structs.replace(row, status=status, reason=error.reason, message=printable(str(error)))


def with_findings(row: StudyRow, record: FindingsRecord, folder: str) -> StudyRow:
    """Return the row of a series that was analysed."""
    return msgspec.structs.replace(
        row,
        status=record.status,
        flags=tuple(f.code for f in record.flags),
        message="; ".join(f.message for f in record.flags) or None,
        n_lesions=len(record.lesions),
        noise_hu=record.series.noise_hu,
        folder=folder,
    )
