"""The schema of a comparison that ships is that of its records."""

from __future__ import annotations

import json

from ho_detect.followup.comparison import SCHEMA_VERSION, Comparison, HipChange, LesionChange
from ho_detect.followup.schema import COMPARISON_SCHEMA_FILE, comparison_schema_bytes


def test_the_file_is_what_the_records_make():
    assert COMPARISON_SCHEMA_FILE.read_bytes() == comparison_schema_bytes(), "run: python -m ho_detect.followup.schema"


def test_every_field_of_the_records_is_required():
    schema = json.loads(comparison_schema_bytes())
    assert SCHEMA_VERSION in schema["title"]
    for record in (Comparison, HipChange, LesionChange):
        assert tuple(schema["$defs"][record.__name__]["required"]) == record.__struct_fields__
