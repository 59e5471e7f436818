"""The folder a run writes to: checked before work starts, used by one run at a time, free of leftovers after it."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from ho_detect.errors import UsageError
from ho_detect.reporting.files import put_folder

_STAGING = ".ho-detect"
_LOCK = "lock"


class OutputFolder:
    """A context: makes ``path``, locks it, and gives a staging folder that is removed at the end.

    A killed run leaves its staging folder behind; the next run removes it.

    Raises
    ------
    UsageError
        On entering: ``path`` cannot be written, or another run writes there.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.staging = self.path / _STAGING
        self._lock = -1

    def __enter__(self) -> Self:
        try:
            self.staging.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.staging / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise UsageError(f"cannot write to OUT: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise UsageError("another ho-detect run is writing to OUT") from error
        try:
            self._clear()
        except OSError as error:
            os.close(self._lock)
            raise UsageError(f"cannot remove what a killed run left in OUT: {error.strerror}") from error
        return self

    def publish(self, folder: str) -> None:
        """Move a finished folder from staging to its place; raises OSError when that fails."""
        put_folder(self.staging / folder, self.path / folder)

    def _clear(self) -> None:
        for left in self.staging.iterdir():
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left)
            elif left.name != _LOCK:
                left.unlink()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.staging)
        os.close(self._lock)
