"""A kernel over parts gives the same for any number of parts and threads."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect._kernels._jit import parallel_kernel
from ho_detect.image.morphology import distance_to
from ho_detect.system.parallel import in_parallel, using_threads


def _squares(begin, end, out):
    for k in range(begin, end):
        out[k] += k * k


squares = parallel_kernel(_squares)


@pytest.mark.jit_off
@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("n", [0, 1, 2, 9, 100])
def test_every_part_is_done_once(n, threads, monkeypatch):
    monkeypatch.setattr("ho_detect.system.parallel.processors", lambda: 8)
    out = np.zeros(n, np.int64)
    with using_threads(threads):
        squares(n, out)
    assert out.tolist() == [k * k for k in range(n)]


def test_a_kernel_keeps_its_name():
    assert squares.__name__ == "_squares"


def test_what_runs_in_parallel_may_call_parallel_kernels(monkeypatch):
    monkeypatch.setattr("ho_detect.system.parallel.processors", lambda: 8)
    masks = [np.random.default_rng(seed).random((9, 10, 11)) < 0.1 for seed in range(6)]
    alone = [distance_to(mask, 4.0, (1.0, 1.0, 1.0)).tobytes() for mask in masks]
    for threads in (1, 2, 4):
        with using_threads(threads):
            # with tasks enough for all threads, one that waited for another to be free would never end
            together = in_parallel(lambda mask: distance_to(mask, 4.0, (1.0, 1.0, 1.0)).tobytes(), masks)
        assert together == alone
