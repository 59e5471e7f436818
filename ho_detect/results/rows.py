"""The three tables of a run, one row per hip, per lesion and per series (:mod:`ho_detect.export.tables` writes them).

Each table is defined by one record type: its fields are the columns, in order, with the same types also
when there are no rows. Those of hips and lesions are made from the declared fields.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ho_detect.acquisition.volume.hu_volume import SeriesRecord
from ho_detect.anatomy.regions.muscle_names import MuscleVolume
from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.flags import Flag, Null
from ho_detect.image.sides import Point
from ho_detect.results.acquisition_fields import ACQUISITION_FIELDS
from ho_detect.results.fields import Field
from ho_detect.results.hip_fields import HIP_FIELDS
from ho_detect.results.lesion_fields import LESION_FIELDS

if TYPE_CHECKING:
    from ho_detect.results.record import FindingsRecord

#: ``waiting``: not done yet, while a run goes on or when it was ended before its time.
StudyStatus = Literal["ok", "warning", "failed", "left_out", "waiting"]


def _columns(record_type: type[msgspec.Struct], fields: tuple[Field, ...]) -> list[tuple[str, Any]]:
    """Return name and type of the columns that the fields of a record make."""
    kinds = _types(record_type)
    columns: list[tuple[str, Any]] = []
    for field in fields:
        kind, optional = _plain_kind(kinds[field.name])
        about = Meta(description=field.description)
        cell: Any = float if kind is tuple else tuple[str, ...] if kind is list else kind
        columns += [(n, Annotated[cell | None if optional else cell, about]) for n in _names(field, kind)]
    return columns


def _plain_kind(kind: msgspec.inspect.Type) -> tuple[type, bool]:
    """Return what a cell of such a field holds, and whether it may be empty; tuple for a point, list for words."""
    if isinstance(kind, msgspec.inspect.Metadata):
        kind = kind.type
    optional = isinstance(kind, msgspec.inspect.UnionType)
    if isinstance(kind, msgspec.inspect.UnionType):
        kind = next(t for t in kind.types if not isinstance(t, msgspec.inspect.NoneType))
    plain: dict[type, type] = {
        msgspec.inspect.StrType: str,
        msgspec.inspect.LiteralType: str,
        msgspec.inspect.IntType: int,
        msgspec.inspect.FloatType: float,
        msgspec.inspect.BoolType: bool,
        msgspec.inspect.VarTupleType: list,
        msgspec.inspect.TupleType: tuple,
    }
    return plain[type(kind)], optional


def column_names(field: Field, record_type: type[msgspec.Struct]) -> list[str]:
    """Return the columns that a field of a record makes: three for a point, else one."""
    return _names(field, _plain_kind(_types(record_type)[field.name])[0])


def words_of(record_type: type[msgspec.Struct]) -> dict[str, tuple[str, ...]]:
    """Return the words that may stand in each field that allows only some."""
    found = {}
    for name, kind in _types(record_type).items():
        parts = [kind.type if isinstance(kind, msgspec.inspect.Metadata) else kind]
        parts = list(parts[0].types) if isinstance(parts[0], msgspec.inspect.UnionType) else parts
        parts = [p.item_type if isinstance(p, msgspec.inspect.VarTupleType) else p for p in parts]
        words = [str(value) for p in parts if isinstance(p, msgspec.inspect.LiteralType) for value in p.values]
        if words:
            found[name] = tuple(words)
    return found


@cache  # asked for each field; it takes msgspec 10 ms to look at a record
def _types(record_type: type[msgspec.Struct]) -> dict[str, msgspec.inspect.Type]:
    info = msgspec.inspect.type_info(record_type)
    if not isinstance(info, msgspec.inspect.StructType):
        raise TypeError(f"{record_type.__name__} is not a record type")
    return {f.name: f.type for f in info.fields}


def _names(field: Field, kind: type) -> list[str]:
    pattern = field.columns or field.name.replace("_lps_mm", "_{}_lps_mm")
    return [pattern.format(axis) for axis in "xyz"] if kind is tuple else [field.name]


def _row_type(name: str, record_type: type[msgspec.Struct], fields: tuple[Field, ...]) -> Any:  # noqa: ANN401
    """Return the record type of a table: the place of the result, then the columns of its fields."""
    place: list[tuple[str, Any]] = [
        ("folder", Annotated[str | None, Meta(description="Result folder below OUT")]),
        ("study_uid", Annotated[str, Meta(description="Pseudonym, unless identities were asked for")]),
        ("series_uid", Annotated[str, Meta(description="Pseudonym, unless identities were asked for")]),
    ]
    return msgspec.defstruct(name, [*place, *_columns(record_type, fields)], frozen=True, kw_only=True, module=__name__)


class HipRow(_row_type("_HipColumns", Hip, HIP_FIELDS), frozen=True, kw_only=True):  # type: ignore[misc, call-arg]
    """A row of ``summary``: one hip."""


class LesionRow(_row_type("_LesionColumns", Lesion, LESION_FIELDS), frozen=True, kw_only=True):  # type: ignore[misc, call-arg]
    """A row of ``lesions``: one lesion."""


class ExcludedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row about one dense thing that was detected and not counted."""

    study_uid: str
    series_uid: str
    reason: str
    message: str
    side: str | None
    volume_mm3: float
    centroid_x_lps_mm: float
    centroid_y_lps_mm: float
    centroid_z_lps_mm: float
    max_hu: float
    probability: float | None
    because: str
    height_mm: float | None
    base_mm2: float | None
    bridging: bool
    number: int | None


