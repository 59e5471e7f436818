"""Candidate series from an archive to a folder, each whole or not at all; what is there is not fetched again."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ho_detect.errors import UsageError
from ho_detect.pacs.archive import archive_errors
from ho_detect.pacs.query import Candidate, Query, find_series
from ho_detect.settings import AcquisitionSettings
from ho_detect.system.files import put_folder

if TYPE_CHECKING:
    from dicomweb_client.web import DICOMwebClient


@dataclass(frozen=True)
class Pulled:
    """What came of it.

    Parameters
    ----------
    n_fetched, n_present
        Series fetched now, and those that were there.
    left_out
        How many series were not fetched, by reason code.
    incomplete
        Series of which the archive sent another number of instances than it named: not kept.
    """

    n_fetched: int
    n_present: int
    left_out: dict[str, int]
    incomplete: int


def pull(
    client: DICOMwebClient,
    query: Query,
    out: Path,
    settings: AcquisitionSettings | None = None,
    progress: Callable[[Candidate, str], None] | None = None,
    limit: int | None = None,
) -> Pulled:
    """Fetch the candidate series of an archive.

    Parameters
    ----------
    client
        The archive.
    query
        What is looked for.
    out
        Made when it is not there. Series go to ``study-HASH/series-HASH``; no name of a folder or file tells
        whose they are, but the files do.
    settings
        What is accepted as a volume.
    progress
        Called with each series and what came of it: ``fetched``, ``present``, ``left_out`` or ``incomplete``.
    limit
        Fetch no more series than this.

    Raises
    ------
    UsageError
        ``out`` cannot be written.
    HoDetectError
        The archive cannot be reached or refuses.
    """
    out = Path(out)
    counts: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    try:
        _clear(out)
        with archive_errors():
            for candidate in find_series(client, query, settings or AcquisitionSettings()):
                if candidate.reason is None and limit is not None and counts["fetched"] >= limit:
                    break
                came = "left_out" if candidate.reason else _fetch(client, candidate, out)
                counts[came] += 1
                left_out.update([candidate.reason] if candidate.reason else [])
                if progress is not None:
                    progress(candidate, came)
    except OSError as error:
        raise UsageError(f"cannot write to OUT: {error.strerror}") from error
    return Pulled(counts["fetched"], counts["present"], dict(left_out), counts["incomplete"])


def _fetch(client: DICOMwebClient, candidate: Candidate, out: Path) -> str:
    final = out / f"study-{_hash(candidate.study_uid)}" / f"series-{_hash(candidate.series_uid)}"
    if final.is_dir() and sum(1 for _ in final.glob("*.dcm")) == candidate.n_instances:
        return "present"
    staged = out / f".pull-{secrets.token_hex(4)}"
    staged.mkdir()
    try:
        n = 0
        for n, ds in enumerate(client.iter_series(candidate.study_uid, candidate.series_uid), start=1):
            ds.save_as(staged / f"{n:05d}.dcm", enforce_file_format=True)
        if n != candidate.n_instances:
            return "incomplete"
        final.parent.mkdir(exist_ok=True)
        put_folder(staged, final)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return "fetched"


def _clear(out: Path) -> None:
    """Make the folder; remove what a killed pull left there."""
    out.mkdir(parents=True, exist_ok=True)
    for left in out.glob(".pull-*"):
        shutil.rmtree(left, ignore_errors=True)


def _hash(uid: str) -> str:
    return hashlib.sha256(uid.encode()).hexdigest()[:12]
