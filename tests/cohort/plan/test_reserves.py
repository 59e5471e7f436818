"""A series that gives no result is replaced by the next best of its study; both rows say so, also after a resume."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest
from batch_tasks import finds_measured_lesions
from dicom_files import CtSeries, write_series

from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.run import run
from ho_detect.cohort.run.shards import plan_shards, run_shard
from ho_detect.cohort.run.worker import Outcome
from ho_detect.cohort.store.collect import collect
from ho_detect.errors import SeriesError

UID = "1.2.826.0.1.3680043.8.498.1"


def fails_or_finds(job):
    """Do what the loader says of the series, and find lesions where it can be loaded."""
    notes = "; ".join(note.message for note in job.entry.notes)
    (job.entry.folder.parent.parent / f"{job.entry.folder.name}.notes").write_text(notes)
    try:
        return finds_measured_lesions(job)
    except SeriesError as error:
        return Outcome(reason=error.reason, detail=error.detail)


def shows_no_hip_in_the_first(job):
    if job.entry.series_uid.endswith(".1"):
        return Outcome(reason="no_hip_in_view")
    return finds_measured_lesions(job)


@pytest.fixture
def study(tmp_path):
    """Three reconstructions of one scan: 2.5 mm, 2.5 mm of fewer rows, 5 mm."""
    folder = tmp_path / "in"
    write_series(folder / "1", CtSeries(n_slices=32, series_uid=f"{UID}.1"))
    write_series(folder / "2", CtSeries(n_slices=31, series_uid=f"{UID}.2"))
    write_series(folder / "3", CtSeries(n_slices=16, step=5.0, series_uid=f"{UID}.3"))
    return folder


def cut(folder):
    path = sorted(folder.iterdir())[7]
    path.write_bytes(path.read_bytes()[:-500])


def options(task, **changes):
    return Options(**{"task": task, "workers": 1, "report": False, "time_limit_s": 60} | changes)


def table(out):
    return {row["rank"]: row for row in pq.read_table(out / "studies.parquet").to_pylist()}


def test_the_best_alone_where_it_gives_a_result(study, tmp_path):
    report = run([study], tmp_path / "out", options=options(fails_or_finds))
    assert report.exit_status == 0
    assert [row["reason"] for _, row in sorted(table(tmp_path / "out").items())] == [None, *["better_series_used"] * 2]


def test_the_next_where_the_best_is_broken(study, tmp_path):
    cut(study / "1")
    report = run([study], tmp_path / "out", options=options(fails_or_finds))
    rows = table(tmp_path / "out")
    assert report.exit_status == 3
    assert (rows[1]["status"], rows[1]["reason"]) == ("failed", "decode_failed")
    assert rows[1]["message"].endswith(f"analysed in its place: {rows[2]['number']}")
    assert rows[2]["reason"] is None
    assert rows[2]["n_lesions"] == 2
    assert f"series {rows[1]['number']}: decode_failed" in (tmp_path / "2.notes").read_text()
    assert (tmp_path / "1.notes").read_text() == ""
    assert rows[3]["reason"] == "better_series_used"


def test_down_to_the_last(study, tmp_path):
    cut(study / "1")
    cut(study / "2")
    run([study], tmp_path / "out", options=options(fails_or_finds))
    rows = table(tmp_path / "out")
    assert [rows[k]["reason"] for k in (1, 2, 3)] == ["decode_failed", "decode_failed", None]


def test_no_hip_in_the_best_is_no_failure(study, tmp_path):
    report = run([study], tmp_path / "out", options=options(shows_no_hip_in_the_first))
    rows = table(tmp_path / "out")
    assert report.exit_status == 0
    assert [rows[k]["reason"] for k in (1, 2, 3)] == ["no_hip_in_view", None, "better_series_used"]


def test_a_resumed_run_says_the_same_and_does_nothing_again(study, tmp_path):
    cut(study / "1")
    run([study], tmp_path / "out", options=options(fails_or_finds, resume=True))
    before = table(tmp_path / "out")
    seen = []
    run([study], tmp_path / "out", options=options(fails_or_finds, resume=True), progress=seen.append)
    assert table(tmp_path / "out") == before
    assert [event.kind for event in seen] == ["indexed"]


def test_shards_and_collect_say_the_same(study, tmp_path):
    cut(study / "1")
    plan_shards([study], tmp_path / "out", n_shards=2)
    for shard in ("1/2", "2/2"):
        run_shard(tmp_path / "out" / "manifest.parquet", shard, options(fails_or_finds))
    report = collect(tmp_path / "out")
    assert not report.waiting
    rows = table(tmp_path / "out")
    assert [rows[k]["reason"] for k in (1, 2, 3)] == ["decode_failed", None, "better_series_used"]


def test_a_run_that_finds_nothing_is_no_success(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("nothing")
    assert run([tmp_path / "in"], tmp_path / "out", options=options(fails_or_finds)).exit_status == 3