class _FoundSeries(msgspec.Struct, frozen=True, kw_only=True):
    number: Annotated[int, Meta(description="Order in which it was found, as in ho-detect inspect")]
    study_uid: Annotated[str, Meta(description="Pseudonym, unless identities were asked for")]
    series_uid: Annotated[str, Meta(description="Pseudonym, unless identities were asked for")]
    status: Annotated[StudyStatus, Meta(description="ok, warning, failed, left_out; waiting: not done yet")]
    reason: Annotated[str | None, Meta(description="Code: why it was left out, or why it failed")] = None
    message: Annotated[str | None, Meta(description="The reason, or what qualifies the result, in words")] = None
    flags: Annotated[tuple[str, ...], Meta(description="Codes that qualify the result")] = ()
    n_lesions: int | None = None
    rank: Annotated[int | None, Meta(description="Among usable series of the study: 1 suits bone best")] = None
    suits: Annotated[str | None, Meta(description="What the rank rests on")] = None
    part: Annotated[str | None, Meta(description="Which of several volumes of the series")] = None
    modality: str | None = None
    n_slices: int | None = None
    rows: int | None = None
    columns: int | None = None
    slice_step_mm: float | None = None
    row_spacing_mm: float | None = None
    column_spacing_mm: float | None = None
    folder: Annotated[str | None, Meta(description="Result folder below OUT")] = None
    description: Annotated[str | None, Meta(description="Only where identities were asked for")] = None
    patient_id: Annotated[str | None, Meta(description="Only where identities were asked for")] = None
    study_date: Annotated[str | None, Meta(description="Only where identities were asked for")] = None
    source: Annotated[str | None, Meta(description="Only where identities were asked for")] = None


_Acquired: Any = msgspec.defstruct(
    "_Acquired",
    [(*column, None) for column in _columns(SeriesRecord, ACQUISITION_FIELDS)],
    bases=(_FoundSeries,),
    module=__name__,
    frozen=True,
    kw_only=True,
)


class StudyRow(_Acquired, frozen=True, kw_only=True):  # type: ignore[misc, call-arg]
    """A row of ``studies``: one series that was found, analysed or not, and how it was acquired."""


class TimingRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``timings``: what one series cost. Apart from the other tables, which say the same in every run."""

    number: Annotated[int, Meta(description="As in studies")]
    series_uid: str
    seconds: Annotated[float, Meta(description="Wall time of loading, analysis and writing, s")]
    peak_memory_mb: Annotated[float | None, Meta(description="Most memory of its process, MB; empty where it crashed")]
    ended: Annotated[str, Meta(description="UTC")]


def hip_rows(record: FindingsRecord, folder: str | None = None) -> list[HipRow]:
    """Return one row per hip of a record, in the record's order."""
    return [HipRow(**_place(record, folder), **_cells(hip, HIP_FIELDS)) for hip in record.hips]


def lesion_rows(record: FindingsRecord, folder: str | None = None) -> list[LesionRow]:
    """Return one row per lesion of a record, in the record's order."""
    return [LesionRow(**_place(record, folder), **_cells(lesion, LESION_FIELDS)) for lesion in record.lesions]


def excluded_rows(record: FindingsRecord) -> list[ExcludedRow]:
    """Return one row per thing detected and not counted, in the record's order."""
    return [
        ExcludedRow(
            study_uid=record.series.study_uid,
            series_uid=record.series.series_uid,
            **_xyz("centroid_{}_lps_mm", thing.centroid_lps_mm),
            **_plain(thing, drop={"centroid_lps_mm"}),
        )
        for thing in record.excluded
    ]


def _place(record: FindingsRecord, folder: str | None) -> dict[str, Any]:
    return {"folder": folder, "study_uid": record.series.study_uid, "series_uid": record.series.series_uid}


def _cells(record: Hip | Lesion, fields: tuple[Field, ...]) -> dict[str, Any]:
    """Return the values of a record as its columns have them: words as tuples, points as three numbers."""
    cells: dict[str, Any] = {}
    for field in fields:
        value = getattr(record, field.name)
        if field.name in _POINTS:
            cells |= dict(zip(_names(field, tuple), value or (None, None, None), strict=True))
        elif isinstance(value, tuple):
            cells[field.name] = tuple(map(_word, value))
        else:
            cells[field.name] = value
    return cells


#: Fields that are a point or an extent: three columns each.
_POINTS = frozenset({"center_lps_mm", "centroid_lps_mm", "extent_lps_mm"})


def _word(value: str | Flag | Null | MuscleVolume) -> str:
    if isinstance(value, MuscleVolume):
        return f"{value.muscle}={value.volume_mm3}"
    if isinstance(value, Null):
        return f"{value.field}={value.code}"
    return value.code if isinstance(value, Flag) else value


def _plain(record: msgspec.Struct, drop: set[str]) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(record).items() if name not in drop}


def _xyz(pattern: str, point: Point | None) -> dict[str, Any]:
    return {pattern.format(axis): value for axis, value in zip("xyz", point or (None, None, None), strict=True)}
