"""A series is analysed where nothing stands against it; only what should have been and cannot be is a failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from ho_detect.acquisition.series.entry import SeriesEntry
from ho_detect.flags import LEFT_OUT, REASONS


def entry(reason=None):
    return SeriesEntry(
        identity="1", study_uid="1.2", series_uid="1.3", patient_id="", n_files=1, folder=Path("x"), reason=reason
    )


def test_without_a_reason_it_is_analysed():
    assert entry().analyse
    assert not entry().is_failure


@pytest.mark.parametrize("reason", REASONS)
def test_with_one_it_is_left_out_or_a_failure(reason):
    assert not entry(reason).analyse
    assert entry(reason).is_failure == (reason not in LEFT_OUT)


def test_reasons_are_of_both_kinds():
    assert {entry(reason).is_failure for reason in REASONS} == {True, False}
