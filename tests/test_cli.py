import contextlib
import functools
import itertools
import json
import logging
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
import tomllib
import warnings
from pathlib import Path

import batch_tasks
import pandas as pd
import pytest
from dicom_files import CtSeries, write_series

import ho_detect
from ho_detect.acquisition.headers.endings import LookedAt
from ho_detect.cli import cli, main
from ho_detect.cli.common import Messages, log_to
from ho_detect.cohort.plan import series_rows
from ho_detect.cohort.run import pool
from ho_detect.cohort.store import results as store
from ho_detect.findings import Findings
from ho_detect.settings import Settings

UID = "1.2.826.0.1.3680043.8.498"
IDENTITY = re.compile(r"(?i)secret|20200102|1\.2\.826")


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """One usable series, one that is no CT, and junk, in folders named after the patient."""
    folder = tmp_path_factory.mktemp("Secret") / "Secret^Name"
    write_series(folder / "a", CtSeries(series_uid=f"{UID}.1.1"))
    write_series(folder / "b", CtSeries(series_uid=f"{UID}.1.2"), edit=lambda _, ds: setattr(ds, "Modality", "MR"))
    (folder / "junk.dcm").write_bytes(b"not DICOM")
    (folder / "empty").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    """A series that should be analysed and cannot be."""
    folder = tmp_path_factory.mktemp("Secret_faulty")
    for path in write_series(folder, CtSeries(series_uid=f"{UID}.1.3"))[7:9]:
        path.unlink()
    return folder


@pytest.fixture
def in_place(monkeypatch):
    """Put a task in place of the analysis."""

    def put(task):
        monkeypatch.setattr(pool, "Options", functools.partial(pool.Options, task=task))

    put(batch_tasks.finds_two_lesions)
    return put


@pytest.fixture
def call(capfd):
    """Run the command line; give its exit status, standard output and standard error."""

    def run(*args):
        with pytest.raises(SystemExit) as caught:
            main([str(a) for a in args])
        return caught.value.code, *capfd.readouterr()

    return run


