import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import batch_tasks
import pyarrow.parquet as pq
import pytest
from dicom_files import CtSeries, write_series

from ho_detect.cli.common import Messages, say_report
from ho_detect.cohort.run import work
from ho_detect.cohort.run.messages import Event, Interrupted
from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.run import run
from ho_detect.cohort.run.shards import plan_shards, run_shard
from ho_detect.cohort.store.collect import collect
from ho_detect.cohort.store.output_folder import OutputFolder
from ho_detect.cohort.store.verify import verify
from ho_detect.errors import HoDetectError, UsageError
from ho_detect.settings import Settings

UID = "1.2.826.0.1.3680043.8.498"


@pytest.fixture(scope="module")
def three_series(tmp_path_factory):
    """Three usable series, each of its own study, one with slices missing, one that is no CT, and no DICOM."""
    folder = tmp_path_factory.mktemp("Secret_Name_folder")
    for k in (1, 2, 3):
        write_series(folder / f"s{k}", CtSeries(series_uid=f"{UID}.1.{k}", study_uid=f"{UID}.9.{k}"))
    spec = CtSeries(series_uid=f"{UID}.1.4", study_uid=f"{UID}.9.4")
    for path in write_series(folder / "s4", spec)[7:9]:
        path.unlink()
    write_series(
        folder / "s5",
        CtSeries(series_uid=f"{UID}.1.5", study_uid=f"{UID}.9.4"),
        edit=lambda _, ds: setattr(ds, "Modality", "MR"),
    )
    (folder / "notes.txt").write_text("Secret")
    return folder


def rows(out, name="studies"):
    return pq.read_table(out / f"{name}.parquet").to_pylist()


def names(out):
    return sorted(p.name for p in out.iterdir())


def options(task, **changes):
    return Options(**{"task": task, "workers": 1, "time_limit_s": 60} | changes)


TABLES = sorted(
    [
        "dictionary.csv",
        "index.html",
        *(f"{n}.{e}" for n in ("summary", "lesions", "studies", "timings") for e in ("csv", "parquet")),
    ]
)


