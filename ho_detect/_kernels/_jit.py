"""The one place that decides how kernels are compiled.

``NUMBA_DISABLE_JIT=1`` runs them as plain Python (the second test run does). Fast-math stays off everywhere:
results are the same to the last bit for any number of threads.
"""

from __future__ import annotations

import numba

#: One thread; releases the GIL.
kernel = numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")
#: ``numba.prange`` over independent rows only, so that the order of threads cannot matter.
parallel_kernel = numba.njit(cache=True, nogil=True, parallel=True, fastmath=False, error_model="numpy")


def set_threads(n: int) -> None:
    """Use at most ``n`` threads in parallel kernels (0: all the process may use)."""
    most = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    numba.set_num_threads(min(n, most) if n > 0 else most)
