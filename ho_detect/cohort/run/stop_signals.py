"""Signals that ask a run to stop, noted where they come and looked at where stopping is safe."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any, Self

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """A context in which Ctrl-C and SIGTERM (by which schedulers end a job) are noted, and wake a waiting parent.

    An exception at a random place could leave a child or half of a result behind; a note is looked at where
    stopping is safe. Outside of the main thread signals cannot be caught, and nothing is noted.
    """

    def __init__(self) -> None:
        #: Whether a signal has come.
        self.seen = False
        self._read, self._write = -1, -1
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._read, self._write = os.pipe()
        if threading.current_thread() is threading.main_thread():
            for number in STOP_SIGNALS:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)

    @property
    def fileno(self) -> int:
        """A file descriptor that becomes readable when a signal has come."""
        return self._read

    def _note(self, *_: object) -> None:
        if not self.seen:
            self.seen = True
            os.write(self._write, b"!")
