"""A map over threads that may be nested, and how many threads there are.

Threads are Python's, kept from one call to the next: compiled kernels and numpy release its lock.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from typing import Any, Generic, TypeVar, cast

from ho_detect.system.cpus import processors

Result = TypeVar("Result")
Other = TypeVar("Other")
Call = tuple[Any, ...]
_threads = 0


def threads() -> int:
    """Return how many threads are used."""
    return _threads or processors()


def set_threads(n: int) -> None:
    """Use at most ``n`` threads from now on (0: all processors that the process may use)."""
    global _threads
    _threads = min(n, processors()) if n > 0 else 0


@contextmanager
def using_threads(n: int) -> Iterator[None]:
    """Use at most ``n`` threads within, and no more than before (0: as many as before); then as many as before."""
    before = _threads
    if n > 0:
        set_threads(min(n, threads()))
    try:
        yield
    finally:
        set_threads(before)


def without_blas_threads() -> None:
    """Let a linear algebra library that is loaded from now on start no threads, unless the user's environment says so.

    What is solved here is small; threads started for it spin for a twentieth of a study's time before they sleep.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def in_parallel(function: Callable[..., Result], *arguments: Iterable[Any]) -> list[Result]:
    """Map a function over its arguments with all threads, the caller's among them.

    What is called may call this again: who waits has begun nothing but what it waits for, so that no two can wait for
    each other.

    Parameters
    ----------
    function
        Called once with each set of arguments, in any order and side by side: no call may write what another reads.
    arguments
        As for :func:`map`, all of the same length.

    Returns
    -------
    list
        The results in the order of the arguments.

    Raises
    ------
    BaseException
        What the first of the calls that failed raised, when no call is running any more. An interruption is raised at
        once. Calls not begun by then are left.
    """
    calls = list(zip(*arguments, strict=True))
    n = threads()
    if len(calls) < 2 or n == 1:
        return [function(*call) for call in calls]
    # as many beside the caller, not one fewer: who waits for the last of its calls has nothing to do meanwhile
    return _shared(_helpers(n), min(n, len(calls) - 1), _Calls(function, calls))


def together(first: Callable[[], Result], second: Callable[[], Other]) -> tuple[Result, Other]:
    """Do two things side by side, as :func:`in_parallel`; return what came of each."""
    done: list[Any] = in_parallel(lambda make: make(), (first, second))
    return done[0], done[1]


def _shared(pool: ThreadPoolExecutor, n_helpers: int, work: _Calls[Result]) -> list[Result]:
    tasks: list[Future[None]] = []
    try:
        tasks.extend(pool.submit(work.help) for _ in range(n_helpers))
        work.do()
    finally:  # of an interruption too
        work.leave()
        begun = [task for task in tasks if not task.cancel()]
    wait(begun)
    return work.results()


class _Calls(Generic[Result]):
    """Calls that any thread may take up, and what came of them.

    A pool keeps what was submitted to it until one of its threads is free to see that it was cancelled: what is
    submitted here lets go of function and arguments once used, or all that a study works out in between would stay.
    """

    def __init__(self, function: Callable[..., Result], calls: Sequence[Call]) -> None:
        self._waiting = deque((number, function, call) for number, call in enumerate(calls))
        self._done: dict[int, tuple[Result | None, BaseException | None]] = {}

    def do(self) -> None:
        """Make calls until none is left, or one has failed."""
        self._take(Exception)  # whoever interrupts the caller is not kept waiting

    def help(self) -> None:
        """Do the same in a thread that nobody interrupts: any error is the caller's."""
        self._take(BaseException)

    def _take(self, kept: type[BaseException]) -> None:
        while True:
            try:
                number, function, call = self._waiting.popleft()
            except IndexError:
                return
            try:
                self._done[number] = (function(*call), None)
            except kept as error:  # raised where the results are asked for
                self._done[number] = (None, error)
                self._waiting.clear()

    def leave(self) -> None:
        """Make no more calls."""
        self._waiting.clear()

    def results(self) -> list[Result]:
        """Return the results in order; or raise the first error."""
        done, self._done = self._done, {}
        for number in sorted(done):
            if (error := done[number][1]) is not None:
                raise error
        return [cast("Result", done[number][0]) for number in sorted(done)]


@cache
def _helpers(n: int) -> ThreadPoolExecutor:
    """Return ``n`` threads beside the caller's; they are kept, and cost nothing while they have nothing to do."""
    return ThreadPoolExecutor(n, thread_name_prefix="ho-detect")


# threads do not survive a fork
os.register_at_fork(after_in_child=_helpers.cache_clear)
