import io
import re
from pathlib import Path

import pytest

from ho_detect.acquisition.headers.endings import LookedAt
from ho_detect.cli.inspection import planned, show_inspection
from ho_detect.cli.terminal import console_for
from ho_detect.cohort.plan.series_rows import Inspection
from ho_detect.results.rows import StudyRow


class Terminal(io.StringIO):
    def isatty(self):
        return True


def row(number, **values):
    known = {"modality": "CT", "n_slices": 1200, "rows": 1024, "columns": 1024, "rank": 1}
    place = {"number": number, "study_uid": f"2.25.{number}", "series_uid": f"2.25.1{number}"}
    return StudyRow(**place, status="left_out", **known | {"slice_step_mm": 0.625, "column_spacing_mm": 0.976} | values)


INSPECTION = Inspection(
    (
        row(1, suits="axial, 0.63 mm, kernel for bone, no contrast stated, as acquired, 500 mm of the patient"),
        row(2, reason="localizer", message="a localizer or survey image, not a volume"),
    ),
    LookedAt(1201, {".txt": 1}),
    {1: Path("/disk/Secret^Name/a"), 2: Path("/disk/Secret^Name/b")},
)


def shown(stream, monkeypatch, inspection=INSPECTION):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    show_inspection(inspection, console_for(stream))
    return re.sub(r"\x1b\[\d*m", "", stream.getvalue())


def test_fits_a_terminal_of_80_columns_with_words_whole(monkeypatch):
    said = shown(Terminal(), monkeypatch)
    lines = [line.rstrip() for line in said.splitlines()]
    assert max(map(len, lines)) <= 80
    assert "1200  1024x1024" in lines[1]
    assert "contrast stated" in " ".join(" ".join(lines).split())
    assert not any(line.endswith(("acquir", "contr")) for line in lines)


def test_a_terminal_shows_which_folder_a_series_is_and_nothing_else_does(monkeypatch):
    assert "in /disk/Secret^Name/b" in shown(Terminal(), monkeypatch)
    assert "Secret" not in shown(io.StringIO(), monkeypatch)


def test_elsewhere_a_series_is_one_line(monkeypatch):
    head, first, second, *_ = shown(io.StringIO(), monkeypatch).splitlines()
    assert head.startswith("#  study")
    assert first.startswith("1  ")
    assert second.startswith("2  ")
    assert "left out  a localizer" in second


@pytest.mark.parametrize(("values", "said"), [({}, "analyse"), ({"reason": "not_ct"}, "left_out")])
def test_planned(values, said):
    assert planned(row(1, **values)) == said
