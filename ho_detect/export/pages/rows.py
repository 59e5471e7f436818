"""The rows of the tables of a page, each declared once: what it is called, its unit, and the field it shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ho_detect.acquisition.volume.hu_volume import SeriesRecord
from ho_detect.anatomy.regions.muscle_names import MuscleVolume
from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.grade.systems import GRADES
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.export.pages.settings_table import setting_values
from ho_detect.results.acquisition_fields import ACQUISITION_FIELDS
from ho_detect.results.fields import Field
from ho_detect.results.hip_fields import HIP_FIELDS
from ho_detect.results.lesion_fields import LESION_FIELDS
from ho_detect.results.lesion_words import MUSCLES, list_words, muscle_words, probability_words

NOT_MEASURED = "not measured"
Writer = Callable[[Any], str]
Things = Sequence[Hip] | Sequence[Lesion] | Sequence[SeriesRecord]
#: The name of a setting in a definition.
_NAME = re.compile(r"`([a-z_]+\.[a-z_]+)`")


def _number(digits: int, scale: float = 1.0) -> Writer:
    return lambda value: f"{scale * value:.{digits}f}".replace("-", "−")


def _signed(value: float) -> str:
    return f"{value:+.0f}".replace("-", "−") if abs(value) >= 0.5 else "0"


def volume_words(value_mm3: float) -> str:
    """Write a volume in mL without its unit, never as 0.00.

    >>> volume_words(41260), volume_words(84.2), volume_words(2), volume_words(0)
    ('41.3', '0.08', '<0.01', '0')
    """
    ml = value_mm3 / 1000
    if ml < 0.005:
        return "<0.01" if ml > 0 else "0"
    return f"{ml:.{2 if ml < 10 else 1}f}"


def _words(value: Any) -> str:  # noqa: ANN401 - a word, words, or yes or no
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value in MUSCLES:
        return MUSCLES[value]
    return value.replace("_", " ") if isinstance(value, str) else list_words(value)


def point_words(value: Sequence[float]) -> str:
    """Write an LPS point with the letters of its directions.

    >>> point_words((-87.2, 12, 301))
    '87 R, 12 P, 301 S'
    """
    return ", ".join(f"{abs(v):.0f} {way[v < 0]}" for v, way in zip(value, ("LR", "PA", "SI"), strict=True))


def _size(value: Sequence[float]) -> str:
    return " × ".join(f"{v:.0f}" for v in value)


def _by_muscle(volumes: Sequence[MuscleVolume]) -> str:
    return ", ".join(f"{muscle_words(part.muscle)} {volume_words(part.volume_mm3)}" for part in volumes)


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
    note
        What readers have to know beside it, on paper too.
    """

    label: str
    unit: str
    field: str
    write: Writer = _words
    missing: str = NOT_MEASURED
    note: str = ""


@dataclass(frozen=True)
class Cell:
    """A value in words; or, where there is none, that it is missing and why (empty where the record does not say)."""

    text: str
    known: bool
    why: str = ""


@dataclass(frozen=True)
class Line:
    """A row for readers: its name, its meaning (from the record's own description), unit, note, one cell per thing."""

    label: str
    meaning: str
    unit: str
    cells: tuple[Cell, ...]
    note: str = ""


def _row(field: Field) -> Row:
    """Return the row of a declared field that is shown."""
    assert field.page is not None  # noqa: S101 - for mypy
    shown = field.page
    writers: dict[str, Writer] = {
        "words": _words,
        "plain": lambda value: f"{value:g}",
        "number": _number(shown.digits, shown.scale),
        "volume": volume_words,
        "probability": probability_words,
        "signed": _signed,
        "point": point_words,
        "size": _size,
        "muscles": _by_muscle,
    }
    return Row(shown.label, shown.unit, field.name, writers[shown.kind], shown.missing, shown.note)


ACQUISITION_ROWS = tuple(_row(f) for f in ACQUISITION_FIELDS if f.page)
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
_FIELDS: dict[type, dict[str, Field]] = {
    SeriesRecord: {f.name: f for f in ACQUISITION_FIELDS},
    Hip: {f.name: f for f in HIP_FIELDS},
    Lesion: {f.name: f for f in LESION_FIELDS},
}
#: Fields of a hip beside metal that are the least there is, and the most.
_AT_LEAST, _AT_MOST = frozenset(grade.name for grade in GRADES if grade.word == "class"), frozenset({"min_gap_mm"})


def lines(rows: Sequence[Row], things: Things, recorded: dict[str, Any] | None = None) -> tuple[Line, ...]:
    """Return the rows with a cell for each thing, all of one record type; no rows without a thing.

    Parameters
    ----------
    recorded
        Settings of the record: a meaning says their values, not their names.
    """
    if not things:
        return ()
    values = setting_values(recorded or {})
    fields = _FIELDS[type(things[0])]

    def meaning(row: Row) -> str:
        said = Field("", "", _NAME.sub(lambda m: values.get(m[1], m[1]), fields[row.field].definition))
        return said.description

    return tuple(
        Line(row.label, meaning(row), row.unit, tuple(cell(row, thing) for thing in things), row.note) for row in rows
    )


def cell(row: Row, thing: Hip | Lesion | SeriesRecord) -> Cell:
    """Return what one row says of one thing."""
    value = getattr(thing, row.field)
    if value is None or value == ():
        return Cell(row.missing, known=False, why=next((n.message for n in thing.not_said if n.field == row.field), ""))
    beside_metal = isinstance(thing, Hip) and thing.grades_at_least
    bound = "at least " if row.field in _AT_LEAST else "at most " if row.field in _AT_MOST else ""
    return Cell((bound if beside_metal else "") + row.write(value), known=True)
