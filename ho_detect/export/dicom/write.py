"""Findings as DICOM objects: Segmentation, structured report and key images, each a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from ho_detect.errors import UsageError
from ho_detect.export.dicom.identity import Identity
from ho_detect.system.extras import need
from ho_detect.system.files import replacing

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from ho_detect.results.result import Result

SEG_FILE: Final = "segmentation.dcm"
SR_FILE: Final = "report.dcm"
PICTURE_FILE: Final = "picture-{:02d}.dcm"
MESH_FILE: Final = "mesh-{:02d}.dcm"
#: What says when a file was made; nothing else differs between two files of the same findings.
TIMES: Final = ("ContentDate", "ContentTime", "InstanceCreationDate", "InstanceCreationTime", "DateOfSecondaryCapture",
                "TimeOfSecondaryCapture", "ContributionDateTime")  # fmt: skip


def write_dicom(result: Result, folder: Path) -> list[Path]:
    """Write the findings into a folder that is there; return the files.

    A Segmentation (with a lesion only), a structured report, key images, and meshes where they are asked for.

    Patient, study and UIDs are the true ones only where the findings keep identities: an archive needs them to file
    results with the study they are of.

    The same findings give the same files but for :data:`TIMES`, whoever writes them and when: a run that was killed
    and went on writes what an undisturbed one does.

    Raises
    ------
    UsageError
        The findings were not made from DICOM files, or the libraries of the extra ``dicom`` are not installed.
    OSError
        A file cannot be written.
    """
    need("DICOM output", "dicom")
    from ho_detect.export.dicom.key_images import key_images
    from ho_detect.export.dicom.meshes import encapsulated_stl
    from ho_detect.export.dicom.seg import segmentation
    from ho_detect.export.dicom.source import source_images
    from ho_detect.export.dicom.sr import structured_report
    from ho_detect.export.meshes import meshes_of

    source = result.volume.source
    if source is None:
        raise UsageError("findings that were not made from DICOM files cannot be written as DICOM")
    identity, images = Identity.of(result), source_images(source)
    seg = segmentation(result, images, identity) if result.lesions else None
    written = [] if seg is None else [_write(folder / SEG_FILE, seg)]
    written.append(_write(folder / SR_FILE, structured_report(result, source, images, seg, identity)))
    for number, picture in enumerate(key_images(result, images[0], identity), start=1):
        written.append(_write(folder / PICTURE_FILE.format(number), picture))
    if result.output.meshes:
        for number, mesh in enumerate(meshes_of(result), start=1):
            made = encapsulated_stl(mesh, number, images[0], identity)
            written.append(_write(folder / MESH_FILE.format(number), made))
    return written


def _write(path: Path, ds: Dataset) -> Path:
    with replacing(path) as temporary:
        ds.save_as(temporary, enforce_file_format=True)
    return path
