"""The tables of fields in ``docs/record.md``, made from their declarations.

``python -m ho_detect.results.field_docs docs/record.md`` writes them anew after a change of the fields.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from ho_detect.results.acquisition_fields import ACQUISITION_FIELDS
from ho_detect.results.fields import Field
from ho_detect.results.hip_fields import HIP_FIELDS
from ho_detect.results.lesion_fields import LESION_FIELDS

_LISTS = {"series": ACQUISITION_FIELDS, "hip": HIP_FIELDS, "lesion": LESION_FIELDS}


def with_tables(text: str) -> str:
    """Return a page with the tables between its markers as the fields are declared now."""
    for name, fields in _LISTS.items():
        marked = re.compile(rf"(<!-- fields of a {name} .*?-->\n).*?(<!-- end -->)", re.DOTALL)
        text = marked.sub(lambda m, fields=fields: m[1] + field_table(fields) + m[2], text)  # type: ignore[misc]
    return text


def field_table(fields: tuple[Field, ...]) -> str:
    """Return fields as a table in Markdown: where each goes beside the record and the tables is its last column."""
    lines = ["| field | unit | definition | source | also in |", "|---|---|---|---|---|"]
    for field in fields:
        definition = field.definition.replace("|", "\\|")
        lines.append(f"| `{field.name}` | {field.unit} | {definition} | {field.source} | {', '.join(field.goes)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")
