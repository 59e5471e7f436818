"""The data dictionary: every column of every table, with type, unit, values, definition and source."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.export.tables import columns_of, csv_text
from ho_detect.results.acquisition_fields import ACQUISITION_FIELDS
from ho_detect.results.fields import Field
from ho_detect.results.hip_fields import HIP_FIELDS
from ho_detect.results.lesion_fields import LESION_FIELDS
from ho_detect.results.rows import HipRow, LesionRow, StudyRow, TimingRow, column_names, words_of

DICTIONARY_FILE: Final = "dictionary.csv"
_TYPES: Final = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "true or false",
    list: "words",
}
_TABLES: Final[tuple[tuple[str, type[msgspec.Struct], type[msgspec.Struct], tuple[Field, ...]], ...]] = (
    ("summary", HipRow, Hip, HIP_FIELDS),
    ("lesions", LesionRow, Lesion, LESION_FIELDS),
    ("studies", StudyRow, StudyRow, ACQUISITION_FIELDS),
    ("timings", TimingRow, TimingRow, ()),
)
#: As REDCap writes and reads it.
REDCAP_HEADER: Final = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)
#: Instrument of each table that is about patients.
_FORMS: Final = {"summary": "hip", "lesions": "lesion"}
_VALIDATION: Final = {"integer": "integer", "number": "number"}


class DictionaryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``dictionary.csv``: one column of a table."""

    table: str
    column: str
    type: str
    unit: Annotated[str, Meta(description="Empty for words, identifiers and yes or no")]
    values: Annotated[str, Meta(description="Words that may stand there, separated by ;")]
    label: Annotated[str, Meta(description="As on the report page")]
    description: str
    source: Annotated[str, Meta(description="Where the definition is published; convention: a choice of this project")]


def dictionary_rows() -> list[DictionaryRow]:
    """Return one row per column, table by table, in the order of the columns."""
    rows = []
    for table, row_type, record_type, fields in _TABLES:
        declared = {column: field for field in fields for column in column_names(field, record_type)}
        words = words_of(record_type)
        for column, kind, description in columns_of(row_type):
            field = declared.get(column, Field(column, _unit(column), description))
            rows.append(
                DictionaryRow(
                    table=table,
                    column=column,
                    type=_TYPES[kind],
                    unit=field.unit,
                    values=";".join(words.get(field.name, ())),
                    label=field.page.label if field.page else "",
                    description=description,
                    source=field.source.replace("`", ""),
                )
            )
    return rows


def dictionary_csv() -> str:
    """Return the text of ``dictionary.csv``."""
    return csv_text(DictionaryRow, dictionary_rows())


def redcap_csv() -> str:
    """Return the tables of hips and lesions as instruments of a REDCap project, which uploads this text.

    Variables are named ``hip_`` or ``lesion_`` and the column. A record is one series; both instruments repeat.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, REDCAP_HEADER, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerow(_redcap("record_id", "series", "text", "Record: one CT series"))
    for row in dictionary_rows():
        if row.table not in _FORMS:
            continue
        form = _FORMS[row.table]
        many = row.type == "words"  # several in one cell
        kind = "yesno" if row.type == "true or false" else "dropdown" if row.values and not many else "text"
        line = _redcap(f"{form}_{row.column}", form, kind, row.label or row.column.replace("_", " "))
        line["Field Note"] = " ".join(part for part in (f"[{row.unit}]" if row.unit else "", row.description) if part)
        line["Field Annotation"] = row.source
        if kind == "dropdown":
            line["Choices, Calculations, OR Slider Labels"] = " | ".join(
                f"{word}, {word.replace('_', ' ')}" for word in row.values.split(";")
            )
        if kind == "text":
            line["Text Validation Type OR Show Slider Number"] = _VALIDATION.get(row.type, "")
        writer.writerow(line)
    return text.getvalue()


def _redcap(name: str, form: str, kind: str, label: str) -> dict[str, str]:
    return {"Variable / Field Name": name, "Form Name": form, "Field Type": kind, "Field Label": label}


def _unit(column: str) -> str:
    """Return the unit that the name of a column ends with."""
    endings = {"_mm3": "mm3", "_mm2": "mm2", "_mm": "mm", "_hu": "HU", "_mb": "MB"}
    return next((unit for ending, unit in endings.items() if column.endswith(ending)), "s" * (column == "seconds"))
