import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import batch_tasks
import msgspec
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from outputs import contents, names, rows

from ho_detect.acquisition.series.index import index_series
from ho_detect.cohort.plan import plan as plans
from ho_detect.cohort.plan.plan import Plan, Planned, pack, unpack
from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.run import run
from ho_detect.cohort.run.shards import parse_shard, plan_shards, run_shard
from ho_detect.cohort.store.collect import collect
from ho_detect.cohort.store.output_folder import OutputFolder
from ho_detect.errors import UsageError
from ho_detect.results.rows import StudyRow
from ho_detect.settings import Settings


def options(**changes):
    return Options(**{"task": batch_tasks.finds_two_lesions, "workers": 1, "time_limit_s": 60} | changes)


@pytest.fixture(scope="module")
def at_once(archive, key_file, tmp_path_factory):
    """What one undisturbed run writes."""
    out = tmp_path_factory.mktemp("at_once")
    run([archive], out, None, options(key_file=key_file))
    return contents(out)


class TestPlan:
    def test_holds_every_series_once(self, archive, tmp_path):
        plan = plan_shards([archive], tmp_path, n_shards=2)
        assert [one.row.number for one in plan.series] == list(range(1, 9))
        assert [one.row.reason for one in plan.series if not one.analyse] == ["no_position", "not_ct"]
        assert {one.shard for one in plan.series if one.analyse} == {1, 2}
        assert len({one.folder for one in plan.series if one.analyse}) == 6

    def test_is_for_its_owner_alone(self, archive, tmp_path):
        plan_shards([archive], tmp_path)
        for name in ("manifest.parquet", ".ho-detect/key"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600

    def test_the_readable_columns_are_pseudonyms(self, archive, tmp_path):
        plan_shards([archive], tmp_path)
        table = pq.read_table(tmp_path / "manifest.parquet").drop_columns("planned_entry")
        assert not any(s in str(table.to_pylist()) for s in ("Secret", "1.2.826", "SECRET"))

    def test_paths_do_not_depend_on_where_a_process_works(self, archive, tmp_path, monkeypatch):
        monkeypatch.chdir(archive.parent)
        plan = plan_shards([Path(archive.name)], tmp_path)
        entry = unpack(next(one.entry for one in plan.series if one.entry))
        assert len(entry.slices) > 0
        assert all(image.path.is_absolute() for image in entry.slices)

    @given(costs=st.lists(st.floats(1, 1e9), max_size=60), n_shards=st.integers(1, 9))
    def test_shards_are_as_even_as_the_largest_series_allows(self, costs, n_shards):
        row = StudyRow(number=1, study_uid="", series_uid="", status="left_out")
        series = [Planned(row=row, entry=b"x", cost=cost) for cost in costs]
        load = [0.0] * n_shards
        for one in plans._in_shards(series, n_shards):
            load[one.shard - 1] += one.cost
        assert sum(load) == pytest.approx(sum(costs))
        assert max(load) - min(load) <= max(costs, default=0.0) * (1 + 1e-9)

    def test_a_packed_series_comes_back(self, archive):
        entries = index_series([archive], Settings().acquisition)
        assert len(entries) > 2
        for entry in entries:
            assert unpack(pack(entry)) == entry

    @given(name=st.binary(min_size=1, max_size=20).filter(lambda b: b"/" not in b and b"\0" not in b))
    def test_whatever_its_files_are_called(self, archive, name):
        entry = index_series([archive / "s1"], Settings().acquisition)[0]
        entry = msgspec.structs.replace(entry, folder=Path(os.fsdecode(b"/" + name)))
        assert unpack(pack(entry)).folder == entry.folder


class TestShards:
    def test_equal_a_run_at_once(self, archive, key_file, tmp_path, at_once):
        plan_shards([archive], tmp_path, n_shards=3, options=Options(key_file=key_file))
        reports = [
            run_shard(tmp_path / "manifest.parquet", f"{k}/3", options(resume=True, key_file=key_file))
            for k in (3, 1, 2)
        ]
        assert sum(len(r.folders) for r in reports) == 6
        collect(tmp_path, key_file)
        assert contents(tmp_path) == at_once

    def test_at_the_same_time(self, archive, key_file, tmp_path, at_once):
        plan_shards([archive], tmp_path, n_shards=2, options=Options(key_file=key_file))
        with ThreadPoolExecutor(3) as pool:
            how = options(key_file=key_file)
            for done in [pool.submit(run_shard, tmp_path / "manifest.parquet", f"{k}/2", how) for k in (1, 2)]:
                done.result()
        collect(tmp_path, key_file, finish=True)
        assert contents(tmp_path) == at_once
        assert ".ho-detect" not in names(tmp_path)
        assert "manifest.parquet" not in names(tmp_path)

    def test_all_in_one_process(self, archive, key_file, tmp_path, at_once):
        plan_shards([archive], tmp_path, n_shards=2, options=Options(key_file=key_file))
        run_shard(tmp_path / "manifest.parquet", None, options(key_file=key_file))
        collect(tmp_path, key_file)
        assert contents(tmp_path) == at_once

    def test_resume(self, archive, tmp_path):
        plan_shards([archive], tmp_path, n_shards=2)
        manifest, events = tmp_path / "manifest.parquet", []
        run_shard(manifest, "1", options(limit=1, resume=True), events.append)
        run_shard(manifest, "1", options(resume=True), events.append)
        done = [e.row.number for e in events if e.kind == "finished"]
        assert len(done) == len(set(done)) == len([e for e in events if e.kind == "started"])

    def test_a_grown_archive_is_planned_again(self, archive, tmp_path):
        plan_shards([archive / f"s{k}" for k in (1, 2, 3)], tmp_path)
        first = run_shard(tmp_path / "manifest.parquet", None, options(resume=True))
        plan_shards([archive], tmp_path, n_shards=1)
        events = []
        run_shard(tmp_path / "manifest.parquet", "1/1", options(resume=True), events.append)
        assert sorted(e.row.number for e in events if e.kind == "finished") == [4, 5, 6]
        assert set(first.folders) < set(collect(tmp_path).folders)

    def test_identity_is_kept_on_request(self, archive, tmp_path):
        plan_shards([archive], tmp_path, Settings.from_dict({"output": {"keep_identity": True}}))
        run_shard(tmp_path / "manifest.parquet", None, options())
        collect(tmp_path)
        assert {r["patient_id"] for r in rows(tmp_path)} == {"SECRET-ID"}


class TestCollect:
    def test_says_what_is_missing(self, archive, tmp_path):
        plan_shards([archive], tmp_path, n_shards=2)
        run_shard(tmp_path / "manifest.parquet", "2/2", options())
        report = collect(tmp_path)
        assert {r.status for r in report.studies} == {"warning", "waiting", "failed", "left_out"}
        assert len(report.waiting) + len(report.folders) == 6
        with pytest.raises(UsageError, match=f"{len(report.waiting)} series have no outcome yet"):
            collect(tmp_path, finish=True)
        assert (tmp_path / "manifest.parquet").exists()

    def test_an_outcome_of_an_older_plan_counts_for_nothing(self, archive, tmp_path):
        plan_shards([archive], tmp_path)
        run_shard(tmp_path / "manifest.parquet", None, options())
        plan_shards([archive], tmp_path, Settings.from_dict({"judge": {"min_volume_mm3": 99.0}}))
        report = collect(tmp_path)
        assert len(report.waiting) == report.n_earlier == 6

    def test_is_refused_while_a_shard_works_only_where_it_would_remove(self, archive, tmp_path):
        plan_shards([archive], tmp_path, n_shards=2)
        with OutputFolder(tmp_path, "1-of-2"):
            collect(tmp_path)
            with pytest.raises(UsageError, match="another"):
                collect(tmp_path, finish=True)


class TestWrongUsage:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("0/2", "1 to 2"),
            ("3/2", "1 to 2"),
            ("1/3", "has 2"),
            ("x", "i/K"),
            ("1/", "i/K"),
            ("-1/2", "i/K"),
            ("²", "i/K"),
        ],
    )
    def test_shard(self, text, said):
        with pytest.raises(UsageError, match=said):
            parse_shard(text, 2)

    def test_no_manifest(self, tmp_path):
        (tmp_path / "other.parquet").write_bytes(b"PAR1")
        for name, said in (("manifest.parquet", "No such file"), ("other.parquet", "not written by ho-detect plan")):
            with pytest.raises(UsageError, match=said):
                run_shard(tmp_path / name)

    def test_another_key(self, archive, key_file, tmp_path):
        plan_shards([archive], tmp_path, options=Options(key_file=key_file))
        with pytest.raises(UsageError, match="give it with --key-file"):
            run_shard(tmp_path / "manifest.parquet")
        (tmp_path / "key").write_bytes(b"another key of sixteen bytes")
        with pytest.raises(UsageError, match="another pseudonym key"):
            run_shard(tmp_path / "manifest.parquet", options=options(key_file=tmp_path / "key"))

    def test_another_version(self, archive, tmp_path, monkeypatch):
        plan_shards([archive], tmp_path)
        monkeypatch.setattr("ho_detect.cohort.plan.manifest.__version__", "9.9")
        with pytest.raises(UsageError, match=r"planned by ho-detect .*, this is 9\.9"):
            run_shard(tmp_path / "manifest.parquet")

    def test_a_run_into_a_plan(self, archive, tmp_path):
        plan_shards([archive], tmp_path)
        with pytest.raises(UsageError, match="holds a plan"):
            run([archive], tmp_path)

    def test_no_shards(self, archive, tmp_path):
        with pytest.raises(UsageError, match="shards: 0"):
            plan_shards([archive], tmp_path / "out", n_shards=0)


def test_a_plan_of_nothing(tmp_path):
    (tmp_path / "in").mkdir()
    plan_shards([tmp_path / "in"], tmp_path / "out", n_shards=4)
    assert run_shard(tmp_path / "out" / "manifest.parquet", "4/4", options()).studies == ()
    assert collect(tmp_path / "out", finish=True).exit_status == 3  # a run that finds nothing is no success


def test_what_is_not_to_be_analysed_has_no_place():
    row = StudyRow(number=1, study_uid="", series_uid="", status="left_out")
    series = (Planned(row=row), Planned(row=row, entry=b"x", cost=1), Planned(row=row, entry=b"x", cost=2))
    assert Plan(series, Settings(), None).to_analyse == [2, 1]
