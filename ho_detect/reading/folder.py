"""The folder of an amended result: the automatic one is kept below it, whole, and comes back as it was."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import msgspec

from ho_detect.export.fhir import FHIR_FILE
from ho_detect.export.save import save
from ho_detect.results.result import Result
from ho_detect.settings import OutputSettings
from ho_detect.system.files import AUTOMATIC_FOLDER, BONES_FILE, FINDINGS_FILE, MESHES_FILE, REPORT_FILE


def automatic_folder(folder: Path) -> Path:
    """Return where the automatic result is: below an amended one, else the folder itself."""
    below = folder / AUTOMATIC_FOLDER
    return below if (below / FINDINGS_FILE).is_file() else folder


def write_amended(result: Result, folder: Path, staging: Path) -> None:
    """Write an amended result, with what the automatic one in ``folder`` was written with, and that one below it.

    Parameters
    ----------
    staging
        Made here; it takes the place of ``folder`` afterwards.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    automatic = automatic_folder(folder)
    shutil.copytree(automatic, staging / AUTOMATIC_FOLDER)
    save(replace(result, output=output_of(automatic)), staging, pages=(automatic / REPORT_FILE).exists())


def write_automatic(folder: Path, staging: Path) -> None:
    """Write the automatic result of an amended one, byte by byte; parameters as for :func:`write_amended`."""
    shutil.copytree(automatic_folder(folder), staging)


def output_of(folder: Path) -> OutputSettings:
    """Return which outputs a result was written with."""
    fhir = folder / FHIR_FILE
    transaction = fhir.exists() and msgspec.json.decode(fhir.read_bytes())["type"] == "transaction"
    return OutputSettings(
        dicom=any(folder.glob("*.dcm")),
        bones=(folder / BONES_FILE).exists(),
        meshes=(folder / MESHES_FILE).exists(),
        fhir=fhir.exists(),
        fhir_bundle="transaction" if transaction else "collection",
    )
