import io
from pathlib import Path

import pytest

from ho_detect.acquisition.headers.endings import LookedAt
from ho_detect.cli.terminal import console_for, nothing_found, say_if_compiling, show_report
from ho_detect.cohort.run.messages import Report
from ho_detect.results.rows import StudyRow


class Terminal(io.StringIO):
    def isatty(self):
        return True


def study(number, status, **values):
    return StudyRow(number=number, study_uid="2.25.1", series_uid=f"2.25.1{number}", status=status, **values)


def said(report, stream, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    show_report(report, console_for(stream))
    return stream.getvalue()


FAILED = Report(
    out=Path("OUT"),
    studies=(study(1, "failed", reason="missing_slices", message="gaps"), study(2, "waiting", reason="interrupted")),
    hips=(),
    lesions=(),
    seconds=1.0,
    places={1: Path("/disk/Secret^Name/ct"), 2: Path("/disk/Secret^Name/other")},
)


def test_a_terminal_shows_where_a_series_that_failed_is_and_nothing_else_does(monkeypatch):
    assert "in /disk/Secret^Name/ct" in said(FAILED, Terminal(), monkeypatch)
    assert "Secret" not in said(FAILED, io.StringIO(), monkeypatch)


def test_what_was_not_done_has_not_failed(monkeypatch):
    assert "2 series found, 0 analysed, 0 left out, 1 failed, 1 not done" in said(FAILED, io.StringIO(), monkeypatch)


@pytest.mark.parametrize(
    ("looked_at", "words"),
    [
        (LookedAt(2, {".nii.gz": 2}), "No DICOM series found: 2 files looked at, no DICOM: 2 .nii.gz."),
        (None, "No DICOM series found: there is no file below the inputs."),
    ],
)
def test_nothing_found(looked_at, words):
    assert nothing_found(looked_at) == words


@pytest.mark.parametrize(
    ("before", "quiet", "told"), [(False, False, True), (False, True, False), (True, False, False)]
)
def test_a_first_run_says_that_it_compiles(monkeypatch, before, quiet, told):
    monkeypatch.setattr("ho_detect._kernels.compiled.compiled_before", lambda: before)
    stream = io.StringIO()
    say_if_compiling(stream, quiet=quiet)
    assert ("compiles" in stream.getvalue()) is told
