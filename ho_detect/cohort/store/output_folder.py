"""The folder that results go to, and the private folder in it that a run needs to go on after it was killed.

``OUT/.ho-detect`` can be read by its owner alone. It holds

* ``lock``: one run at a time, or several parts of one plan, each with a lock of its own;
* ``staging-...``: all is written there first, and moves to its place when it is whole;
* ``outcomes/``: what came of each series (:mod:`ho_detect.cohort.store.outcomes`);
* ``key``: the key of this run's pseudonyms, where the user gave none.

It goes when a run is finished, unless the user asked for ``--resume``.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from ho_detect.cohort.store.outcomes import Outcomes
from ho_detect.errors import UsageError
from ho_detect.results.record import FindingsRecord, read_record
from ho_detect.system.files import (
    FINDINGS_FILE,
    REMOVED,
    discard_staging,
    put_folder,
    sync_folder,
    write_atomically,
)

log = logging.getLogger(__name__)

MANIFEST_FILE = "manifest.parquet"
_PRIVATE = ".ho-detect"


class OutputFolder:
    """A context: makes ``path``, locks it, and gives a staging folder of its own that is removed at the end.

    Parameters
    ----------
    path
        Where results go.
    part
        Part of a plan that is done here, as ``3-of-8``; others may do other parts at the same time. Without it nobody
        else may write.

    Raises
    ------
    UsageError
        On entering: ``path`` cannot be written, or another process writes there.
    """

    def __init__(self, path: Path, part: str = "") -> None:
        self.path = Path(path)
        self.private = self.path / _PRIVATE
        # a name of its own: a child that outlives a killed run for a moment cannot meddle with the next
        self.staging = self.private / f"staging-{part or 'run'}-{secrets.token_hex(4)}"
        self.outcomes = Outcomes(self.private / "outcomes", self.staging)
        self._part = part
        self._locks: list[int] = []
        self._forget = False

    def __enter__(self) -> Self:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.private.mkdir(mode=0o700, exist_ok=True)
            self._lock("lock", shared=bool(self._part), said="another ho-detect run is writing to OUT")
            if self._part:
                self._lock(f"lock-{self._part}", shared=False, said="another ho-detect run is doing this part")
            for left in self.private.glob(f"staging-{self._part}-*" if self._part else "staging*"):
                discard_staging(left, self.path)
            self.staging.mkdir()
            self.outcomes.folder.mkdir(exist_ok=True)
        except OSError as error:
            self._unlock()
            raise UsageError(f"cannot write to OUT: {error.strerror}", self.path) from error
        except UsageError:
            self._unlock()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # what cannot be removed or brought back now is by the next run
        discard_staging(self.staging, self.path)
        nothing_done = not any(self.outcomes.folder.iterdir()) and not (self.path / MANIFEST_FILE).exists()
        only_copies = any(self.private.glob("staging*/*.old"))
        if not only_copies and (self._forget or (nothing_done and not self._part)):
            # the key after the outcomes: without it nothing tells one from another
            shutil.rmtree(self.outcomes.folder, ignore_errors=True)
            shutil.rmtree(self.private, ignore_errors=True)
        self._unlock()

    def publish(self, folder: str) -> None:
        """Move a finished folder from staging to its place; raises OSError when that fails."""
        put_folder(self.staging / folder, self.path / folder)

    def record(self, folder: str) -> FindingsRecord:
        """Read the findings in a result folder; raises OSError or RecordError when that cannot be done."""
        return read_record((self.path / folder / FINDINGS_FILE).read_bytes())

    def withdraw(self, folder: str) -> None:
        """Remove a result of earlier settings, in whose place there is none now."""
        place = self.path / folder
        if place.is_dir() and not place.is_symlink():
            aside = self.staging / (folder + REMOVED)
            place.rename(aside)
            sync_folder(self.path)
            shutil.rmtree(aside)

    def result_folders(self) -> set[str]:
        """Names of all result folders, of this run or an earlier one."""
        return {path.parent.name for path in self.path.glob(f"*/{FINDINGS_FILE}")}

    def holds_results(self) -> bool:
        """Whether a run has left anything here that a further one would replace."""
        return bool(self.result_folders())

    def key(self) -> bytes | None:
        """Return the key that an unfinished run left, or None."""
        try:
            return (self.private / "key").read_bytes()
        except FileNotFoundError:
            return None

    def keep_key(self, key: bytes) -> None:
        """Keep the key until the run is finished; raises OSError when that cannot be written."""
        write_atomically(self.private / "key", key, self.staging, private=True)

    def start_anew(self) -> None:
        """Forget what came of all series, and the key."""
        self.outcomes.clear()
        (self.private / "key").unlink(missing_ok=True)

    def forget_at_the_end(self) -> None:
        """Leave results and tables only: outcomes and key are not needed any more."""
        self._forget = True

    def _lock(self, name: str, *, shared: bool, said: str) -> None:
        path = self.private / name
        while True:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            self._locks.append(handle)
            try:
                fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UsageError(said, self.path) from error
            except OSError as error:
                # some file systems have no locks: names of its own keep what two processes write apart
                log.warning("OUT cannot be locked: %s", error.strerror)
                return
            if _is_still(path, handle):
                return
            os.close(self._locks.pop())

    def _unlock(self) -> None:
        while self._locks:
            os.close(self._locks.pop())


def _is_still(path: Path, handle: int) -> bool:
    """Whether a locked file is the one of that name: the run that had it before may have removed it."""
    try:
        return path.stat().st_ino == os.fstat(handle).st_ino
    except FileNotFoundError:
        return False
