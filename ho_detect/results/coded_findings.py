"""What is said of a hip and of a lesion, in codes: one list for the DICOM report and the FHIR observations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.flags import Flag
from ho_detect.results import codes
from ho_detect.results.codes import Coded
from ho_detect.results.fields import UNITS, Field
from ho_detect.results.hip_fields import HIP_FIELDS
from ho_detect.results.lesion_fields import LESION_FIELDS


class Number(NamedTuple):
    """A number that was measured."""

    name: Coded
    value: float
    unit: Coded
    derived: Coded | None = None
    """How it is derived from many values, for attenuation."""


class Said(NamedTuple):
    """Something that is said by a code."""

    name: Coded
    value: Coded


def hip_numbers(hip: Hip) -> list[Number]:
    """Return what was measured of a hip; what was not is left out."""
    return _numbers(hip, HIP_FIELDS)


def lesion_numbers(lesion: Lesion) -> list[Number]:
    """Return what was measured of a lesion; what was not is left out."""
    return _numbers(lesion, LESION_FIELDS)


def hip_codes(hip: Hip) -> Iterator[Said]:
    """Yield what is said of a hip, but whether there is ossification."""
    return _said(hip, HIP_FIELDS)


def lesion_codes(lesion: Lesion) -> Iterator[Said]:
    """Yield what is said of a lesion."""
    return _said(lesion, LESION_FIELDS)


def _numbers(record: Hip | Lesion, fields: tuple[Field, ...]) -> list[Number]:
    found = ((f, getattr(record, f.name)) for f in fields if f.code is not None and f.unit)
    return [Number(f.code, value, UNITS[f.unit], f.derived) for f, value in found if f.code and value is not None]


def _said(record: Hip | Lesion, fields: tuple[Field, ...]) -> Iterator[Said]:
    for field in fields:
        if field.code is None or field.unit:
            continue
        value = getattr(record, field.name)
        for one in value if isinstance(value, tuple) else (value,):
            if one is not None:
                yield Said(field.code, _code(field, one))
        if value == () and field.empty is not None:
            yield Said(field.code, field.empty)


def _code(field: Field, value: str | bool | Flag) -> Coded:
    if isinstance(value, bool):
        return codes.YES if value else codes.NO
    if isinstance(value, Flag):
        return codes.word(value.code)
    return field.values.get(value) or codes.word(value)
