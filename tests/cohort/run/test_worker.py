from types import SimpleNamespace

import pytest
from made_findings import make_findings

from ho_detect import analyze
from ho_detect.cohort.run import worker
from ho_detect.cohort.run.worker import Job, analyse_series
from ho_detect.export.pages import report
from ho_detect.settings import Settings


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A job whose loading and analysis give findings made by hand."""
    monkeypatch.setattr(worker, "load", lambda job: None)
    monkeypatch.setattr(analyze, "analyze", lambda volume, settings, masks: make_findings())

    def of(**changes):
        fields = {"entry": None, "folder": "series-1", "staging": tmp_path, "settings": Settings(), "pseudonyms": None}
        return Job(**{**fields, "threads": 1, **changes})

    return of


def test_report_and_picture_are_written_with_the_record(job, tmp_path):
    assert analyse_series(job()).reason is None
    names = {p.name for p in (tmp_path / "series-1").iterdir()}
    assert {"findings.json", "lesions.nii.gz", "report.html", "thumbnail.webp"} <= names


def test_without_a_report_nothing_is_made_for_it(job, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "report_html", lambda _: pytest.fail("a page was made"))
    assert analyse_series(job(report=False)).reason is None
    assert "report.html" not in {p.name for p in (tmp_path / "series-1").iterdir()}


def test_a_page_that_cannot_be_made_fails_its_series(job, monkeypatch):
    def fault(*_):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(report, "report_html", fault)
    outcome = analyse_series(job())
    assert outcome.reason == "internal_error"
    assert "secret" not in outcome.detail


@pytest.mark.parametrize(("platform", "megabytes"), [("linux", 1024.0), ("darwin", 1.0)])
def test_peak_memory_is_in_the_units_of_the_system(monkeypatch, platform, megabytes):
    monkeypatch.setattr(worker.sys, "platform", platform)
    monkeypatch.setattr(worker.resource, "getrusage", lambda _: SimpleNamespace(ru_maxrss=1_000_000))
    assert worker.peak_memory_mb() == megabytes