@pytest.mark.usefixtures("in_place")
class TestRun:
    def test_summary(self, call, studies, tmp_path):
        status, out, err = call("run", studies, "--out", tmp_path / "out")
        assert status == 0
        assert "2 series found, 1 analysed, 1 left out, 0 failed" in out
        assert "Left hip: ossification present, 1 lesion, 3.5 mL" in out
        assert "summary.csv" in out
        assert "[1/1] series 1: warning, 2 lesions" in err

    def test_no_identity_anywhere(self, call, studies, faulty, tmp_path):
        log = tmp_path / "log"
        for extra in ((), ("--json",)):
            out = tmp_path / f"out{len(extra)}"
            status, *said = call("run", studies, faulty, "--out", out, "--log-file", log, *extra)
            assert status == 3
            written = [p.read_text(errors="replace") for p in [*out.rglob("*"), log] if p.is_file()]
            assert len(written) == 14
            for text in [*said, *written, *(str(p.relative_to(out)) for p in out.rglob("*"))]:
                assert not IDENTITY.search(text)

    def test_no_terminal_no_colours_no_bar(self, call, studies, tmp_path):
        _, out, err = call("run", studies, "--out", tmp_path / "out")
        assert "\x1b" not in out + err
        assert "\r" not in out + err

    def test_json_alone_on_standard_output(self, call, studies, tmp_path):
        status, out, err = call("run", studies, "--out", tmp_path / "out", "--json")
        summary = json.loads(out)
        assert summary["exit_status"] == status == 0
        assert [s["status"] for s in summary["studies"]] == ["warning", "left_out"]
        assert [(h["side"], h["finding"]) for h in summary["hips"]] == [("left", "present"), ("right", "present")]
        assert len(summary["lesions"]) == 2
        assert "2 series found" in err

    def test_quiet(self, call, studies, tmp_path):
        assert call("run", studies, "--out", tmp_path / "out", "--quiet") == (0, "", "")
        status, out, err = call("run", studies, "--out", tmp_path / "out", "--quiet", "--json", "--overwrite")
        assert json.loads(out)["exit_status"] == status
        assert err == ""

    def test_failed_series(self, call, faulty, tmp_path):
        status, out, _ = call("run", faulty, "--out", tmp_path / "out")
        assert status == 3
        assert "series 1 (CT, 14 slices): too many slices are missing" in out
        assert list(pd.read_csv(tmp_path / "out" / "studies.csv").reason) == ["missing_slices"]

    def test_settings_and_identity(self, call, studies, tmp_path):
        (tmp_path / "s.toml").write_text("[judge]\nmin_volume_mm3 = 99.0\n")
        args = ("--settings", tmp_path / "s.toml", "--keep-identity", "--workers", 1, "--quiet")
        assert call("run", studies, "--out", tmp_path / "out", *args)[0] == 0
        frame = pd.read_csv(tmp_path / "out" / "studies.csv")
        assert list(frame.patient_id) == ["SECRET-ID"] * 2
        assert frame.series_uid[0] == f"{UID}.1.1"

    def test_same_key_same_names(self, call, studies, tmp_path):
        (tmp_path / "key").write_bytes(b"k" * 16)
        for name in "ab":
            call("run", studies, "--out", tmp_path / name, "--key-file", tmp_path / "key", "--quiet")
        one, two = (pd.read_csv(tmp_path / n / "studies.csv") for n in "ab")
        pd.testing.assert_frame_equal(one, two)

    def test_a_second_run_is_asked_what_to_do_with_the_first(self, call, studies, tmp_path):
        assert call("run", studies, "--out", tmp_path / "out")[0] == 0
        before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
        status, out, err = call("run", studies, "--out", tmp_path / "out")
        assert (status, out) == (2, "")
        assert "--resume" in err
        assert "--overwrite" in err
        assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before
        assert call("run", studies, "--out", tmp_path / "out", "--overwrite", "--resume")[0] == 2

    def test_the_page_over_all_is_named_where_there_is_one(self, call, studies, tmp_path):
        assert f"{tmp_path}/a/index.html" in call("run", studies, "--out", tmp_path / "a")[1]
        assert "index.html" not in call("run", studies, "--out", tmp_path / "b", "--no-report")[1]

    def test_a_first_run_says_that_it_compiles(self, call, studies, tmp_path, monkeypatch):
        monkeypatch.setattr("ho_detect._kernels.compiled.compiled_before", lambda: False)
        assert "compiles first" in call("run", studies, "--out", tmp_path / "a")[2]
        monkeypatch.setattr("ho_detect._kernels.compiled.compiled_before", lambda: True)
        assert "compiles" not in call("run", studies, "--out", tmp_path / "b")[2]

    def test_results_of_earlier_runs_are_told(self, call, studies, tmp_path):
        first, second = (call("run", studies, "--out", tmp_path / "out", *more)[1] for more in ((), ("--overwrite",)))
        assert "of earlier runs in the same" not in first
        assert "1 result folder of earlier runs in the same place" in second

    def test_a_child_that_takes_too_long(self, call, studies, tmp_path, in_place):
        in_place(batch_tasks.hangs)
        status, out, _ = call("run", studies, "--out", tmp_path / "out", "--time-limit", "0.5")
        assert status == 3
        assert "took longer than the stated limit (limit 0.5 s)" in out


@pytest.mark.usefixtures("in_place")
class TestWrongUsage:
    @pytest.mark.parametrize(
        ("args", "said"),
        [
            ((), "Missing argument"),
            (("--workers", "-1"), "-1"),
            (("--time-limit", "0"), "0"),
            (("--settings", "no_such.toml"), "no_such.toml"),
            (("--key-file", "no_such_key"), "no_such_key"),
            (("--no-such-option",), "--no-such-option"),
        ],
    )
    def test_run(self, call, studies, tmp_path, args, said):
        given = () if said == "Missing argument" else (studies,)
        status, out, err = call("run", *given, "--out", tmp_path / "out", *args)
        assert (status, out) == (2, "")
        assert said in err
        assert "Traceback" not in err
        assert not (tmp_path / "out").exists()

    def test_bad_settings(self, call, studies, tmp_path):
        (tmp_path / "s.toml").write_text("[detection]\nno_such = 1\n")
        status, _, err = call("run", studies, "--out", tmp_path / "out", "--settings", tmp_path / "s.toml")
        assert status == 2
        assert "no_such" in err

    @pytest.mark.parametrize("command", ["run", "inspect"])
    def test_input_that_is_not_there(self, call, studies, tmp_path, command):
        out = ("--out", tmp_path / "out") if command == "run" else ()
        status, _, err = call(command, studies, tmp_path / "Secret", *out)
        assert (status, err) == (2, "Error: INPUT 2 of 2 does not exist\n")

    def test_out_that_cannot_be_written(self, call, studies, tmp_path):
        (tmp_path / "file").write_text("")
        for out in (tmp_path / "file", tmp_path / "file" / "below"):
            status, said, err = call("run", studies, "--out", out)
            assert (status, said) == (2, "")
            assert err.startswith("Error: cannot write to OUT: ")
            assert len(err.splitlines()) == 1

    def test_log_file_that_cannot_be_written(self, call, studies, tmp_path):
        status, _, err = call("run", studies, "--out", tmp_path / "out", "--log-file", tmp_path / "no" / "log")
        assert status == 2
        assert "log file" in err

    def test_unknown_command(self, call):
        assert call("rum")[0] == 2


