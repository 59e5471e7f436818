"""Work is shared out among threads once, in whatever order it is asked for."""

from __future__ import annotations

import numpy as np

from ho_detect._kernels._jit import in_parallel, set_threads
from ho_detect.distance import distance_to


def test_what_runs_in_parallel_may_call_parallel_kernels():
    masks = [np.random.default_rng(seed).random((9, 10, 11)) < 0.1 for seed in range(6)]
    alone = [distance_to(mask, 4.0, (1.0, 1.0, 1.0)).tobytes() for mask in masks]
    try:
        for threads in (1, 2):
            set_threads(threads)
            # with tasks enough to fill the pool, waiting in it for the pool would never end
            together = in_parallel(lambda mask: distance_to(mask, 4.0, (1.0, 1.0, 1.0)).tobytes(), masks)
            assert together == alone
    finally:
        set_threads(0)


def test_results_are_in_the_order_of_the_arguments():
    assert in_parallel(lambda a, b: a - b, range(20), range(0, 40, 2)) == [-k for k in range(20)]
