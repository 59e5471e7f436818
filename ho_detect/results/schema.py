"""The JSON Schema of ``findings.json``, made from the record types and shipped with the package.

``python -m ho_detect.results.schema`` writes it anew after a change of the records.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from ho_detect.results.acquisition_fields import ACQUISITION_FIELDS
from ho_detect.results.hip_fields import HIP_FIELDS
from ho_detect.results.lesion_fields import LESION_FIELDS
from ho_detect.results.record import SCHEMA_VERSION, FindingsRecord

#: The record types whose fields are declared.
_DECLARED = (("SeriesRecord", ACQUISITION_FIELDS), ("Hip", HIP_FIELDS), ("Lesion", LESION_FIELDS))
#: Where the shipped schema is.
SCHEMA_FILE = Path(str(files("ho_detect"))) / "results" / "schemas" / "findings.schema.json"


def findings_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of ``findings.json``."""
    schema = schema_of(FindingsRecord, f"ho-detect findings, version {SCHEMA_VERSION}")
    for name, fields in _DECLARED:
        properties = schema["$defs"][name]["properties"]
        for field in fields:
            properties[field.name]["description"] = field.description
            if field.unit:
                properties[field.name]["unit"] = field.unit
    return schema


def schema_of(record_type: type[msgspec.Struct], title: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of files that hold one record of a type."""
    schema = msgspec.json.schema(record_type)
    for definition in schema["$defs"].values():
        # every key is always written, also where the record type has a default
        definition["required"] = list(definition["properties"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **schema,
    }


def shipped_schema() -> dict[str, Any]:
    """Read the schema that ships with the package."""
    schema: dict[str, Any] = msgspec.json.decode(SCHEMA_FILE.read_bytes())
    return schema


def schema_bytes() -> bytes:
    """Return :func:`findings_schema` as the bytes of the shipped file."""
    return file_bytes(findings_schema())


def file_bytes(schema: dict[str, Any]) -> bytes:
    """Return a schema as the bytes of a file."""
    return msgspec.json.format(msgspec.json.encode(schema), indent=1) + b"\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_bytes(schema_bytes())
