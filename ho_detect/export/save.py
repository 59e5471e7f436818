"""A result folder: the files of one series, each format one entry of a list, the record last."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ho_detect.export.fhir import FHIR_FILE, fhir_json
from ho_detect.export.nifti import write_labels, write_slices
from ho_detect.export.provenance import PROVENANCE_FILE, hashes_of, provenance, provenance_json
from ho_detect.results.record import record_json
from ho_detect.results.result import Result
from ho_detect.system.files import (
    BONES_FILE,
    DETECTED_FILE,
    FINDINGS_FILE,
    LABELS_FILE,
    MESHES_FILE,
    REPORT_FILE,
    THUMBNAIL_FILE,
    write_atomically,
)
from ho_detect.system.parallel import in_parallel


@dataclass(frozen=True)
class Writer:
    """One output format.

    Parameters
    ----------
    name
        As it is asked for: where ``when`` is ``asked``, a switch of ``settings.output``.
    when
        It is written ``always``, with the ``pages`` of a run, or where it is ``asked`` for.
    needs
        ``record``: that alone; ``ct``: the voxels too; ``dicom``: the files that they came from.
    write
        Write it into a folder that is there; return the files.
    """

    name: str
    when: Literal["always", "pages", "asked"]
    needs: Literal["record", "ct", "dicom"]
    write: Callable[[Result, Path], list[Path]]


def _report(result: Result, folder: Path) -> list[Path]:
    from ho_detect.export.pages.report import write_report

    write_report(result, folder / REPORT_FILE)
    return [folder / REPORT_FILE]


def _dicom(result: Result, folder: Path) -> list[Path]:
    from ho_detect.export.dicom.write import write_dicom

    return write_dicom(result, folder)


def _bones(result: Result, folder: Path) -> list[Path]:
    write_labels(folder / BONES_FILE, result.native_bone(), result.grid)
    return [folder / BONES_FILE]


def _meshes(result: Result, folder: Path) -> list[Path]:
    from ho_detect.export.meshes import meshes_of, stl, three_mf

    made = list(meshes_of(result))
    files = {f"{mesh.name}.stl": stl(mesh) for mesh in made} | {MESHES_FILE: three_mf(made)}
    for name, data in files.items():
        write_atomically(folder / name, data)
    return [folder / name for name in files]


def _labels(result: Result, folder: Path) -> list[Path]:
    write_labels(folder / LABELS_FILE, result.labels, result.grid)
    return [folder / LABELS_FILE]


def _detected(result: Result, folder: Path) -> list[Path]:
    if result.detected_in(slice(0, 1)) is None:
        return []
    write_slices(folder / DETECTED_FILE, result.detected_in, result.grid)  # type: ignore[arg-type]
    return [folder / DETECTED_FILE]


def _thumbnail(result: Result, folder: Path) -> list[Path]:
    from ho_detect.export.pages.images import thumbnail

    write_atomically(folder / THUMBNAIL_FILE, thumbnail(result))
    return [folder / THUMBNAIL_FILE]


def _fhir(result: Result, folder: Path) -> list[Path]:
    write_atomically(folder / FHIR_FILE, fhir_json(result.record, result.output.fhir_bundle))
    return [folder / FHIR_FILE]


#: All formats but the record and its provenance: what takes long first, what is many small parts last.
WRITERS: tuple[Writer, ...] = (
    Writer("report", "pages", "ct", _report),
    Writer("dicom", "asked", "dicom", _dicom),
    Writer("bones", "asked", "ct", _bones),
    Writer("meshes", "asked", "ct", _meshes),
    Writer("labels", "always", "record", _labels),
    Writer("detected", "always", "record", _detected),
    Writer("thumbnail", "pages", "ct", _thumbnail),
    Writer("fhir", "asked", "record", _fhir),
)


def save(result: Result, folder: Path, *, pages: bool = False) -> Path:
    """Write the record, the label map, what the settings ask for, and where it all came from.

    All but the last are made side by side.

    Parameters
    ----------
    result
        ``result.output`` says what is written.
    folder
        Made when it is not there.
    pages
        Write the page for readers too, and the picture for the page over all studies.

    Raises
    ------
    OSError
        A file cannot be written.
    UsageError
        The result was read from a folder, and what is asked for needs its CT, which is not known; or a library for what
        is asked for is not installed.
    """
    result.output.check_libraries()
    folder.mkdir(parents=True, exist_ok=True)
    asked = [w for w in WRITERS if _is_asked(w, result, pages=pages)]
    make: list[Callable[[], Any]] = [lambda w=w: w.write(result, folder) for w in asked]  # type: ignore[misc]
    *written, came_from = in_parallel(lambda task: task(), [*make, lambda: provenance(result)])
    record = record_json(result.record)
    files = hashes_of(path for paths in written for path in paths) | {FINDINGS_FILE: hashlib.sha256(record).hexdigest()}
    write_atomically(folder / PROVENANCE_FILE, provenance_json(came_from, files))
    # the record last: where it is, all that it speaks of is there too
    write_atomically(folder / FINDINGS_FILE, record)
    return folder


def _is_asked(writer: Writer, result: Result, *, pages: bool) -> bool:
    if writer.when == "asked":
        return bool(getattr(result.output, writer.name))
    return pages or writer.when == "always"
