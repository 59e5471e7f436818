"""A change is held against what two scans differ by without any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ho_detect.followup.repeatability import change_interval_mm3, is_within_error

VOLUME = st.floats(0, 1e6)


@given(VOLUME, VOLUME)
def test_the_interval_is_around_the_change_and_that_back_is_its_mirror(earlier, later):
    low, high = change_interval_mm3(earlier, later)
    assert low < later - earlier < high
    assert change_interval_mm3(later, earlier) == pytest.approx((-high, -low), abs=0.11)


@given(VOLUME, st.floats(1, 2))
def test_larger_volumes_have_wider_intervals(volume, factor):
    narrow, wide = (change_interval_mm3(v, v) for v in (volume, volume * factor))
    assert wide[1] - wide[0] >= narrow[1] - narrow[0] - 0.2


def test_small_lesions_and_small_changes_are_no_change_for_sure():
    assert is_within_error(change_interval_mm3(150.0, 170.0))
    assert is_within_error(change_interval_mm3(10_000.0, 10_200.0))
    assert not is_within_error(change_interval_mm3(10_000.0, 15_000.0))
    assert not is_within_error(change_interval_mm3(0.0, 1_000.0))
    assert not is_within_error(None)
