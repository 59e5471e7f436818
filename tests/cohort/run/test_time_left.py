"""Time left shrinks with the work left, and is 0 when all is done."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ho_detect.cohort.run.time_left import Stopwatch


def watch(costs, tick=10.0):
    ticks = itertools.count(0.0, tick)
    return Stopwatch(sum(costs), clock=lambda: next(ticks))


@given(st.lists(st.floats(0.1, 1e4), min_size=1, max_size=12))
def test_nothing_is_left_at_the_end(costs):
    stopwatch = watch(costs)
    last = [stopwatch.done(cost) for cost in costs][-1]
    assert last.seconds_left == pytest.approx(0.0, abs=1e-6 * len(costs) * 10)
    assert last.per_minute == pytest.approx(6.0)


def test_work_counts_not_series():
    stopwatch = watch([90.0, 5.0, 5.0])
    assert stopwatch.done(90.0).seconds_left == pytest.approx(10.0 / 9.0)


def test_more_work_than_was_expected_leaves_no_negative_time():
    assert watch([1.0]).done(5.0).seconds_left == 0.0


def test_before_any_time_has_gone_by_nothing_is_said():
    assert watch([1.0], tick=0.0).done(1.0) is None
