"""The data dictionary has every column of every table, and REDCap's has its 18 columns."""

import csv
import io
import re

from made_findings import make_record

from ho_detect.export.dictionary import REDCAP_HEADER, dictionary_rows, redcap_csv
from ho_detect.export.tables import columns_of
from ho_detect.results.rows import HipRow, LesionRow, StudyRow, TimingRow, hip_rows, lesion_rows

FORMS = (("hip", "summary"), ("lesion", "lesions"))
REDCAP = list(csv.DictReader(io.StringIO(redcap_csv())))


def test_every_column_is_there_in_order():
    for table, kind in (("summary", HipRow), ("lesions", LesionRow), ("studies", StudyRow), ("timings", TimingRow)):
        assert [r.column for r in dictionary_rows() if r.table == table] == [name for name, *_ in columns_of(kind)]


def test_words_of_a_record_are_among_those_named():
    rows = {"summary": hip_rows(make_record()), "lesions": lesion_rows(make_record())}
    named = [r for r in dictionary_rows() if r.values and r.table in rows]
    assert len(named) > 10
    for entry in named:
        for row in rows[entry.table]:
            said = getattr(row, entry.column)
            words = {said} if isinstance(said, str) else set(said or ())
            assert words <= set(entry.values.split(";")), entry.column


def test_redcap_has_its_eighteen_columns_and_a_record_first():
    assert len(REDCAP_HEADER) == 18
    assert redcap_csv().startswith("Variable / Field Name,Form Name,Section Header,Field Type,Field Label,")
    assert tuple(REDCAP[0]) == REDCAP_HEADER
    assert REDCAP[0]["Variable / Field Name"] == "record_id"
    assert REDCAP[0]["Field Type"] == "text"


def test_redcap_takes_every_line():
    names = [row["Variable / Field Name"] for row in REDCAP]
    assert len(set(names)) == len(names)
    forms = [row["Form Name"] for row in REDCAP]
    assert forms == sorted(forms, key=["series", "hip", "lesion"].index)
    for row in REDCAP:
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,99}", row["Variable / Field Name"])
        assert row["Field Type"] in {"text", "dropdown", "yesno"}
        choices = row["Choices, Calculations, OR Slider Labels"]
        assert bool(choices) == (row["Field Type"] == "dropdown")
        assert all(re.fullmatch(r"\w+, [^|]+", choice) for choice in choices.split(" | ") if choice)
        assert row["Text Validation Type OR Show Slider Number"] in {"", "number", "integer"}


def test_redcap_labels_are_those_of_the_columns_or_their_names():
    labels = {row["Variable / Field Name"]: row["Field Label"] for row in REDCAP}
    rows = {f"{form}_{r.column}": r for r in dictionary_rows() for form, table in FORMS if r.table == table}
    assert {name for name in labels if name != "record_id"} == set(rows)
    assert {name: r.label or r.column.replace("_", " ") for name, r in rows.items()} == {
        name: label for name, label in labels.items() if name != "record_id"
    }
    assert all(labels.values())
    assert {bool(r.label) for r in rows.values()} == {True, False}
