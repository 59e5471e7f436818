import itertools
import subprocess
import sys
import tomllib

import pytest
from dicom_files import write_series

import ho_detect
from ho_detect.cli import cli
from ho_detect.findings import Findings
from ho_detect.settings import Settings


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


def test_findings_is_exported():
    assert ho_detect.Findings is Findings


@pytest.mark.parametrize("how", [">&-", ">&- 2>&-", "<&- >&- 2>&-", "2>/dev/null | true; exit ${PIPESTATUS[0]}"])
def test_streams_that_are_closed_or_not_read_change_no_status(tmp_path, how):
    write_series(tmp_path / "in")
    command = f"{sys.executable} -m ho_detect inspect {tmp_path / 'in'} {how}"
    done = subprocess.run(["bash", "-c", command], timeout=120, check=False)
    assert done.returncode == 0