@pytest.mark.usefixtures("in_place")
class TestShards:
    def test_plan_run_collect(self, call, studies, tmp_path):
        out = tmp_path / "out"
        status, said, err = call("plan", studies, "--out", out, "--shards", 2)
        assert (status, err) == (0, "")
        assert said.startswith("2 series found, 1 to analyse in 2 shards\n")
        status, said, _ = call("collect", out)
        assert status == 3
        assert "2 series found, 0 analysed, 1 left out, 0 failed, 1 not done" in said
        for k in (1, 2):
            status, said, err = call("run", "--manifest", out / "manifest.parquet", "--shard", f"{k}/2", "--resume")
            assert status == 0
            assert f"ho-detect collect {out}" in said
        assert call("run", "--manifest", out / "manifest.parquet", "--resume", "--json")[2].startswith(
            "0 series to analyse, 1 done earlier\n"
        )
        status, said, _ = call("collect", out, "--finish")
        assert status == 0
        assert "2 series found, 1 analysed, 1 left out, 0 failed" in said
        assert not any(IDENTITY.search(p.read_text(errors="replace")) for p in out.rglob("*") if p.is_file())

    @pytest.mark.parametrize(
        ("args", "said"),
        [
            (("in", "--manifest", "m"), "INPUT is in the manifest"),
            (("--manifest", "m", "--out", "o"), "--out is in the manifest"),
            (("--manifest", "m", "--dicom"), "--dicom is in the manifest"),
            (("in", "--out", "o", "--shard", "1/2"), "--shard is for --manifest"),
            (("in",), "Missing option '--out'"),
            (("in", "--out", "o", "--retry-failed"), "retry_failed is for resume"),
            (("--manifest", "no/manifest.parquet"), "No such file"),
        ],
    )
    def test_wrong_usage(self, call, tmp_path, args, said):
        status, out, err = call("run", *args)
        assert (status, out) == (2, "")
        assert said in err

    def test_collect_without_a_plan(self, call, tmp_path):
        assert call("collect", tmp_path)[0] == 2


