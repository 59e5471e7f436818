"""The run command: what it says, what it writes, and that no identity is in either."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import batch_tasks
import pandas as pd
import pytest
from identities import IDENTITY, UID


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
def test_wrong_usage(call, tmp_path, args, said):
    status, out, err = call("run", *args)
    assert (status, out) == (2, "")
    assert said in err


def test_the_real_analysis_finds_no_hip_where_none_is(call, studies, tmp_path):
    pytest.importorskip("ho_detect.analyze", reason="the analysis is not written yet")
    status, out, _ = call("run", studies, "--out", tmp_path / "out", "--time-limit", 120)
    assert status == 0
    assert list(pd.read_csv(tmp_path / "out" / "studies.csv").reason) == ["no_hip_in_view", "not_ct"]
    assert "1 x no hip joint lies in the field of view" in out


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
    args = [sys.executable, script, Path(__file__).parents[1], "run", studies, "--out", out]
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
