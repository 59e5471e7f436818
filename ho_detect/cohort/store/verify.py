"""A result folder looked over again: is each file what was written, and do record, label map and tables agree?"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from ho_detect.errors import UsageError
from ho_detect.export.provenance import PROVENANCE_FILE, Provenance, sha256_of
from ho_detect.export.tables import csv_text
from ho_detect.results.label_map import read_labels
from ho_detect.results.record import FindingsRecord, RecordError, read_record
from ho_detect.results.rows import HipRow, LesionRow, hip_rows, lesion_rows
from ho_detect.settings import digest_of
from ho_detect.system.files import FINDINGS_FILE, LABELS_FILE

#: Volumes are rounded to 0.1 mm3, and a label map keeps its spacing as 32-bit numbers.
_ROUNDING_MM3 = 0.06
_SPACING_SHARE = 1e-4
_TABLES: tuple[tuple[str, type[msgspec.Struct]], ...] = (("summary", HipRow), ("lesions", LesionRow))


class Problem(msgspec.Struct, frozen=True):
    """Something that is not as it should be."""

    place: str
    """Result folder, with the file where it is of one; or a table."""
    message: str


@dataclass(frozen=True)
class Verification:
    """What came of looking a run over.

    Parameters
    ----------
    n_results
        Result folders looked at.
    problems
        What is wrong; empty where all is well.
    """

    n_results: int
    problems: tuple[Problem, ...]


#: Looks over what was made of several results: folder and records by name of their folder, to place and message.
Together = Callable[[Path, Mapping[str, FindingsRecord]], Iterable[tuple[str, str]]]


def verify(out: Path, together: Together | None = None) -> Verification:
    """Look over every result folder below ``out`` and what was made of them together; write nothing.

    Parameters
    ----------
    out
        The folder.
    together
        Looks over what is there besides the results; None: the tables of a run.

    Raises
    ------
    UsageError
        There is no such folder, or no result in it.
    """
    out = Path(out)
    if not out.is_dir():
        raise UsageError("OUT is not a folder", out)
    folders = sorted({p.parent for name in (FINDINGS_FILE, PROVENANCE_FILE) for p in out.glob(f"*/{name}")})
    if not folders:
        raise UsageError("OUT holds no result folder", out)
    problems: list[Problem] = []
    records: dict[str, FindingsRecord] = {}
    for folder in folders:
        found, record = _look_over(folder)
        problems += found
        if record is not None:
            records[folder.name] = record
    if together is None:
        problems += _tables(out, records, {folder.name for folder in folders})
    else:
        problems += [Problem(place, message) for place, message in together(out, records)]
    return Verification(len(folders), tuple(problems))


def _look_over(folder: Path) -> tuple[list[Problem], FindingsRecord | None]:
    problems = list(_files(folder))
    try:
        record = read_record((folder / FINDINGS_FILE).read_bytes())
    except OSError as error:
        return [*problems, _problem(folder, FINDINGS_FILE, f"cannot be read: {error.strerror}")], None
    except RecordError as error:
        return [*problems, _problem(folder, FINDINGS_FILE, f"does not fit the schema: {error}")], None
    problems += _record(folder, record)
    problems += _labels(folder, record)
    return problems, record


def _files(folder: Path) -> Iterator[Problem]:
    """Compare each file with the hash that was kept of it."""
    try:
        entry = msgspec.json.decode((folder / PROVENANCE_FILE).read_bytes(), type=Provenance)
    except OSError as error:
        yield _problem(folder, PROVENANCE_FILE, f"cannot be read: {error.strerror}")
        return
    except msgspec.DecodeError as error:
        yield _problem(folder, PROVENANCE_FILE, f"does not fit its schema: {error}")
        return
    for name, digest in entry.files.items():
        if Path(name).name != name:
            yield _problem(folder, PROVENANCE_FILE, "names a file outside of its folder")
            continue
        try:
            found = sha256_of(folder / name).hex()
        except OSError as error:
            yield _problem(folder, name, f"cannot be read: {error.strerror}")
            continue
        if found != digest:
            yield _problem(folder, name, "is not the file that was written: its SHA-256 differs")


def _record(folder: Path, record: FindingsRecord) -> Iterator[Problem]:
    """Check that the parts of a record agree."""
    if digest_of(record.software.settings) != record.software.settings_digest:
        yield _problem(folder, FINDINGS_FILE, "the digest of the settings is not that of the settings beside it")
    twice = [number for number, n in Counter(lesion.id for lesion in record.lesions).items() if n > 1]
    if twice:
        yield _problem(folder, FINDINGS_FILE, f"lesion ids used more than once: {twice}")
    for hip in record.hips:
        mine = [lesion for lesion in record.lesions if lesion.side == hip.side]
        if hip.n_lesions is not None and hip.n_lesions != len(mine):
            yield _problem(folder, FINDINGS_FILE, f"{hip.side} hip: {hip.n_lesions} lesions, {len(mine)} are listed")
        total = sum(lesion.volume_mm3 for lesion in mine)
        if hip.total_volume_mm3 is not None and abs(hip.total_volume_mm3 - total) > _ROUNDING_MM3:
            said = f"{hip.side} hip: {hip.total_volume_mm3} mm3, its lesions have {total:.1f} mm3"
            yield _problem(folder, FINDINGS_FILE, said)


def _labels(folder: Path, record: FindingsRecord) -> Iterator[Problem]:
    """Count the voxels of each label and compare them with the record; no lesion is measured again."""
    try:
        labels, grid = read_labels(folder / LABELS_FILE)
    except UsageError:
        yield _problem(folder, LABELS_FILE, "cannot be read as NIfTI")
        return
    series = record.series
    if labels.shape != (series.n_slices, series.rows, series.columns):
        said = f"size {labels.shape}, the series has ({series.n_slices}, {series.rows}, {series.columns})"
        yield _problem(folder, LABELS_FILE, said)
    spacing_mm = grid.spacing_mm
    if not np.allclose(spacing_mm, series.spacing_mm, rtol=_SPACING_SHARE):
        yield _problem(folder, LABELS_FILE, f"spacing {spacing_mm} mm, the series has {series.spacing_mm} mm")
    counts = np.bincount(labels[labels > 0].ravel())
    voxel_mm3 = grid.voxel_volume_mm3
    found = {int(number): counts[number] * voxel_mm3 for number in np.flatnonzero(counts)}
    for number in sorted(found.keys() - {lesion.id for lesion in record.lesions}):
        yield _problem(folder, LABELS_FILE, f"label {number} is no lesion of the record")
    for lesion in record.lesions:
        if lesion.id not in found:
            yield _problem(folder, LABELS_FILE, f"lesion {lesion.id} of the record has no voxel")
        elif abs(found[lesion.id] - lesion.volume_mm3) > _ROUNDING_MM3 + _SPACING_SHARE * lesion.volume_mm3:
            said = f"lesion {lesion.id} has {found[lesion.id]:.1f} mm3, {lesion.volume_mm3} mm3 in the record"
            yield _problem(folder, LABELS_FILE, said)


def _tables(out: Path, records: dict[str, FindingsRecord], folders: set[str]) -> Iterator[Problem]:
    """Compare the rows of each table with the records they were made from."""
    n_lesions: dict[str, str] = {}
    try:
        n_lesions = {row["folder"]: row["n_lesions"] for row in _csv_rows(out / "studies.csv") if row["folder"]}
    except (OSError, KeyError, UnicodeDecodeError) as error:
        yield Problem("studies.csv", f"cannot be read ({type(error).__name__})")
    for folder, said in n_lesions.items():
        if folder not in folders:
            yield Problem("studies.csv", f"{folder} is not there")
        elif folder in records and said != str(len(records[folder].lesions)):
            yield Problem("studies.csv", f"{folder}: {said} lesions, its record has {len(records[folder].lesions)}")
    for name, row_type in _TABLES:
        make: Any = hip_rows if row_type is HipRow else lesion_rows
        expected = {folder: make(record, folder) for folder, record in records.items() if folder in n_lesions}
        yield from _table(out, name, row_type, expected)


def _table(
    out: Path, name: str, row_type: type[msgspec.Struct], expected: dict[str, Sequence[msgspec.Struct]]
) -> Iterator[Problem]:
    from ho_detect.export.parquet import NoParquetError, read_parquet, rows_in
    from ho_detect.export.tables import arrow_table

    rows = [row for of_folder in expected.values() for row in of_folder]
    try:
        found = _by_folder(_csv_rows(out / f"{name}.csv"))
        wanted = _by_folder(csv.DictReader(io.StringIO(csv_text(row_type, rows))))
        yield from _differences(f"{name}.csv", found, wanted)
        tables = read_parquet(out / f"{name}.parquet"), arrow_table(row_type, rows)
        yield from _differences(f"{name}.parquet", *(_by_folder(rows_in(table)) for table in tables))
    except (OSError, KeyError, UnicodeDecodeError, NoParquetError) as error:
        yield Problem(name, f"a table cannot be read ({type(error).__name__})")


def _differences(name: str, found: dict[str, list[Any]], wanted: dict[str, list[Any]]) -> Iterator[Problem]:
    for folder in sorted(found.keys() | wanted.keys()):
        if found.get(folder, []) != wanted.get(folder, []):
            yield Problem(name, f"the rows of {folder} are not those of its record")


def _by_folder(rows: Iterable[dict[str, Any]]) -> dict[str, list[Any]]:
    grouped: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[row["folder"]].append(row)
    return grouped


def _csv_rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _problem(folder: Path, name: str, message: str) -> Problem:
    return Problem(f"{folder.name}/{name}", message)
