"""What commands share: the log, and errors that name nobody."""

import logging
import warnings
from pathlib import Path

import pytest

from ho_detect.acquisition.headers.endings import LookedAt
from ho_detect.cli.common import Messages, log_to
from ho_detect.cohort.plan import series_rows
from ho_detect.cohort.store import results as store


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
