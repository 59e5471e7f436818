"""The tables of docs/record.md are those of the declarations."""

from pathlib import Path

from ho_detect.results.field_docs import field_table, with_tables
from ho_detect.results.hip_fields import HIP_FIELDS

PAGE = (Path(__file__).parents[2] / "docs" / "record.md").read_text(encoding="utf-8")


def test_the_page_is_up_to_date():
    assert with_tables(PAGE) == PAGE, "run: python -m ho_detect.results.field_docs docs/record.md"


def test_a_table_between_markers_is_replaced_and_nothing_else():
    page = "before\n<!-- fields of a hip (x) -->\nold\n<!-- end -->\nafter\n"
    made = with_tables(page)
    assert made.startswith("before\n<!-- fields of a hip (x) -->\n| field |")
    assert made.endswith("|\n<!-- end -->\nafter\n")
    assert field_table(HIP_FIELDS).count("\n") == len(HIP_FIELDS) + 2
