"""DICOM results to an archive; what it holds already is not sent again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ho_detect.errors import UsageError
from ho_detect.export.provenance import PROVENANCE_FILE
from ho_detect.pacs.archive import archive_errors
from ho_detect.pacs.query import every

if TYPE_CHECKING:
    from dicomweb_client.web import DICOMwebClient
    from pydicom.dataset import Dataset


@dataclass(frozen=True)
class Pushed:
    """What came of it: numbers of DICOM objects.

    Parameters
    ----------
    n_sent, n_present
        Sent now, and those that the archive held.
    failed
        Result folder and file of what the archive did not take.
    """

    n_sent: int
    n_present: int
    failed: tuple[str, ...]


def push(
    client: DICOMwebClient,
    out: Path,
    *,
    pseudonyms: bool = False,
    progress: Callable[[str, int], None] | None = None,
) -> Pushed:
    """Send the Segmentations, reports and key images below the results of a run.

    Parameters
    ----------
    client
        The archive.
    out
        What ``ho-detect run --dicom`` wrote.
    pseudonyms
        Send results under pseudonyms too: an archive files them as studies of nobody.
    progress
        Called with each result folder and the number of objects sent from it.

    Raises
    ------
    UsageError
        There is no DICOM result, or one is under pseudonyms and that was not asked for.
    HoDetectError
        The archive cannot be reached or refuses.
    """
    by_folder = _objects(Path(out))
    if not pseudonyms and any(ds.get("PatientIdentityRemoved") == "YES" for _, ds in _all(by_folder)):
        raise UsageError(
            "results under pseudonyms cannot be filed with their studies: run with --keep-identity, or push with"
            " --pseudonyms"
        )
    n_sent = n_present = 0
    failed: list[str] = []
    with archive_errors():
        for folder, objects in by_folder.items():
            new = _not_there(client, objects)
            n_present += len(objects) - len(new)
            refused = _send(client, new)
            failed += [f"{folder}/{path.name}" for path, ds in new if ds.SOPInstanceUID in refused]
            n_sent += len(new) - len(refused)
            if progress is not None:
                progress(folder, len(new) - len(refused))
    return Pushed(n_sent, n_present, tuple(failed))


def _objects(out: Path) -> dict[str, list[tuple[Path, Dataset]]]:
    """Return the DICOM files of each result folder, headers only."""
    import pydicom

    by_folder: dict[str, list[tuple[Path, Dataset]]] = {}
    for entry in sorted(out.glob(f"*/{PROVENANCE_FILE}")):
        paths = sorted(entry.parent.glob("*.dcm"))
        if paths:
            by_folder[entry.parent.name] = [(p, pydicom.dcmread(p, stop_before_pixels=True)) for p in paths]
    if not by_folder:
        raise UsageError("OUT holds no DICOM results: run with --dicom")
    return by_folder


def _all(by_folder: dict[str, list[tuple[Path, Dataset]]]) -> list[tuple[Path, Dataset]]:
    return [pair for objects in by_folder.values() for pair in objects]


def _not_there(client: DICOMwebClient, objects: list[tuple[Path, Dataset]]) -> list[tuple[Path, Dataset]]:
    """Leave out what the archive holds: the same findings have the same UIDs."""
    there: set[str] = set()
    for study, series in {(ds.StudyInstanceUID, ds.SeriesInstanceUID) for _, ds in objects}:
        found = every(partial(client.search_for_instances, study, series), "SOPInstanceUID")
        there |= {ds.SOPInstanceUID for ds in found}
    return [(path, ds) for path, ds in objects if ds.SOPInstanceUID not in there]


def _send(client: DICOMwebClient, objects: list[tuple[Path, Dataset]]) -> set[str]:
    """Send the objects of one result; return the UIDs of those that the archive did not say it stored."""
    import pydicom

    if not objects:
        return set()
    answer = client.store_instances([pydicom.dcmread(path) for path, _ in objects])
    stored = {item.ReferencedSOPInstanceUID for item in answer.get("ReferencedSOPSequence") or ()}
    # FailedSOPSequence is there also when it is empty
    stored -= {item.ReferencedSOPInstanceUID for item in answer.get("FailedSOPSequence") or ()}
    return {ds.SOPInstanceUID for _, ds in objects} - stored
