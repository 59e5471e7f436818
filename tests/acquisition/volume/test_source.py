"""The files of a volume: each once, in stack order, however many frames it holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from slice_entries import make_entry

from ho_detect.acquisition.series.entry import SeriesEntry
from ho_detect.acquisition.volume.source import SourceSeries
from ho_detect.system.pseudonyms import Pseudonyms


def source(*slices):
    entry = SeriesEntry(
        identity="1", study_uid="1.2", series_uid="1.3", patient_id="", n_files=1, folder=Path("x"), slices=slices
    )
    return SourceSeries(entry, Pseudonyms(bytes(16)))


def test_each_file_once_in_stack_order():
    frames = [make_entry("b", frame=k) for k in (2, 0, 1)]
    found = source(make_entry("c"), *frames, make_entry("a"))
    assert list(found.files()) == [Path("c"), Path("b"), Path("a")]
    assert list(source().files()) == []


def test_it_says_when_it_was_read():
    assert abs(source().read_at - datetime.now(UTC)) < timedelta(minutes=1)
