"""The one place that decides how kernels are compiled, where compiled code is kept, and how many threads run it.

``NUMBA_DISABLE_JIT=1`` runs them as plain Python (the second test run does). Fast-math stays off everywhere:
results are the same to the last bit for any number of threads.

Threads are Python's: kernels release its lock. numba's own threads would cost half a second of every start and five
times as long to compile.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from threading import local
from typing import Any, TypeVar

import numba

from ho_detect._kernels._cache import use_cache
from ho_detect.allowance import processors

use_cache()
#: One thread; releases the GIL.
kernel = numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
#: Parts for each thread: what is left over at the end is short.
_PARTS = 2

Result = TypeVar("Result")
_threads = 0
_pool: tuple[int, ThreadPoolExecutor] | None = None
_here = local()


def parallel_kernel(function: Callable[..., None]) -> Callable[..., None]:
    """Compile a kernel over independent parts ``begin`` to ``end``; it is called with the number of parts instead.

    No part may write what another reads, so that the order of threads cannot matter.
    """
    compiled = kernel(function)

    @wraps(function)
    def run(n: int, *arguments: Any) -> None:
        pool = _executor() if n > 1 else None
        if pool is None:
            compiled(0, n, *arguments)
            return
        parts = min(n, _PARTS * threads())
        bounds = [n * part // parts for part in range(parts + 1)]
        list(pool.map(lambda a, b: compiled(a, b, *arguments), bounds[:-1], bounds[1:]))

    return run


def in_parallel(function: Callable[..., Result], *arguments: Iterable[Any]) -> list[Result]:
    """Map a function over its arguments, in their order; kernels that it calls do not share out their work."""
    pool = _executor()
    return list(map(function, *arguments) if pool is None else pool.map(function, *arguments))


def set_threads(n: int) -> None:
    """Use at most ``n`` threads in parallel kernels (0: all the process may use)."""
    global _threads
    _threads = min(n, processors()) if n > 0 else 0


def threads() -> int:
    """Return how many threads parallel kernels use."""
    return _threads or processors()


def _executor() -> ThreadPoolExecutor | None:
    """Return the pool of this process, None for one thread, in a thread of the pool, or without the JIT."""
    global _pool
    n = threads()
    if n == 1 or hasattr(_here, "in_pool") or numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        return None
    if _pool is None or _pool[0] != n:
        _pool = n, ThreadPoolExecutor(n, "ho-detect", initializer=setattr, initargs=(_here, "in_pool", True))
    return _pool[1]


def _forget_pool() -> None:
    global _pool
    _pool = None


# threads do not survive a fork
os.register_at_fork(after_in_child=_forget_pool)
