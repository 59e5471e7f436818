"""Threads that help those that ask: nobody waits while there is something of theirs to do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any


class _Share:
    """Calls to be done by whoever comes."""

    def __init__(self, function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> None:
        self.function, self.calls = function, calls
        self.results: list[Any] = [None] * len(calls)
        self.following = self.running = 0
        self.error: BaseException | None = None


class Helpers:
    """``n`` threads beside those that ask for help.

    A call may share in its turn. A helper takes the oldest calls first: those are the largest. Who waits for the last
    of its calls helps with what has been shared since, which may be a part of that call; what was shared before is not
    begun while something newer waits for it, so that whatever is waited for is being worked on.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self._changed = threading.Condition()
        self._open: list[_Share] = []
        self._n_idle = 0
        self._dismissed = False
        for _ in range(n):
            threading.Thread(target=self._serve, name="ho-detect", daemon=True).start()

    @property
    def any_idle(self) -> bool:
        """Whether a thread has nothing to do; may be out of date at once."""
        return self._n_idle > 0

    def share(self, function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Return ``function(*call)`` for all calls, in their order; raises what the first that failed raised."""
        mine = _Share(function, calls)
        with self._changed:
            self._open.append(mine)
            self._changed.notify_all()
        try:
            while (taken := self._next(mine)) is not None:
                self._do(*taken)
        finally:  # also of one who was interrupted while waiting
            with self._changed:
                mine.following = len(calls)
                self._open.remove(mine)
        if mine.error is not None:
            raise mine.error
        return mine.results

    def dismiss(self) -> None:
        """Let the threads end when nothing is left to do."""
        with self._changed:
            self._dismissed = True
            self._changed.notify_all()

    def _next(self, mine: _Share) -> tuple[_Share, int] | None:
        """Take a call of this share, or of a newer one while others do its last; None when all are done."""
        with self._changed:
            while True:
                taken = self._take(self._open[self._open.index(mine) :])
                if taken is not None or mine.running == 0:
                    return taken
                self._wait()

    def _serve(self) -> None:
        while True:
            with self._changed:
                while (taken := self._take(self._open)) is None:
                    if self._dismissed:
                        return
                    self._wait()
            self._do(*taken)

    def _take(self, shares: Sequence[_Share]) -> tuple[_Share, int] | None:
        for share in shares:
            if share.following < len(share.calls):
                share.following += 1
                share.running += 1
                return share, share.following - 1
        return None

    def _do(self, share: _Share, number: int) -> None:
        try:
            share.results[number] = share.function(*share.calls[number])
        except BaseException as error:  # noqa: BLE001 - raised again where the calls were shared
            with self._changed:
                share.error = share.error or error
                share.following = len(share.calls)  # the others need not be begun
        finally:
            with self._changed:
                share.running -= 1
                self._changed.notify_all()

    def _wait(self) -> None:
        self._n_idle += 1
        try:
            self._changed.wait()
        finally:
            self._n_idle -= 1
