"""Results under the names of a BIDS derivative, beside their own folders: the same files by hard links.

``sub-PATIENT/ses-STUDY/ct/sub-PATIENT_ses-STUDY_rec-SERIES_desc-ossification_dseg.nii.gz`` with its sidecar
(``.json``) and labels (``.tsv``), and the record as ``..._desc-ossification_findings.json``. CT has no place in the
BIDS standard yet: the names follow its rules for derivatives (https://bids-specification.readthedocs.io).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any, Final

import msgspec

from ho_detect._version import __version__
from ho_detect.errors import HoDetectError
from ho_detect.export.provenance import PROVENANCE_FILE, Provenance
from ho_detect.results.record import FindingsRecord, read_record
from ho_detect.settings import Settings
from ho_detect.system.files import FINDINGS_FILE, LABELS_FILE, write_atomically

_BIDS_VERSION: Final = "1.10.0"
#: What else is in the folder, for validators.
_IGNORED: Final = "series-*/\n*.csv\n*.parquet\n*.html\n.ho-detect/\n"


def name_results(out: Path, settings: Settings) -> None:
    """Give every result below ``out`` its BIDS names, where the settings ask for them.

    Raises
    ------
    HoDetectError
        A file cannot be written.
    """
    if settings.output.naming != "bids":
        return
    try:
        _write(out / "dataset_description.json", _description())
        write_atomically(out / ".bidsignore", _IGNORED.encode())
        for path in sorted(out.glob(f"*/{FINDINGS_FILE}")):
            if (path.parent / PROVENANCE_FILE).exists():
                _name(out, path.parent)
    except OSError as error:
        raise HoDetectError(f"BIDS names cannot be written: {error.strerror}") from error


def bids_name(record: FindingsRecord, entry: Provenance) -> tuple[Path, str]:
    """Return the folder of a result below the data set, and what its files' names begin with.

    Labels are alphanumeric and made of pseudonyms, whatever the settings keep.
    """
    study = _label(record.series.study_uid)
    subject, session, series = entry.patient or study, study, _label(record.series.series_uid)
    folder = Path(f"sub-{subject}") / f"ses-{session}" / "ct"
    return folder, f"sub-{subject}_ses-{session}_rec-{series}_desc-ossification"


def _name(out: Path, result: Path) -> None:
    record = read_record((result / FINDINGS_FILE).read_bytes())
    entry = msgspec.json.decode((result / PROVENANCE_FILE).read_bytes(), type=Provenance)
    folder, start = bids_name(record, entry)
    (out / folder).mkdir(parents=True, exist_ok=True)
    _link(result / LABELS_FILE, out / folder / f"{start}_dseg.nii.gz")
    _link(result / FINDINGS_FILE, out / folder / f"{start}_findings.json")
    _write(out / folder / f"{start}_dseg.json", _sidecar(record))
    rows = ["index\tname", *(f"{n.id}\t{n.side} hip, {n.sector} ossification" for n in record.lesions)]
    write_atomically(out / folder / f"{start}_dseg.tsv", ("\n".join(rows) + "\n").encode())


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the file system has no links."""
    temporary = target.with_name(f".tmp-{os.getpid()}-{target.name}")
    try:
        try:
            os.link(source, temporary)
        except OSError:
            shutil.copy2(source, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _description() -> dict[str, Any]:
    return {
        "Name": "Heterotopic ossification around the hip on CT",
        "BIDSVersion": _BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "ho-detect", "Version": __version__}],
    }


def _sidecar(record: FindingsRecord) -> dict[str, Any]:
    return {
        "Description": "Ossification near the hip, for research use only",
        "SpatialReference": "orig",
        "Manual": bool(record.amendments),
        "GeneratedBy": [{"Name": record.software.name, "Version": record.software.version}],
        "SettingsDigest": record.software.settings_digest,
    }


def _write(path: Path, values: dict[str, Any]) -> None:
    write_atomically(path, msgspec.json.format(msgspec.json.encode(values), indent=1) + b"\n")


def _label(uid: str) -> str:
    return hashlib.sha256(uid.encode("utf-8", "surrogatepass")).hexdigest()[:12]
