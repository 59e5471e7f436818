"""How fast a run goes, and how long it will take: by the work done, as large series take longer than small ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class TimeLeft:
    """Where a run is.

    Parameters
    ----------
    per_minute
        Series done in a minute.
    seconds_left
        Until the last is done, if it goes on like this.
    """

    per_minute: float
    seconds_left: float


class Stopwatch:
    """Says how fast a run goes and how long it will take.

    Parameters
    ----------
    cost
        Of all that is to be done, in any unit.
    clock
        Seconds from any start.

    >>> ticks = iter([0.0, 30.0])
    >>> watch = Stopwatch(cost=100.0, clock=lambda: next(ticks))
    >>> watch.done(25.0)
    TimeLeft(per_minute=2.0, seconds_left=90.0)
    """

    def __init__(self, cost: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self._left, self._done, self._n = cost, 0.0, 0

    def done(self, cost: float) -> TimeLeft | None:
        """Count a series as done; return how it goes until now, None where no time has gone by."""
        self._n += 1
        self._done += cost
        self._left = max(0.0, self._left - cost)
        seconds = self._clock() - self._start
        if seconds <= 0 or self._done <= 0:
            return None
        return TimeLeft(60 * self._n / seconds, seconds * self._left / self._done)
