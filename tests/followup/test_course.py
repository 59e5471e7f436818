"""Three scans of one person, given in any order: ordered by date, followed, written, looked over."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

import msgspec
import pandas as pd
import pytest
from model_hips import BRIDGE, ISLAND, Plan, analysed, scan

from ho_detect.analyze import Analysis
from ho_detect.cli import main
from ho_detect.errors import UsageError
from ho_detect.findings import Findings
from ho_detect.followup import course as module
from ho_detect.followup.course import follow, save_course
from ho_detect.followup.show import course_figure, follow_up_html, track_rows

PLANS = (
    ("20260101", Plan((ISLAND, BRIDGE))),
    ("20260701", Plan((replace(ISLAND, radius=11.0), BRIDGE), turn_deg=6.0)),
    ("20270101", Plan((replace(ISLAND, radius=12.0), BRIDGE), noise_hu=12.0)),
)


@lru_cache(maxsize=6)
def study(k, date=True):
    result = analysed(PLANS[k][1]).result
    series = msgspec.structs.replace(result.record.series, study_date=PLANS[k][0] if date else None)
    record = msgspec.structs.replace(result.record, series=series)
    return Findings.of(replace(result, record=record))


def known(study, number, settings):
    """Give the bones as they were found before; that they are found again is stated of studies without dates."""
    of = next(plan for _, plan in PLANS if analysed(plan).result.volume is study.volume)
    return Analysis(study, analysed(of).anatomy)


@lru_cache(maxsize=1)
def followed():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "analysis_of", known)
        return follow([study(2), study(0), study(1)])


def test_they_are_ordered_by_date_and_followed():
    course = followed().course
    assert (course.days, course.ordered_by) == ((0, 181, 365), "date")
    assert len(course.steps) == 2
    island = next(t for t in course.tracks if t.what == "lesion" and t.side == "left")
    assert island.volume_mm3 == tuple(
        next(x.volume_mm3 for x in study(k).lesions if x.side == "left") for k in (0, 1, 2)
    )
    assert island.change_mm3 == pytest.approx(island.volume_mm3[2] - island.volume_mm3[0], abs=0.1)
    assert island.change_mm3_per_year == pytest.approx(island.change_mm3, rel=0.01)
    true = [scan(PLANS[k][1]).volumes_mm3[0] for k in (0, 2)]
    assert island.change_mm3 == pytest.approx(true[1] - true[0], rel=0.15)
    left = next(t for t in course.tracks if t.what == "hip" and t.side == "left")
    assert left.change_mm3 == island.change_mm3


def test_without_dates_the_order_is_that_given():
    course = follow([study(0, date=False), study(1, date=False)]).course
    assert (course.days, course.ordered_by) == ((None, None), "as given")
    assert all(t.change_mm3_per_year is None for t in course.tracks)
    assert any(t.change_mm3 is not None for t in course.tracks)


def test_what_is_written_is_looked_over(tmp_path, capsys):
    save_course(followed(), tmp_path)
    table = pd.read_csv(tmp_path / "course.csv")
    assert len(table) == 3 * len(followed().course.tracks) == len(track_rows(followed().course.tracks, (0, 181, 365)))
    page = (tmp_path / "follow_up.html").read_text()
    assert page.count("<figure>") == 4
    assert "day 365" in page
    assert "http" not in page.replace("http-equiv", "")
    for change, status in ((None, 0), (lambda: (tmp_path / "course.csv").write_text("x"), 3)):
        if change is not None:
            change()
        with pytest.raises(SystemExit) as caught:
            main(["verify", str(tmp_path)])
        assert caught.value.code == status, capsys.readouterr().out


def test_the_command_takes_any_number(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "follow", lambda studies, settings, **given: followed())
    with pytest.raises(SystemExit) as caught:
        main(["compare", "a", "b", "c", "--out", str(tmp_path / "out"), "--json"])
    assert caught.value.code == 0
    assert json.loads(capsys.readouterr().out)["days"] == [0, 181, 365]
    with pytest.raises(SystemExit) as caught:
        main(["compare", "a", "--out", str(tmp_path / "out")])
    assert caught.value.code == 2


def test_other_patients_are_refused(monkeypatch):
    monkeypatch.setattr(module, "analysis_of", known)
    record = study(1).record
    series = msgspec.structs.replace(record.series, patient_id="B")
    other = Findings.of(replace(study(1), record=msgspec.structs.replace(record, series=series)))
    record = study(0).record
    series = msgspec.structs.replace(record.series, patient_id="A")
    one = Findings.of(replace(study(0), record=msgspec.structs.replace(record, series=series)))
    with pytest.raises(UsageError, match="study 3 states another"):
        follow([one, one, other])


def test_the_figure_says_what_the_tracks_say():
    course = followed().course
    axes = course_figure(course.tracks, course.days).axes[0]
    lines = {line.get_label(): line for line in axes.get_lines()}
    hip = next(t for t in course.tracks if t.what == "hip" and t.side == "left")
    assert list(lines["left hip"].get_xdata()) == [0, 181, 365]
    assert list(lines["left hip"].get_ydata()) == pytest.approx([v / 1000 for v in hip.volume_mm3])
    assert follow_up_html(followed().studies, course.steps, course.tracks, course.days)
