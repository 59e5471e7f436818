"""A map over threads that may be nested, and how many threads there are.

Threads are Python's, kept from one call to the next: compiled kernels and numpy release its lock.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from ho_detect.system.cpus import processors

Result = TypeVar("Result")
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
    return _shared(_helpers(n), function, calls)


def _shared(pool: ThreadPoolExecutor, function: Callable[..., Result], calls: Sequence[Call]) -> list[Result]:
    ended = threading.Event()
    tasks: list[Future[Result]] = []
    done: dict[int, Future[Result]] = {}

    def one(number: int) -> Result:
        try:
            return function(*calls[number])
        except BaseException:
            ended.set()
            raise

    try:
        tasks.extend(pool.submit(one, number) for number in range(len(calls)))
        for number, task in enumerate(tasks):
            if ended.is_set():
                break
            if task.cancel():  # no other thread has begun it
                done[number] = _own(one, number)
    finally:  # of an interruption too
        begun = {number: task for number, task in enumerate(tasks) if not task.cancel()}
    wait(begun.values())
    done |= begun
    return [done[number].result() for number in sorted(done)]


def _own(function: Callable[[int], Result], number: int) -> Future[Result]:
    """Do a call here; its error is kept until the others have ended."""
    task: Future[Result] = Future()
    try:
        task.set_result(function(number))
    except Exception as error:  # noqa: BLE001 - raised where the results are asked for
        task.set_exception(error)
    return task


@cache
def _helpers(n: int) -> ThreadPoolExecutor:
    """Return ``n`` threads beside the caller's; they are kept, and cost nothing while they have nothing to do."""
    return ThreadPoolExecutor(n, thread_name_prefix="ho-detect")


# threads do not survive a fork
os.register_at_fork(after_in_child=_helpers.cache_clear)
