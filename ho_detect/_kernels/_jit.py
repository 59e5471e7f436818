"""The one place that decides how kernels are compiled, where compiled code is kept, and how many threads run it.

``NUMBA_DISABLE_JIT=1`` runs them as plain Python (the second test run does). Fast-math stays off everywhere:
results are the same to the last bit for any number of threads.

Threads are Python's (:mod:`ho_detect.system.parallel`): kernels release its lock. numba's own threads would cost half a
second of every start and five times as long to compile.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import wraps
from itertools import pairwise
from typing import Any, TypeVar

import numba

from ho_detect._kernels._cache import use_cache
from ho_detect.system.cpus import processors
from ho_detect.system.parallel import Helpers

use_cache()
#: One thread; releases the GIL.
kernel = numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
#: Parts for each thread: what is left over at the end is short.
_PARTS = 2

Result = TypeVar("Result")
_threads = 0
_helpers: Helpers | None = None


def parallel_kernel(function: Callable[..., None]) -> Callable[..., None]:
    """Compile a kernel over independent parts ``begin`` to ``end``; it is called with the number of parts instead.

    No part may write what another reads, so that the order of threads cannot matter.
    """
    compiled = kernel(function)

    @wraps(function)
    def run(n: int, *arguments: Any) -> None:
        parts = min(n, _PARTS * threads())
        helpers = _these_helpers() if parts > 1 else None
        if helpers is None or not helpers.any_idle:
            compiled(0, n, *arguments)
            return
        bounds = [n * part // parts for part in range(parts + 1)]
        helpers.share(lambda a, b: compiled(a, b, *arguments), list(pairwise(bounds)))

    return run


def in_parallel(function: Callable[..., Result], *arguments: Iterable[Any]) -> list[Result]:
    """Map a function over its arguments, in their order: the caller, with those threads that have nothing to do.

    What is called may call this again, and parallel kernels: threads that are done help with the last of many tasks.
    """
    calls = list(zip(*arguments, strict=True))
    helpers = _these_helpers() if len(calls) > 1 else None
    return [function(*call) for call in calls] if helpers is None else helpers.share(function, calls)


def set_threads(n: int) -> None:
    """Use at most ``n`` threads in parallel kernels (0: all the process may use)."""
    global _threads
    _threads = min(n, processors()) if n > 0 else 0


def threads() -> int:
    """Return how many threads parallel kernels use."""
    return _threads or processors()


def _these_helpers() -> Helpers | None:
    """Return the helpers of this process; None for one thread and without the JIT."""
    global _helpers
    n = threads() - 1
    if n == 0 or numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        return None
    if _helpers is None or _helpers.n != n:
        if _helpers is not None:
            _helpers.dismiss()
        _helpers = Helpers(n)
    return _helpers


def _forget_helpers() -> None:
    global _helpers
    _helpers = None


# threads do not survive a fork
os.register_at_fork(after_in_child=_forget_helpers)
