"""What tests of runs look at: the files of an output folder that are the same in every run."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pydicom

from ho_detect.export.dicom.write import TIMES

#: They differ from run to run: what a series cost, and when it was done.
_TIMES = ("timings.csv", "timings.parquet", "provenance.json")


def contents(out: Path) -> dict[str, bytes]:
    """Return name and bytes of each result file and table below ``out``; DICOM files without when they were made."""
    files = (path for path in sorted(out.rglob("*")) if path.is_file())
    found = {
        str(path.relative_to(out)): without_times(path) if path.suffix == ".dcm" else path.read_bytes()
        for path in files
        if path.name not in _TIMES
    }
    return {
        name: data for name, data in found.items() if not name.startswith(".ho-detect/") and name != "manifest.parquet"
    }


def without_times(path: Path) -> bytes:
    """Return the bytes of a DICOM file with the dates and times of its making left empty."""
    ds = pydicom.dcmread(path)
    for data in (ds, *ds.get("ContributingEquipmentSequence", ())):
        for name in TIMES:
            if name in data:
                setattr(data, name, "")
    written = pydicom.filebase.DicomBytesIO()
    ds.save_as(written, enforce_file_format=True)
    return written.getvalue()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def rows(out: Path, name: str = "studies") -> list[dict[str, object]]:
    return pq.read_table(out / f"{name}.parquet").to_pylist()
