"""The rows of the tables of a page, each declared once: what it is called, its unit, and the field it shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.results.fields import Field
from ho_detect.results.hip_fields import HIP_FIELDS
from ho_detect.results.lesion_fields import LESION_FIELDS

NOT_MEASURED = "not measured"
Writer = Callable[[Any], str]


def _number(digits: int, scale: float = 1.0) -> Writer:
    return lambda value: f"{scale * value:.{digits}f}"


def _signed(value: float) -> str:
    return f"{value:+.0f}".replace("-", "−") if abs(value) >= 0.5 else "0"


def _volume(value: float) -> str:
    ml = value / 1000
    return f"{ml:.{2 if ml < 10 else 1}f}"


def _words(value: Any) -> str:  # noqa: ANN401 - a word, words, or yes or no
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.replace("_", " ") if isinstance(value, str) else " and ".join(value)


def point_words(value: Sequence[float]) -> str:
    """Write an LPS point with the letters of its directions.

    >>> point_words((-87.2, 12, 301))
    '87 R, 12 P, 301 S'
    """
    return ", ".join(f"{abs(v):.0f} {way[v < 0]}" for v, way in zip(value, ("LR", "PA", "SI"), strict=True))


def _size(value: Sequence[float]) -> str:
    return " × ".join(f"{v:.0f}" for v in value)


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Parameters
    ----------
    label
        What is measured.
    unit
        Its unit; empty for words and grades.
    field
        Name in the record.
    write
        The value in words.
    missing
        What stands where the value is empty, or null without a reason in the record.
    """

    label: str
    unit: str
    field: str
    write: Writer = _words
    missing: str = NOT_MEASURED


@dataclass(frozen=True)
class Cell:
    """A value in words; or, where there is none, that it is missing and why (empty where the record does not say)."""

    text: str
    known: bool
    why: str = ""


@dataclass(frozen=True)
class Line:
    """A row for readers: its name, its meaning (from the record's own description), unit, and one cell per thing."""

    label: str
    meaning: str
    unit: str
    cells: tuple[Cell, ...]


def _row(field: Field) -> Row:
    """Return the row of a declared field that is shown."""
    assert field.page is not None  # noqa: S101 - for mypy
    shown = field.page
    writers: dict[str, Writer] = {
        "words": _words,
        "number": _number(shown.digits, shown.scale),
        "volume": _volume,
        "signed": _signed,
        "point": point_words,
        "size": _size,
    }
    return Row(shown.label, shown.unit, field.name, writers[shown.kind], shown.missing)


HIP_ROWS = tuple(_row(f) for f in HIP_FIELDS if f.page)
LESION_ROWS = tuple(_row(f) for f in LESION_FIELDS if f.page)
LESION_GROUPS = {
    group: tuple(_row(f) for f in LESION_FIELDS if f.page and f.page.group == group)
    for group in ("Size and shape", "Density", "Place and contact")
}

#: What stands in large figures beside the sentence of a hip with ossification.
HIP_FIGURES = tuple(f.name for f in HIP_FIELDS if f.page and f.page.headline)
#: The columns of the table over all lesions.
LESION_COLUMNS = tuple(f.name for f in LESION_FIELDS if f.page and f.page.headline)
_MEANINGS = {
    Hip: {f.name: f.description for f in HIP_FIELDS},
    Lesion: {f.name: f.description for f in LESION_FIELDS},
}


def lines(rows: Sequence[Row], things: Sequence[Hip] | Sequence[Lesion]) -> tuple[Line, ...]:
    """Return the rows with a cell for each thing, all of one record type; no rows without a thing."""
    if not things:
        return ()
    meanings = _MEANINGS[type(things[0])]
    return tuple(
        Line(row.label, meanings[row.field], row.unit, tuple(cell(row, thing) for thing in things)) for row in rows
    )


def cell(row: Row, thing: Hip | Lesion) -> Cell:
    """Return what one row says of one thing."""
    value = getattr(thing, row.field)
    if value is None or value == ():
        return Cell(row.missing, known=False, why=next((n.message for n in thing.not_said if n.field == row.field), ""))
    return Cell(row.write(value), known=True)