class TestInspect:
    def test_table(self, call, studies, faulty):
        status, out, err = call("inspect", studies, faulty)
        assert (status, err) == (0, "")
        assert len(out.splitlines()) == 6
        assert "48 files looked at, 2 of them no DICOM: 1 .dcm, 1 of another ending or none" in out
        assert re.search(r"1 +1 +CT +16 +40x44 +2\.50 +1\.80 +analysed", out)
        assert re.search(r"2 .*MR .*left out .*not a CT", out)
        assert re.search(r"3 .*failed .*too many slices are missing", out)
        assert not IDENTITY.search(out)

    def test_json(self, call, studies):
        status, out, _ = call("inspect", studies, "--json")
        rows = json.loads(out)
        assert status == 0
        assert [(r["number"], r["status"], r["reason"]) for r in rows] == [
            (1, "analyse", None),
            (2, "left_out", "not_ct"),
        ]
        assert not IDENTITY.search(out)

    def test_writes_nothing(self, call, studies, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        before = sorted((p, p.stat().st_mtime_ns) for p in studies.parent.rglob("*"))
        call("inspect", studies)
        assert sorted((p, p.stat().st_mtime_ns) for p in studies.parent.rglob("*")) == before
        assert list(tmp_path.iterdir()) == []

    def test_nothing_found(self, call, tmp_path):
        assert call("inspect", tmp_path)[:2] == (3, "No DICOM series found: there is no file below the inputs.\n")

    def test_what_else_is_there_is_told_by_its_ending(self, call, tmp_path, in_place):
        for name in ("scan.nii.gz", "disc.tgz", "b.TGZ", "report.txt", "scan.Secret_Name"):
            path = tmp_path / "in" / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"nothing that can be read")
        kinds = "2 .tgz, 1 .nii.gz, 1 .txt, 1 of another ending or none"
        said = f"No DICOM series found: 5 files looked at, no DICOM: {kinds}."
        assert call("inspect", tmp_path / "in")[:2] == (3, said + "\n")
        status, out, _ = call("run", tmp_path / "in", "--out", tmp_path / "out")
        assert (status, said in out) == (3, True)

    def test_numbers_are_those_of_a_run(self, call, studies, faulty, tmp_path, in_place):
        rows = json.loads(call("inspect", studies, faulty, "--json")[1])
        call("run", studies, faulty, "--out", tmp_path / "out", "--quiet")
        frame = pd.read_csv(tmp_path / "out" / "studies.csv")
        assert [(r["number"], r["modality"], r["n_slices"]) for r in rows] == list(
            zip(frame.number, frame.modality, frame.n_slices, strict=True)
        )


class TestHelp:
    @pytest.mark.parametrize("command", [(), *((name,) for name in cli.list_commands(None))])
    @pytest.mark.parametrize("option", ["-h", "--help"])
    def test_teaches(self, call, command, option):
        status, out, err = call(*command, option)
        assert (status, err) == (0, "")
        assert "ho-detect" in out
        assert "\b" not in out

    def test_run_says_what_comes_out_and_how_it_ends(self, call):
        out = call("run", "-h")[1]
        for said in ("summary.csv", "lesions.nii.gz", "Exit status", "min_volume_mm3"):
            assert said in out

    def test_the_settings_it_shows_are_settings(self, call):
        shown = call("run", "-h")[1].split("for example")[1]
        lines = itertools.takewhile(lambda line: not line.lstrip().startswith("-"), shown.splitlines()[1:])
        text = "\n".join(line.strip() for line in lines if "=" in line or "[" in line)
        assert Settings.from_dict(tomllib.loads(text)) != Settings()

    def test_version(self, call):
        assert call("--version") == (0, f"ho-detect {ho_detect.__version__}\n", "")

    def test_module_is_the_command(self):
        done = subprocess.run(
            [sys.executable, "-m", "ho_detect", "--version"], capture_output=True, text=True, check=True
        )
        assert done.stdout == f"ho-detect {ho_detect.__version__}\n"


