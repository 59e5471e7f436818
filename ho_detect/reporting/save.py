"""A result folder: the files of one series, the record last."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ho_detect.reporting.fhir import FHIR_FILE, fhir_json
from ho_detect.reporting.files import BONES_FILE, FINDINGS_FILE, LABELS_FILE, write_atomically
from ho_detect.reporting.nifti import write_labels
from ho_detect.reporting.provenance import PROVENANCE_FILE, hashes_of, provenance, provenance_json
from ho_detect.reporting.record import record_json

if TYPE_CHECKING:
    from ho_detect.reporting.findings import Findings


def save(findings: Findings, folder: Path, also: Sequence[Path] = ()) -> Path:
    """Write the record, the label map, what the settings ask for, and where it all came from.

    Parameters
    ----------
    findings
        What was found.
    folder
        Made when it is not there.
    also
        Files of the result that are in the folder already.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_labels(folder / LABELS_FILE, findings.labels, findings.volume.grid)
    written = [folder / LABELS_FILE, *also]
    output = findings.record.software.settings.output
    if output.dicom:
        written += findings.save_dicom(folder)
    if output.bones:
        write_labels(folder / BONES_FILE, findings.native_bone(), findings.volume.grid)
        written.append(folder / BONES_FILE)
    if output.fhir:
        write_atomically(folder / FHIR_FILE, fhir_json(findings.record))
        written.append(folder / FHIR_FILE)
    record = record_json(findings.record)
    files = hashes_of(written) | {FINDINGS_FILE: hashlib.sha256(record).hexdigest()}
    entry = provenance(findings.record, findings.volume.source, findings.masks, files)
    write_atomically(folder / PROVENANCE_FILE, provenance_json(entry))
    # the record last: where it is, all that it speaks of is there too
    write_atomically(folder / FINDINGS_FILE, record)
    return folder
