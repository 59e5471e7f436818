"""The JSON Schema of ``comparison.json``, made from the record types and shipped with the package.

``python -m ho_detect.followup.schema`` writes it anew after a change of the records.
"""

from __future__ import annotations

from ho_detect.followup.comparison import SCHEMA_VERSION, Comparison
from ho_detect.results.schema import SCHEMA_FILE, file_bytes, schema_of

#: Where the shipped schema is.
COMPARISON_SCHEMA_FILE = SCHEMA_FILE.with_name("comparison.schema.json")


def comparison_schema_bytes() -> bytes:
    """Return the JSON Schema (draft 2020-12) of ``comparison.json`` as the bytes of the shipped file."""
    return file_bytes(schema_of(Comparison, f"ho-detect comparison, version {SCHEMA_VERSION}"))


if __name__ == "__main__":
    COMPARISON_SCHEMA_FILE.write_bytes(comparison_schema_bytes())
