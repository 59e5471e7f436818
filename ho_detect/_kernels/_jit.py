"""The one place that decides how kernels are compiled, and where compiled code is kept.

``NUMBA_DISABLE_JIT=1`` runs them as plain Python (the second test run does). Fast-math stays off everywhere:
results are the same to the last bit for any number of threads.

Threads are Python's (:mod:`ho_detect.system.parallel`): kernels release its lock. numba's own threads would cost half a
second of every start and five times as long to compile.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numba

from ho_detect._kernels._cache import KernelCache, use_cache
from ho_detect.system.parallel import in_parallel, threads

use_cache()
#: Parts for each thread: what is left over at the end is short.
_PARTS = 2


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel for one thread; it releases Python's lock while it runs."""
    compiled: Any = numba.njit(nogil=True, fastmath=False, error_model="numpy")(function)
    if not numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        compiled._cache = KernelCache(function)  # noqa: SLF001 - what njit(cache=True) does with numba's own
    return compiled


def parallel_kernel(function: Callable[..., None]) -> Callable[..., None]:
    """Compile a kernel over independent parts ``begin`` to ``end``; it is called with the number of parts instead.

    No part may write what another reads, so that the order of threads cannot matter.
    """
    compiled = kernel(function)

    @wraps(function)
    def run(n: int, *arguments: Any) -> None:
        parts = max(1, min(n, _PARTS * threads())) if threads() > 1 else 1
        bounds = [n * part // parts for part in range(parts + 1)]
        in_parallel(lambda begin, end: compiled(begin, end, *arguments), bounds[:-1], bounds[1:])

    return run
