"""DICOM results to an archive; what it holds already is not sent again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ho_detect.errors import UsageError
from ho_detect.export.provenance import PROVENANCE_FILE
from ho_detect.pacs.archive import RefusedError, archive_errors
from ho_detect.pacs.query import every, text

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
        Result folder and file of what the archive did not take, each with why.
    """

    n_sent: int
    n_present: int
    failed: tuple[str, ...]


@dataclass(frozen=True)
class _Object:
    """A DICOM file of a result; its header without pixels."""

    path: Path
    header: Dataset

    @property
    def uid(self) -> str:
        return str(self.header.SOPInstanceUID)


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
        The archive cannot be reached, or does not allow access.
    """
    by_folder, failed = _objects(Path(out))
    objects = [one for of_folder in by_folder.values() for one in of_folder]
    if not pseudonyms and any(one.header.get("PatientIdentityRemoved") == "YES" for one in objects):
        raise UsageError(
            "results under pseudonyms cannot be filed with their studies: run with --keep-identity, or push with"
            " --pseudonyms"
        )
    n_sent = n_present = 0
    for folder, of_folder in by_folder.items():
        new = _not_there(client, of_folder)
        n_present += len(of_folder) - len(new)
        refused = _send(client, new)
        failed += [f"{folder}/{one.path.name}: {why}" for one, why in refused]
        n_sent += len(new) - len(refused)
        if progress is not None:
            progress(folder, len(new) - len(refused))
    return Pushed(n_sent, n_present, tuple(failed))


def _objects(out: Path) -> tuple[dict[str, list[_Object]], list[str]]:
    """Return the DICOM files of each result folder, and those that cannot be read, with why."""
    by_folder: dict[str, list[_Object]] = {}
    failed: list[str] = []
    for entry in sorted(out.glob(f"*/{PROVENANCE_FILE}")):
        for path in sorted(entry.parent.glob("*.dcm")):
            try:
                by_folder.setdefault(path.parent.name, []).append(_Object(path, _header(path)))
            except (OSError, ValueError) as error:
                failed.append(f"{path.parent.name}/{path.name}: the file cannot be read ({type(error).__name__})")
    if not by_folder and not failed:
        raise UsageError("OUT holds no DICOM results: run with --dicom")
    return by_folder, failed


def _header(path: Path) -> Dataset:
    """Read one of our own files without its pixels; raises ValueError for one that is none."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        ds = pydicom.dcmread(path, stop_before_pixels=True)
    except (InvalidDicomError, EOFError) as error:
        raise ValueError("no DICOM") from error
    if not all(ds.get(name) for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")):
        raise ValueError("no UIDs")
    return ds


def _not_there(client: DICOMwebClient, objects: list[_Object]) -> list[_Object]:
    """Leave out what the archive holds: the same findings have the same UIDs. What it does not tell is not there."""
    there: set[str] = set()
    for study, series in {(one.header.StudyInstanceUID, one.header.SeriesInstanceUID) for one in objects}:
        search = partial(client.search_for_instances, study, series)
        with suppress(
            RefusedError
        ):  # some answer so where nothing is, some cannot be searched; storing twice does no harm
            there |= {text(item, "SOPInstanceUID") for item in every(search, "SOPInstanceUID")}
    return [one for one in objects if one.uid not in there]


def _send(client: DICOMwebClient, objects: list[_Object]) -> list[tuple[_Object, str]]:
    """Send the objects of one result; return those that the archive did not say it stored, with what it said."""
    import pydicom

    if not objects:
        return []
    try:
        with archive_errors():
            answer = client.store_instances([pydicom.dcmread(one.path) for one in objects])
            stored = {str(item.ReferencedSOPInstanceUID) for item in answer.get("ReferencedSOPSequence") or ()}
            # FailedSOPSequence is there also when it is empty
            why = {
                str(item.ReferencedSOPInstanceUID): f"the archive refused it (reason {item.get('FailureReason')})"
                for item in answer.get("FailedSOPSequence") or ()
            }
    except RefusedError as error:
        return [(one, str(error)) for one in objects]
    left = [one for one in objects if one.uid not in stored or one.uid in why]
    if left and not stored and not why:
        left = _not_there(client, left)  # it took them without a word, or did not
    return [(one, why.get(one.uid, "the archive did not say that it stored it")) for one in left]