class TestSample:
    def test_says_where_the_studies_are(self, call, tmp_path, monkeypatch):
        # the generator has tests of its own and takes its time
        monkeypatch.setattr("ho_detect.simulation.write_samples", lambda out: [out / "one", out / "two"])
        status, out, _ = call("sample", tmp_path)
        assert status == 0
        assert [line.split()[0] for line in out.splitlines()] == [f"{tmp_path}/one", f"{tmp_path}/two"]

    def test_out_that_cannot_be_written(self, call, tmp_path, monkeypatch):
        def full(_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("ho_detect.simulation.write_samples", full)
        status, out, err = call("sample", tmp_path)
        assert (status, out) == (2, "")
        assert "No space left on device" in err


def test_the_real_analysis_finds_no_hip_where_none_is(call, studies, tmp_path):
    pytest.importorskip("ho_detect.analyze", reason="the analysis is not written yet")
    status, out, _ = call("run", studies, "--out", tmp_path / "out", "--time-limit", 120)
    assert status == 0
    assert list(pd.read_csv(tmp_path / "out" / "studies.csv").reason) == ["no_hip_in_view", "not_ct"]
    assert "1 x no hip joint lies in the field of view" in out


class TestLogFile:
    def test_a_disk_that_is_full_is_said_once(self, capfd):
        with log_to(Messages(quiet=False, json=False, log_file=Path("/dev/full"), debug=False)):
            for _ in range(3):
                logging.getLogger("ho_detect").info("something")
        assert capfd.readouterr().err == "The log file cannot be written any more: [Errno 28] No space left on device\n"


class TestErrors:
    def test_nobody_sees_a_traceback(self, call, studies, monkeypatch):
        def fail(*_):
            raise ZeroDivisionError("Secret")

        monkeypatch.setattr(series_rows, "inspect", fail)
        status, out, err = call("inspect", studies)
        assert (status, out) == (1, "")
        assert err == "Error: unforeseen ZeroDivisionError; --debug shows where\n"
        assert "Traceback" in call("inspect", studies, "--debug")[2]

    def test_warnings_of_libraries_may_name_the_patient(self, call, studies, monkeypatch):
        def warn(*_):
            warnings.warn("Secret", stacklevel=1)
            return series_rows.Inspection((), LookedAt(), {})

        monkeypatch.setattr(series_rows, "inspect", warn)
        assert call("inspect", studies) == (3, "No DICOM series found: there is no file below the inputs.\n", "")

    @pytest.mark.usefixtures("in_place")
    def test_a_full_disk_at_the_end(self, call, studies, tmp_path, monkeypatch):
        def full(*_):
            raise OSError(28, "No space left on device", "Secret")

        monkeypatch.setattr(store, "write_table", full)
        status, out, err = call("run", studies, "--out", tmp_path / "out")
        assert (status, out) == (3, "")
        assert err.endswith(
            "Error: cannot write to OUT: No space left on device (1 of 1 series done; --resume goes on from here)\n"
        )
        assert err.count("No space left") == 1


def _read_all(terminal, said):
    with contextlib.suppress(OSError):  # EIO: the other end is closed and all is read
        while part := os.read(terminal, 100_000):
            said.append(part)


def test_ctrl_c(studies, tmp_path):
    """The real command, in a terminal of its own: 130, children ended, tables written, nothing left over."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, functools; sys.path.insert(0, sys.argv.pop(1)); import batch_tasks\n"
        "from ho_detect import cli\nfrom ho_detect.cohort.run import pool\n"
        "if __name__ == '__main__':\n"
        "    pool.Options = functools.partial(pool.Options, task=batch_tasks.hangs)\n"
        "    cli.main()\n"
    )
    out = tmp_path / "out"
    master, slave = pty.openpty()
    said: list[bytes] = []
    # read all the while: a terminal that nobody reads holds up who writes to it
    reader = threading.Thread(target=_read_all, args=(master, said))
    reader.start()
    args = [sys.executable, script, Path(__file__).parent, "run", studies, "--out", out]
    with subprocess.Popen(
        [str(a) for a in args], stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    ) as process:
        os.close(slave)
        deadline = time.monotonic() + 60
        while not list((out / ".ho-detect").glob("staging-*/pid-*")):
            if time.monotonic() > deadline:
                process.kill()  # else leaving the block waits for it
            assert process.poll() is None
            time.sleep(0.05)
        pid = int(next((out / ".ho-detect").glob("staging-*/pid-*")).name[4:])
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
        status = process.wait(60)
    reader.join()
    os.close(master)
    assert status == 130
    assert b"Traceback" not in b"".join(said)
    assert b"Stopped" in b"".join(said)
    assert not Path(f"/proc/{pid}").exists()
    assert list(pd.read_csv(out / "studies.csv").reason) == ["interrupted", "not_ct"]
    assert b"1 series not done" in b"".join(said)
    assert b"0 failed, 1 not done" in b"".join(said).replace(b"\x1b[33m", b"").replace(b"\x1b[0m", b"")
    assert list(pd.read_csv(out / "studies.csv").status) == ["waiting", "left_out"]
    assert b"--resume goes on from here" in b"".join(said)


def test_findings_is_exported():
    assert ho_detect.Findings is Findings


@pytest.mark.parametrize("how", [">&-", ">&- 2>&-", "<&- >&- 2>&-", "2>/dev/null | true; exit ${PIPESTATUS[0]}"])
def test_streams_that_are_closed_or_not_read_change_no_status(tmp_path, how):
    write_series(tmp_path / "in")
    command = f"{sys.executable} -m ho_detect inspect {tmp_path / 'in'} {how}"
    done = subprocess.run(["bash", "-c", command], timeout=120, check=False)
    assert done.returncode == 0
