"""What a result was made from, by what, where and when: ``provenance.json`` beside the record.

Times and machine are here and not in the record, so that the same input gives the same record and tables on any day.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta

from ho_detect.acquisition.headers.archives import open_input
from ho_detect.results.saved_scan import SavedScan
from ho_detect.system.cpus import processors
from ho_detect.system.parallel import in_parallel

if TYPE_CHECKING:
    from ho_detect.acquisition.volume.source import SourceSeries
    from ho_detect.results.result import Result

PROVENANCE_FILE: Final = "provenance.json"
#: Libraries on whose versions a result may depend.
_LIBRARIES: Final = ("numpy", "scipy", "numba", "SimpleITK", "scikit-image", "pydicom",
                     "python-gdcm", "pylibjpeg-openjpeg", "pyjpegls", "highdicom")  # fmt: skip


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """The class of machine; not its name."""

    system: str
    machine: str
    processor: str | None
    n_processors: Annotated[int, Meta(description="That the process was allowed to use")]
    memory_gb: float | None


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """The files of the series, in stack order."""

    hash: Annotated[str, Meta(description="How each file was hashed")]
    n_bytes: int
    digests: Annotated[tuple[str | None, ...], Meta(description="Of each file; null for one that is no longer there")]
    masks: Annotated[
        dict[str, str | None], Meta(description="The same of each user-supplied anatomy mask, by name")
    ] = {}


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """``provenance.json``."""

    schema_version: str = "1.0"
    software: str = "ho-detect"
    version: str
    settings_digest: str
    python: str
    libraries: dict[str, str | None]
    host: Host
    read_at: Annotated[datetime | None, Meta(description="When the images were read, UTC")]
    written_at: Annotated[datetime, Meta(description="When the result was written, UTC")]
    patient: Annotated[str | None, Meta(description="Keyed stand-in, equal for all studies of a patient in a run")]
    inputs: Annotated[Inputs | None, Meta(description="null for findings that were not made from DICOM files")]
    files: Annotated[dict[str, str], Meta(description="SHA-256 of each other file of the result")]


def provenance(result: Result) -> Provenance:
    """Return the provenance of a result, without its files; what is known of the input of a saved one is kept."""
    record = result.record
    made = Provenance(
        version=record.software.version,
        settings_digest=record.software.settings_digest,
        python=platform.python_version(),
        libraries=_versions(),
        host=this_host(),
        read_at=None,
        written_at=datetime.now(UTC),
        patient=None,
        inputs=None,
        files={},
    )
    if isinstance(result.scan, SavedScan):
        before = read_provenance(result.scan.folder)
        if before is None:
            return made
        return msgspec.structs.replace(before, written_at=made.written_at, files={})
    source = result.scan.source
    if source is None:
        return made
    return msgspec.structs.replace(
        made, read_at=source.read_at, patient=_patient(source), inputs=inputs_of(source, result.masks)
    )


def read_provenance(folder: Path) -> Provenance | None:
    """Read the provenance in a result folder; None where there is none.

    Raises
    ------
    msgspec.DecodeError
        It is no provenance.
    """
    try:
        return msgspec.json.decode((folder / PROVENANCE_FILE).read_bytes(), type=Provenance)
    except FileNotFoundError:
        return None


def provenance_json(entry: Provenance, files: dict[str, str]) -> bytes:
    """Return the bytes of ``provenance.json``: UTF-8, indented.

    Parameters
    ----------
    files
        Name and SHA-256 of each other file of the result.
    """
    entry = msgspec.structs.replace(entry, files=files)
    return msgspec.json.format(msgspec.json.encode(entry), indent=1) + b"\n"


def sha256_of(path: Path) -> bytes:
    """Return the SHA-256 of a file, or of a file in an archive; raises OSError where it cannot be read."""
    with open_input(path) as file:
        return hashlib.file_digest(file, "sha256").digest()


def hashes_of(paths: Iterable[Path]) -> dict[str, str]:
    """Return name and SHA-256 of files."""
    return {path.name: sha256_of(path).hex() for path in paths}


@cache
def this_host() -> Host:
    """Return the class of this machine."""
    return Host(
        system=platform.system(),
        machine=platform.machine(),
        processor=_processor(),
        n_processors=processors(),
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
    )


def _processor() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)


@cache
def _versions() -> dict[str, str | None]:
    return {name: _version(name) for name in _LIBRARIES}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _patient(source: SourceSeries) -> str | None:
    patient_id = source.entry.patient_id
    return source.pseudonyms.keyed("patient", patient_id)[:12] if patient_id else None


def inputs_of(source: SourceSeries, masks: dict[str, Path]) -> Inputs:
    """Return what a result was made from; the files are read again.

    Parameters
    ----------
    source
        The series.
    masks
        Files of the anatomy masks that were used, by name.
    """
    files = list(source.files())
    digests = in_parallel(lambda path: _digest(path, source), [*files, *masks.values()])
    sizes = {image.path: image.size_bytes for image in source.entry.slices}
    plain = source.pseudonyms.keep_identity
    return Inputs(
        # a bare hash would link the result with the images for anyone who has them
        hash="SHA-256" if plain else "HMAC-SHA-256 of the SHA-256 under the key of the pseudonyms",
        n_bytes=sum(sizes.values()),
        digests=tuple(digests[: len(files)]),
        masks=dict(zip(masks, digests[len(files) :], strict=True)),
    )


def _digest(path: Path, source: SourceSeries) -> str | None:
    try:
        return source.pseudonyms.digest(sha256_of(path))
    except OSError:
        return None
