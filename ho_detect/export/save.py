"""A result folder: the files of one series, the record last."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ho_detect.export.fhir import FHIR_FILE, fhir_json
from ho_detect.export.nifti import write_labels
from ho_detect.export.provenance import PROVENANCE_FILE, hashes_of, inputs_of, provenance, provenance_json
from ho_detect.results.record import record_json
from ho_detect.system.files import (
    BONES_FILE,
    FINDINGS_FILE,
    LABELS_FILE,
    REPORT_FILE,
    THUMBNAIL_FILE,
    write_atomically,
)
from ho_detect.system.parallel import in_parallel

if TYPE_CHECKING:
    from ho_detect.results.result import Result


def save(result: Result, folder: Path, *, pages: bool = False) -> Path:
    """Write the record, the label map, what the settings ask for, and where it all came from.

    All but the last are made side by side.

    Parameters
    ----------
    result
        What was found.
    folder
        Made when it is not there.
    pages
        Write the page for readers too, and the picture for the page over all studies.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    output, source = result.record.software.settings.output, result.volume.source

    def labels() -> list[Path]:
        write_labels(folder / LABELS_FILE, result.labels, result.volume.grid)
        return [folder / LABELS_FILE]

    def bones() -> list[Path]:
        write_labels(folder / BONES_FILE, result.native_bone(), result.volume.grid)
        return [folder / BONES_FILE]

    def fhir() -> list[Path]:
        write_atomically(folder / FHIR_FILE, fhir_json(result.record))
        return [folder / FHIR_FILE]

    # what takes long first, what is many small parts last
    tasks: tuple[tuple[bool, Callable[[], list[Path]]], ...] = (
        (pages, lambda: _report(result, folder)),
        (output.dicom, lambda: _dicom(result, folder)),
        (output.bones, bones),
        (True, labels),
        (pages, lambda: _thumbnail(result, folder)),
        (output.fhir, fhir),
    )
    make: list[Callable[[], Any]] = [task for asked, task in tasks if asked]
    *written, inputs = in_parallel(lambda task: task(), [*make, lambda: inputs_of(source, result.masks)])
    record = record_json(result.record)
    files = hashes_of(path for paths in written for path in paths) | {FINDINGS_FILE: hashlib.sha256(record).hexdigest()}
    write_atomically(folder / PROVENANCE_FILE, provenance_json(provenance(result.record, source, inputs, files)))
    # the record last: where it is, all that it speaks of is there too
    write_atomically(folder / FINDINGS_FILE, record)
    return folder


def _report(result: Result, folder: Path) -> list[Path]:
    from ho_detect.export.pages.report import write_report

    write_report(result, folder / REPORT_FILE)
    return [folder / REPORT_FILE]


def _dicom(result: Result, folder: Path) -> list[Path]:
    from ho_detect.export.dicom.write import write_dicom

    return write_dicom(result, folder)


def _thumbnail(result: Result, folder: Path) -> list[Path]:
    from ho_detect.export.pages.pictures import thumbnail

    write_atomically(folder / THUMBNAIL_FILE, thumbnail(result))
    return [folder / THUMBNAIL_FILE]
