"""Work is shared out among threads, those that are done help the others, and results do not depend on it."""

from __future__ import annotations

import signal
import threading
import time

import numpy as np
import pytest

from ho_detect._kernels._jit import in_parallel, set_threads, threads
from ho_detect.image.morphology import distance_to
from ho_detect.system.parallel import Helpers


def test_what_runs_in_parallel_may_call_parallel_kernels():
    masks = [np.random.default_rng(seed).random((9, 10, 11)) < 0.1 for seed in range(6)]
    alone = [distance_to(mask, 4.0, (1.0, 1.0, 1.0)).tobytes() for mask in masks]
    try:
        for threads in (1, 2):
            set_threads(threads)
            # with tasks enough for all threads, one that waited for another to be free would never end
            together = in_parallel(lambda mask: distance_to(mask, 4.0, (1.0, 1.0, 1.0)).tobytes(), masks)
            assert together == alone
    finally:
        set_threads(0)


def test_those_that_are_done_help_with_the_last_task():
    helped = set()

    def step(n):
        helped.add(threading.get_ident())
        time.sleep(0.01)
        return n

    def last():
        return sum(sum(in_parallel(step, range(4))) for _ in range(5))

    try:
        set_threads(2)
        if threads() < 2:
            pytest.skip("one processor")
        assert in_parallel(lambda k: last() if k == 1 else k, range(2)) == [0, 30]
    finally:
        set_threads(0)
    assert len(helped) == 2


def test_an_error_ends_all_and_is_told():
    done = []

    def fails(k):
        if k == 3:
            raise ValueError("of part 3")
        time.sleep(0.01)
        done.append(k)

    try:
        set_threads(2)
        with pytest.raises(ValueError, match="of part 3"):
            in_parallel(fails, range(200))
        assert len(done) < 100
        assert in_parallel(abs, range(-3, 0)) == [3, 2, 1]
    finally:
        set_threads(0)


def test_results_are_in_the_order_of_the_arguments():
    assert in_parallel(lambda a, b: a - b, range(20), range(0, 40, 2)) == [-k for k in range(20)]


def test_interrupted_while_others_work_leaves_nothing_behind():
    """Ctrl-C in a notebook, while a helper is still at work."""
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals reach the main thread only")
    helpers = Helpers(1)
    main = threading.main_thread().ident
    begun = threading.Event()

    def slow(k):
        if threading.get_ident() == main:
            begun.wait(5)
            return
        begun.set()
        time.sleep(0.3)

    timer = threading.Timer(0.15, signal.pthread_kill, (main, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        helpers.share(slow, [(k,) for k in range(2)])
    timer.join()
    time.sleep(0.3)
    assert helpers.share(abs, [(-1,), (-2,)]) == [1, 2]
    assert not helpers._open
    helpers.dismiss()