@pytest.fixture(scope="module")
def done(three_series, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    events: list[Event] = []
    report = run([three_series], out, options=options(batch_tasks.finds_two_lesions, workers=2), progress=events.append)
    return out, report, events


class TestEverySeriesIsARow:
    def test_rows(self, done):
        out, report, _ = done
        seen = [(r["number"], r["status"], r["reason"], r["n_lesions"]) for r in rows(out)]
        assert seen == [
            (1, "warning", None, 2),
            (2, "warning", None, 2),
            (3, "warning", None, 2),
            (4, "failed", "missing_slices", None),
            (5, "left_out", "not_ct", None),
        ]
        assert report.exit_status == 3

    def test_hips_and_lesions_name_their_folder(self, done):
        out, report, _ = done
        assert len(rows(out, "summary")) == 6
        assert len(rows(out, "lesions")) == 6
        folders = {r["folder"] for r in rows(out) if r["folder"]}
        assert {r["folder"] for r in rows(out, "lesions")} == folders == set(report.folders)

    def test_nothing_but_results(self, done):
        out, report, _ = done
        assert names(out) == sorted([*TABLES, *report.folders])
        for folder in report.folders:
            assert names(out / folder) == ["findings.json", "lesions.nii.gz", "provenance.json"]

    def test_no_identity_in_any_output(self, done):
        out, _, _ = done
        assert list(out.rglob("findings.json"))
        for path in out.rglob("*"):
            assert "Secret" not in path.name
            if path.is_file() and path.suffix != ".gz":
                data = path.read_bytes()
                assert not re.search(rb"(?i)secret|20200102|1\.2\.826", data), path.name

    def test_progress(self, done):
        _, _, events = done
        assert [e.kind for e in events].count("finished") == 3
        assert events[0] == Event("indexed", 0, 3)
        assert [e.n_done for e in events if e.kind == "finished"] == [1, 2, 3]

    def test_record_holds_the_settings_of_the_user(self, done):
        out, report, _ = done
        assert report.folders
        for folder in report.folders:
            record = json.loads((out / folder / "findings.json").read_text())
            assert "threads" not in record["software"]["settings"]  # they cannot change a result


class TestOneBadChild:
    @pytest.mark.parametrize(
        ("task", "changes", "reason", "said"),
        [
            (batch_tasks.second_kills_itself, {}, "crashed", "signal 9"),
            (batch_tasks.second_exits, {}, "crashed", "exit status 7"),
            (batch_tasks.second_hangs, {"time_limit_s": 4, "workers": 2}, "timed_out", "4 s"),
            (batch_tasks.second_grows, {"memory_limit_gb": 0.6}, "memory_limit", "0.6 GB"),
        ],
    )
    def test_is_a_row_and_the_others_go_on(self, three_series, tmp_path, task, changes, reason, said):
        report = run([three_series / f"s{k}" for k in (1, 2, 3)], tmp_path / "out", options=options(task, **changes))
        assert [r.reason for r in report.studies] == [None, reason, None]
        assert said in report.studies[1].message
        assert report.studies[1].folder is None
        assert names(tmp_path / "out") == sorted([*TABLES, *report.folders])
        assert report.exit_status == 3

    def test_a_result_that_cannot_be_put_in_place(self, three_series, tmp_path):
        places = [three_series / f"s{k}" for k in (1, 2)]
        with pytest.raises(HoDetectError, match=r"cannot write to OUT: No such file .* \(0 of 2 series done"):
            run(places, tmp_path / "out", options=options(batch_tasks.writes_no_folder))
        assert [r["reason"] for r in rows(tmp_path / "out")] == ["not_written", "interrupted"]

    def test_what_asks_all_processes_to_end_is_for_the_parent_alone(self, three_series, tmp_path):
        """A scheduler asks the fork server and each child too; only the run says what becomes of a series."""
        source = three_series / "s1"
        report = run([source], tmp_path / "out", options=options(batch_tasks.asks_all_but_the_run_to_end))
        assert [r.reason for r in report.studies] == [None]

    def test_ctrl_c_is_for_the_parent_alone(self, three_series, tmp_path):
        report = run([three_series / "s1"], tmp_path / "out", options=options(batch_tasks.gets_ctrl_c))
        assert [r.reason for r in report.studies] == [None]

    @pytest.mark.parametrize("debug", [False, True])
    def test_what_a_child_prints_stays_with_it(self, three_series, tmp_path, debug):
        # a process of its own: the fork server of this one prints where its first test did
        how = f"Options(debug={debug}, task=batch_tasks.prints_identity)"
        done = subprocess.run(
            in_a_script(tmp_path, how, three_series / "s1", tmp_path / "out"), capture_output=True, check=True
        )
        said = done.stdout + done.stderr
        assert (b"Secret" in said) == debug
        assert debug or said == b""


def in_a_script(folder, how, source, out):
    """Return the command of a script that runs a batch with these options."""
    script = folder / "script.py"
    script.write_text(
        "import sys; sys.path.insert(0, sys.argv[1]); import batch_tasks\n"
        "from pathlib import Path\nfrom ho_detect.cohort.run.run import run\n"
        "from ho_detect.cohort.run.pool import Options\n"
        f"if __name__ == '__main__':\n    run([Path(sys.argv[2])], Path(sys.argv[3]), options={how})\n"
    )
    return [str(c) for c in (sys.executable, script, Path(batch_tasks.__file__).parent, source, out)]


class TestPseudonyms:
    def test_with_a_key_a_second_run_replaces_the_folder(self, three_series, tmp_path):
        key = tmp_path / "key"
        key.write_bytes(b"0123456789abcdef")
        how = options(batch_tasks.finds_two_lesions, key_file=key)
        one = run([three_series / "s1"], tmp_path / "out", options=how)
        (folder,) = one.folders
        (tmp_path / "out" / folder / "from_before").write_text("")
        two = run([three_series / "s1"], tmp_path / "out", options=replace(how, overwrite=True))
        assert two.folders == [folder]
        assert names(tmp_path / "out" / folder) == ["findings.json", "lesions.nii.gz", "provenance.json"]
        assert one.studies[0].series_uid == two.studies[0].series_uid

    def test_without_a_key_two_runs_cannot_be_linked(self, three_series, tmp_path):
        how = options(batch_tasks.finds_two_lesions)
        one, two = (run([three_series / "s1"], tmp_path / n, options=how) for n in "ab")
        assert not set(one.folders) & set(two.folders)

    def test_identity_is_kept_on_request(self, three_series, tmp_path):
        settings = Settings.from_dict({"output": {"keep_identity": True}})
        run([three_series / "s1"], tmp_path / "out", settings, options(batch_tasks.finds_two_lesions))
        (row,) = rows(tmp_path / "out")
        assert (row["patient_id"], row["study_date"], row["series_uid"]) == ("SECRET-ID", "20200102", f"{UID}.1.1")
        assert row["source"] == str(three_series / "s1")

    def test_a_usable_series_below_a_name_that_is_no_utf8(self, tmp_path):
        write_series(tmp_path / os.fsdecode(b"\xff"), CtSeries(series_uid=f"{UID}.1.1"))
        settings = Settings.from_dict({"output": {"keep_identity": True}})
        report = run([tmp_path], tmp_path / "out", settings, options(batch_tasks.finds_two_lesions))
        assert [row.reason for row in report.studies] == [None]

    def test_names_that_are_no_utf8_and_control_a_terminal(self, tmp_path):
        folder = tmp_path / os.fsdecode(b"\xff\x1b[2J")
        paths = write_series(folder, CtSeries(series_uid=f"{UID}.1.1"))
        for path in paths:
            path.write_bytes(path.read_bytes()[:2000])
            path.rename(path.with_name(os.fsdecode(b"\xfe\x1b[2J" + path.name.encode())))
        settings = Settings.from_dict({"output": {"keep_identity": True}})
        run([tmp_path], tmp_path / "out", settings, options(batch_tasks.finds_two_lesions))
        text = (tmp_path / "out" / "studies.csv").read_text(encoding="utf-8")
        assert "\x1b" not in text
        assert len(rows(tmp_path / "out")) == 1


class TestOut:
    def test_nothing_found_is_a_normal_result(self, tmp_path):
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "a.txt").write_text("x")
        report = run([tmp_path / "in"], tmp_path / "out", options=options(batch_tasks.hangs))
        assert report.exit_status == 3
        assert names(tmp_path / "out") == TABLES
        assert rows(tmp_path / "out") == []

    def test_said_before_work_starts(self, three_series, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("")
        monkeypatch.setattr(work.WorkerPool, "work", lambda *_: pytest.fail("work started"))
        with pytest.raises(UsageError, match="cannot write to OUT"):
            run([three_series], tmp_path / "file" / "out")

    def test_used_by_one_run_at_a_time(self, three_series, tmp_path):
        with OutputFolder(tmp_path), pytest.raises(UsageError, match="another"):
            run([three_series], tmp_path)
        assert names(tmp_path) == []

    def test_leftovers_of_a_killed_run_are_removed(self, tmp_path):
        (tmp_path / ".ho-detect" / "staging-run-0" / "series-1").mkdir(parents=True)
        (tmp_path / ".ho-detect" / "staging-1-of-2-0").mkdir(parents=True)
        (tmp_path / ".ho-detect" / "lock").write_text("")
        with OutputFolder(tmp_path) as output:
            assert names(output.private) == ["lock", "outcomes", output.staging.name]
        assert names(tmp_path) == []

    @pytest.mark.parametrize("part", ["", "1-of-2"])
    def test_what_a_killed_run_was_about_to_replace_comes_back(self, tmp_path, part):
        aside = tmp_path / ".ho-detect" / f"staging-{part or 'run'}-0" / "series-1.old"
        aside.mkdir(parents=True)
        (aside / "findings.json").write_text("earlier")
        with OutputFolder(tmp_path, part):
            assert (tmp_path / "series-1" / "findings.json").read_text() == "earlier"

    def test_what_was_withdrawn_does_not_come_back(self, tmp_path, monkeypatch):
        (tmp_path / "series-1").mkdir()
        (tmp_path / "series-1" / "findings.json").write_text("of other settings")
        with OutputFolder(tmp_path) as output:
            with monkeypatch.context() as patched:
                patched.setattr("shutil.rmtree", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
                with pytest.raises(KeyboardInterrupt):
                    output.withdraw("series-1")
            assert list(output.staging.rglob("findings.json"))
        assert not (tmp_path / "series-1").exists()

    def test_missing_input_is_named_by_number(self, three_series, tmp_path):
        with pytest.raises(UsageError, match="INPUT 2 of 2 does not exist"):
            run([three_series, tmp_path / "Secret"], tmp_path / "out")
        assert not (tmp_path / "out").exists()


class TestOptions:
    @pytest.mark.parametrize("changes", [{"workers": -1}, {"time_limit_s": 0}, {"memory_limit_gb": float("nan")}])
    def test_wrong_values(self, changes):
        with pytest.raises(UsageError, match=next(iter(changes))):
            Options(**changes)


class TestNamesOfOut:
    """Whatever a file system takes as a name, relative or not."""

    @pytest.mark.parametrize("name", ["hips:a", os.fsdecode(b"T10:30 [b] caf\xe9")])
    def test_are_written_and_read(self, three_series, tmp_path, monkeypatch, name, capsys):
        monkeypatch.chdir(tmp_path)
        out = Path(name)
        report = run([three_series / "s1"], out, options=options(batch_tasks.finds_measured_lesions))
        assert report.exit_status == 0
        assert set(TABLES) <= set(names(tmp_path / name))
        assert verify(out).problems == ()
        for as_json in (True, False):
            say_report(report, Messages(quiet=False, json=as_json, log_file=None, debug=False), 0)
        assert capsys.readouterr().out.encode()

    def test_of_a_plan(self, three_series, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        out = Path(os.fsdecode(b"s3:\xe9"))
        plan_shards([three_series / "s1"], out)
        run_shard(out / "manifest.parquet", "1/1", options(batch_tasks.finds_two_lesions))
        assert len(collect(out).folders) == 1


def test_what_is_wrong_with_the_machine_is_said_once(three_series, tmp_path):
    report = run([three_series], tmp_path / "out", options=options(batch_tasks.has_trouble_with_its_cache))
    assert len(report.folders) == 3
    assert report.notes == ("the kernel cache is damaged",)


class TestStopping:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_children_end_and_tables_are_written(self, three_series, tmp_path, number):
        out, staging = tmp_path / "out", tmp_path / "out" / ".ho-detect"
        pids: list[int] = []

        def stop():
            while len(pids) < 2:
                time.sleep(0.05)
                pids[:] = [int(p.name[4:]) for p in staging.glob("staging-*/pid-*")]
            os.kill(os.getpid(), number)

        thread = threading.Thread(target=stop)
        thread.start()
        with pytest.raises(Interrupted) as caught:
            run([three_series], out, options=options(batch_tasks.hangs, workers=2))
        thread.join()
        assert [r.reason for r in caught.value.report.studies] == [
            *["interrupted"] * 3,
            "missing_slices",
            "not_ct",
        ]
        # what was not done has not failed: it waits
        assert [r["status"] for r in rows(out)] == ["waiting"] * 3 + ["failed", "left_out"]
        assert names(out) == TABLES
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)

    def test_children_end_with_a_killed_parent(self, three_series, tmp_path):
        command = in_a_script(tmp_path, "Options(workers=2, task=batch_tasks.hangs)", three_series, tmp_path / "out")
        with subprocess.Popen(command) as parent:
            pids: list[int] = []
            while len(pids) < 2:
                time.sleep(0.05)
                pids = [int(p.name[4:]) for p in (tmp_path / "out" / ".ho-detect").glob("staging-*/pid-*")]
            parent.kill()
        deadline = time.monotonic() + 10
        while any(Path(f"/proc/{pid}").exists() for pid in pids):
            assert time.monotonic() < deadline, "children outlive a killed run"
            time.sleep(0.05)


def test_a_folder_for_temporary_files_too_long_for_a_socket_is_named(three_series, tmp_path):
    folder = tmp_path / ("t" * 100)
    folder.mkdir()
    command = [sys.executable, "-m", "ho_detect", "run", str(three_series / "s1"), "--out", str(tmp_path / "out")]
    done = subprocess.run(command, env={**os.environ, "TMPDIR": str(folder)}, capture_output=True, text=True)
    assert done.returncode == 2
    assert "TMPDIR: workers cannot be started from there" in done.stderr
    assert "Traceback" not in done.stderr
