"""The rows of the tables of a page, each declared once: what it is called, its unit, and the field it shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.measure.lesion import Lesion

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


_CANNOT = "cannot be said"

HIP_ROWS = (
    Row("Status", "", "status"),
    Row("Finding", "", "finding", missing="not judged"),
    Row("Lesions", "", "n_lesions", _number(0)),
    Row("Volume", "mL", "total_volume_mm3", _volume),
    Row("Volume above second threshold", "mL", "total_volume_second_threshold_mm3", _volume),
    Row("Sectors", "", "sectors", missing="–"),
    Row("Least femur–pelvis gap", "mm", "min_gap_mm", _number(1)),
    Row("Bridging", "", "bridging", missing=_CANNOT),
    Row("Brooker, from CT", "", "brooker_ct", missing=_CANNOT),
    Row("Della Valle, from CT", "", "della_valle_ct", missing=_CANNOT),
    Row("Mavrogenis, from CT", "", "mavrogenis", missing=_CANNOT),
    Row("Joint space, narrowest", "mm", "joint_space_min_mm", _number(1)),
    Row("Joint space, mean", "mm", "joint_space_mean_mm", _number(1)),
    Row("Roof with a joint space", "%", "joint_space_resolved", _number(0, 100)),
    Row("Femoral head, mean", "HU", "head_mean_hu", _number(0)),
    Row("... less the other side", "HU", "head_hu_difference", _signed),
    Row("Femoral neck, mean", "HU", "neck_mean_hu", _number(0)),
    Row("... less the other side", "HU", "neck_hu_difference", _signed),
    Row("Femoral head center", "mm", "center_lps_mm", point_words),
    Row("Femoral head radius", "mm", "head_radius_mm", _number(1)),
    Row("Residual of the head fit", "mm", "residual_mm", _number(1)),
    Row("Expected bone surface found", "%", "score", _number(0, 100)),
    Row("Joint region in view", "%", "coverage", _number(0, 100)),
)

LESION_GROUPS = {
    "Size and form": (
        Row("Volume", "mL", "volume_mm3", _volume),
        Row("Volume above second threshold", "mL", "volume_second_threshold_mm3", _volume),
        Row("Longest diameter", "mm", "max_diameter_mm", _number(0)),
        Row("Thickness", "mm", "thickness_mm", _number(1)),
        Row("Axial, long diameter", "mm", "axial_long_mm", _number(0)),
        Row("Axial, short diameter", "mm", "axial_short_mm", _number(0)),
        Row("Across × deep × high", "mm", "extent_lps_mm", _size),
        Row("Surface", "cm²", "surface_area_mm2", _number(1, 0.01)),
        Row("Sphericity", "", "sphericity", _number(2)),
        Row("Muscle group", "", "muscle_region"),
        Row("... known from", "", "muscle_region_source"),
        Row("Muscle around it", "%", "muscle_fraction", _number(0, 100)),
        Row("Fat around it", "%", "fat_fraction", _number(0, 100)),
        Row("Bone around it", "%", "bone_fraction", _number(0, 100)),
        Row("Air around it", "%", "air_fraction", _number(0, 100)),
    ),
    "Density": (
        Row("Mean", "HU", "mean_hu", _number(0)),
        Row("Standard deviation", "HU", "sd_hu", _number(0)),
        Row("Median", "HU", "median_hu", _number(0)),
        Row("95th percentile", "HU", "p95_hu", _number(0)),
        Row("Highest", "HU", "max_hu", _number(0)),
        Row("Outline drawn at", "HU", "boundary_hu", _number(0)),
        Row("Rim, median", "HU", "rim_hu", _number(0)),
        Row("Core, median", "HU", "core_hu", _number(0)),
        Row("Zonal index", "", "zonal_index", _number(2)),
        Row("Maturity", "", "maturity", missing="not judged"),
        Row("Denser inside than at the rim", "", "atypical_pattern"),
        Row("Confidence", "", "confidence", _number(2)),
    ),
    "Place and contact": (
        Row("Attached to", "", "attached_to", missing="nothing"),
        Row("Cut at the zone around metal", "", "cut_at_metal_zone"),
        Row("Contact with the femur", "mm²", "contact_femur_mm2", _number(0)),
        Row("... its length", "mm", "contact_femur_mm", _number(0)),
        Row("Contact with the pelvis", "mm²", "contact_pelvis_mm2", _number(0)),
        Row("... its length", "mm", "contact_pelvis_mm", _number(0)),
        Row("Gap to the femur", "mm", "gap_femur_mm", _number(1)),
        Row("Gap to the pelvis", "mm", "gap_pelvis_mm", _number(1)),
        Row("Gap to an opposing lesion", "mm", "gap_opposing_mm", _number(1)),
        Row("Center to femoral head center", "mm", "distance_to_head_center_mm", _number(0)),
        Row("To the femoral neck", "mm", "distance_to_neck_mm", _number(0)),
        Row("To the capsule region", "mm", "distance_to_capsule_mm", _number(0)),
        Row("Nearness to vessels", "", "vessels"),
        Row("Center", "mm", "centroid_lps_mm", point_words),
    ),
}
LESION_ROWS = tuple(row for rows in LESION_GROUPS.values() for row in rows)

#: What stands in large figures beside the sentence of a hip with ossification.
HIP_FIGURES = ("total_volume_mm3", "min_gap_mm", "bridging", "brooker_ct", "della_valle_ct", "mavrogenis")
#: The columns of the table over all lesions.
LESION_COLUMNS = ("volume_mm3", "max_diameter_mm", "mean_hu", "max_hu", "maturity", "attached_to", "gap_femur_mm",
                  "gap_pelvis_mm")  # fmt: skip


def lines(rows: Sequence[Row], things: Sequence[Hip] | Sequence[Lesion]) -> tuple[Line, ...]:
    """Return the rows with a cell for each thing, all of one record type; no rows without a thing."""
    if not things:
        return ()
    meanings = _meanings(type(things[0]))
    return tuple(
        Line(row.label, meanings[row.field], row.unit, tuple(cell(row, thing) for thing in things)) for row in rows
    )


def cell(row: Row, thing: Hip | Lesion) -> Cell:
    """Return what one row says of one thing."""
    value = getattr(thing, row.field)
    if value is None or value == ():
        return Cell(row.missing, known=False, why=next((n.message for n in thing.not_said if n.field == row.field), ""))
    return Cell(row.write(value), known=True)


def _meanings(record_type: type[msgspec.Struct]) -> dict[str, str]:
    """Return the description of each field, as in the JSON Schema; empty where its name says all."""
    info = msgspec.inspect.type_info(record_type)
    if not isinstance(info, msgspec.inspect.StructType):
        raise TypeError(f"{record_type.__name__} is not a record type")
    return {f.name: (getattr(f.type, "extra_json_schema", None) or {}).get("description", "") for f in info.fields}
