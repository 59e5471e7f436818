import csv
import io
from pathlib import Path

import msgspec
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_findings import make_hip, make_lesion, make_record

from ho_detect.anatomy.regions.muscle_names import MuscleVolume
from ho_detect.export import tables as table_files
from ho_detect.export.tables import columns_of, csv_text, disarm, frame, write_table
from ho_detect.results import rows as tables
from ho_detect.results.rows import HipRow, LesionRow, StudyRow

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "=cmd|' /C calc'!A0"]


def study(number=1, **changes):
    return StudyRow(**{"number": number, "study_uid": "2.25.1", "series_uid": "2.25.2", "status": "ok"} | changes)


def rows_of(kind):
    volumes = (MuscleVolume("gluteus_maximus_left", 3300.0), MuscleVolume("none", 220.0))
    hips = tuple(make_hip(side, muscle_volumes_mm3=v) for side, v in (("left", volumes), ("right", None)))
    lesions = tuple(make_lesion(k, muscle_volumes_mm3=v) for k, v in ((1, volumes), (2, None)))
    record = make_record(hips, lesions)
    return {
        HipRow: tables.hip_rows(record, "series-1"),
        LesionRow: tables.lesion_rows(record, "series-1"),
        StudyRow: [study(1, slice_step_mm=1.25, n_lesions=2), study(2, reason="tilted", message='a, "b"')],
    }[kind]


@pytest.mark.parametrize("kind", [HipRow, LesionRow, StudyRow])
class TestBothFormats:
    def test_say_the_same(self, kind, tmp_path):
        rows = rows_of(kind)
        write_table(tmp_path, "t", kind, rows)
        parquet = pq.read_table(tmp_path / "t.parquet").to_pylist()
        with (tmp_path / "t.csv").open(newline="") as file:
            cells = list(csv.DictReader(file))
        assert len(cells) == len(parquet) == len(rows)
        for a, b in zip(cells, parquet, strict=True):
            assert list(a) == list(b)
            for name, value in b.items():
                said = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
                assert a[name] == (";".join(value) if isinstance(value, list) else said)

    def test_words_are_lists_but_in_csv(self, kind, tmp_path):
        rows = rows_of(kind)
        made = frame(kind, rows)
        lists = [name for name, of, _ in columns_of(kind) if of is list]
        assert lists
        for name in lists:
            said = [getattr(row, name) for row in rows]
            assert [None if words is None else tuple(words) for words in made[name]] == said
            assert all(isinstance(words, list | None) for words in made[name])

    def test_no_rows_same_columns_and_types(self, kind, tmp_path):
        write_table(tmp_path, "full", kind, rows_of(kind))
        write_table(tmp_path, "empty", kind, [])
        full, empty = (pq.read_schema(tmp_path / f"{n}.parquet") for n in ("full", "empty"))
        assert full.equals(empty, check_metadata=True)
        assert list(pd.read_csv(tmp_path / "empty.csv").columns) == full.names

    def test_nothing_else_is_left(self, kind, tmp_path):
        write_table(tmp_path, "t", kind, rows_of(kind))
        assert sorted(p.name for p in tmp_path.iterdir()) == ["t.csv", "t.parquet"]


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_disarmed_in_csv_and_true_in_parquet(text, tmp_path):
    write_table(tmp_path, "t", StudyRow, [study(description=text)])
    with (tmp_path / "t.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["description"] == "'" + text
    assert pq.read_table(tmp_path / "t.parquet")["description"].to_pylist() == [text]


def test_negative_numbers_stay_numbers():
    row = msgspec.structs.replace(rows_of(HipRow)[0], center_x_lps_mm=-90.5)
    assert next(csv.DictReader(io.StringIO(csv_text(HipRow, [row]))))["center_x_lps_mm"] == "-90.5"


def test_nan_is_an_empty_cell():
    row = msgspec.structs.replace(rows_of(HipRow)[0], min_gap_mm=float("nan"))
    assert next(csv.DictReader(io.StringIO(csv_text(HipRow, [row]))))["min_gap_mm"] == ""
    assert table_files.arrow_table(HipRow, [row])["min_gap_mm"].null_count == 1


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_text_survives_csv_and_starts_no_formula(text):
    cell = next(csv.DictReader(io.StringIO(csv_text(StudyRow, [study(description=text)]), newline="")))["description"]
    assert cell == disarm(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell in {text, "'" + text}


def test_a_failed_write_keeps_what_was_there(tmp_path, monkeypatch):
    write_table(tmp_path, "t", StudyRow, [study()])
    before = (tmp_path / "t.parquet").read_bytes()

    whole = Path.write_bytes

    def full_disk(path, data):
        if path.suffix == ".parquet":
            whole(path, data[:20])
            raise OSError(28, "No space left on device")
        return whole(path, data)

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_table(tmp_path, "t", StudyRow, [study(), study(2)])
    assert (tmp_path / "t.parquet").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["t.csv", "t.parquet"]


@pytest.mark.parametrize("kind", [HipRow, LesionRow])
def test_volumes_by_muscle_are_named_words_and_empty_without_masks(kind):
    with_masks, without = rows_of(kind)
    assert with_masks.muscle_volumes_mm3 == ("gluteus_maximus_left=3300.0", "none=220.0")
    assert without.muscle_volumes_mm3 is None
    cells = list(csv.DictReader(io.StringIO(csv_text(kind, [with_masks, without]))))
    assert [c["muscle_volumes_mm3"] for c in cells] == ["gluteus_maximus_left=3300.0;none=220.0", ""]
