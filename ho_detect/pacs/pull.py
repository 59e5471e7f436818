"""Candidate series from an archive to a folder, each whole or not at all; what is there is not fetched again."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ho_detect.errors import UsageError
from ho_detect.pacs.archive import RefusedError, archive_errors
from ho_detect.pacs.query import Candidate, Query, find_series
from ho_detect.settings import AcquisitionSettings
from ho_detect.system.files import discard_staging, put_folder

if TYPE_CHECKING:
    from dicomweb_client.web import DICOMwebClient

log = logging.getLogger(__name__)

#: What may come of a series; anything else is why it failed.
_EXPECTED: Final = ("fetched", "present", "left_out")


@dataclass(frozen=True)
class Pulled:
    """What came of it.

    Parameters
    ----------
    n_fetched, n_present
        Series fetched now, and those that were there.
    left_out
        How many series were not fetched, by reason code.
    failed
        Each study or series that the archive refused or did not send whole, by its number, with why: not kept.
    """

    n_fetched: int
    n_present: int
    left_out: dict[str, int]
    failed: tuple[str, ...] = ()


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
        whose they are, but the files do. Several pulls may write there at once.
    settings
        What is accepted as a volume.
    progress
        Called with each series and what came of it: ``fetched``, ``present``, ``left_out``, or why it failed.
    limit
        Fetch no more series than this.

    Raises
    ------
    UsageError
        ``out`` cannot be written.
    HoDetectError
        The archive cannot be reached, does not allow access, or does not list its studies.
    """
    out = Path(out)
    counts: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    failed: list[str] = []
    try:
        with _staging(out) as staging:
            for candidate in find_series(client, query, settings or AcquisitionSettings()):
                wanted = not (candidate.reason or candidate.refused)
                if wanted and limit is not None and counts["fetched"] >= limit:
                    break
                came = _fetch(client, candidate, out, staging) if wanted else candidate.refused or "left_out"
                counts[came] += 1
                left_out.update([candidate.reason] if candidate.reason else [])
                if came not in _EXPECTED:
                    failed.append(f"{candidate.place}: {came}")
                if progress is not None:
                    progress(candidate, came)
    except OSError as error:
        raise UsageError(f"cannot write to OUT: {error.strerror}") from error
    return Pulled(counts["fetched"], counts["present"], dict(left_out), tuple(failed))


def _fetch(client: DICOMwebClient, candidate: Candidate, out: Path, staging: Path) -> str:
    """Fetch one series; return what came of it, or why it failed."""
    final = out / f"study-{_hash(candidate.study_uid)}" / f"series-{_hash(candidate.series_uid)}"
    if final.is_dir() and sum(1 for _ in final.glob("*.dcm")) == candidate.n_instances:
        return "present"
    staged = staging / final.relative_to(out)
    staged.mkdir(parents=True)
    try:
        n = 0
        with archive_errors():
            for n, ds in enumerate(client.iter_series(candidate.study_uid, candidate.series_uid), start=1):
                ds.save_as(staged / f"{n:05d}.dcm", enforce_file_format=True)
        if n != candidate.n_instances:
            return f"the archive sent {n} of {candidate.n_instances} images"
        final.parent.mkdir(exist_ok=True)
        put_folder(staged, final)
    except RefusedError as error:
        return str(error)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return "fetched"


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """Make the folder, and in it one for what is not whole yet; remove what killed pulls left there.

    A pull that is at work holds the lock of its own. Where files cannot be locked nothing of others is removed.
    """
    out.mkdir(parents=True, exist_ok=True)
    for left in out.glob(".pull-*"):
        with suppress(OSError), _locked(left):  # in use, gone meanwhile, or not to be locked
            discard_staging(left, out)
    with ExitStack() as stack:
        yield _own_folder(out, stack)


def _own_folder(out: Path, stack: ExitStack) -> Path:
    """Return a new folder that no other pull takes for one that was left."""
    while True:
        staging = out / f".pull-{secrets.token_hex(4)}"
        staging.mkdir()
        stack.callback(discard_staging, staging, out)
        try:
            stack.enter_context(_locked(staging))
        except BlockingIOError:
            continue  # one that was just begun is about to remove it
        except OSError as error:
            log.info("OUT cannot be locked: %s", error.strerror)
        if staging.is_dir():
            return staging


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder; raises OSError where that cannot be, BlockingIOError where another holds it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _hash(uid: str) -> str:
    return hashlib.sha256(uid.encode()).hexdigest()[:12]
