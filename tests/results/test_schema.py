"""The schema that ships is that of the records: every key required, every field described, unknown words refused."""

from __future__ import annotations

import json

import msgspec

from ho_detect.results.hip_fields import HIP_FIELDS
from ho_detect.results.lesion_fields import LESION_FIELDS
from ho_detect.results.record import SCHEMA_VERSION
from ho_detect.results.schema import SCHEMA_FILE, findings_schema, schema_bytes, schema_of, shipped_schema


class _Inner(msgspec.Struct):
    one: int = 0


class _Outer(msgspec.Struct):
    inner: _Inner
    more: float | None = None


def test_the_file_is_what_the_records_make():
    assert SCHEMA_FILE.read_bytes() == schema_bytes(), "run: python -m ho_detect.results.schema"
    assert shipped_schema() == json.loads(schema_bytes())


def test_every_key_is_required_also_where_a_record_has_a_default():
    definitions = schema_of(_Outer, "t")["$defs"]
    assert {name: d["required"] for name, d in definitions.items()} == {"_Inner": ["one"], "_Outer": ["inner", "more"]}


def test_it_says_its_version_and_what_each_field_of_a_hip_and_a_lesion_is():
    schema = findings_schema()
    assert SCHEMA_VERSION in schema["title"]
    for name, fields in (("Hip", HIP_FIELDS), ("Lesion", LESION_FIELDS)):
        properties = schema["$defs"][name]["properties"]
        assert {f.name: f.description for f in fields} == {n: p["description"] for n, p in properties.items()}
        assert {f.name: f.unit for f in fields if f.unit} == {
            n: p["unit"] for n, p in properties.items() if "unit" in p
        }
