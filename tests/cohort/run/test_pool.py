"""Workers and threads are shared out so that no more are at work than the run may use, and one at least."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ho_detect.cohort.run.pool import Options, threads_for, workers_for
from ho_detect.errors import UsageError
from ho_detect.settings import Settings
from ho_detect.system.cpus import processors


@given(workers=st.integers(0, 64), jobs=st.integers(1, 100), threads=st.integers(0, 64))
def test_shares(workers, jobs, threads):
    options, settings = Options(workers=workers), Settings.from_dict({"threads": threads})
    n = workers_for(options, jobs)
    assert 1 <= n <= jobs
    assert n <= max(workers, 1) or workers == 0
    each = threads_for(settings, options, jobs)
    assert each >= 1
    assert each == 1 or each * n <= (threads or processors())


def test_as_many_as_are_asked_for():
    assert workers_for(Options(workers=3), 100) == 3
    assert workers_for(Options(workers=3), 2) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"workers": -1}, {"limit": 0}, {"retry_failed": True}, {"time_limit_s": 0.0}, {"time_limit_s": float("nan")},
        {"memory_limit_gb": -2.0},
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_wrong_usage(wrong):
    (name,) = wrong
    with pytest.raises(UsageError, match=name):
        Options(**wrong)
