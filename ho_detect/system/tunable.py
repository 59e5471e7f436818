"""How a setting is declared, beside its default: unit, range, source and one sentence; and how a value is checked.

>>> class Example(Group, frozen=True):
...     place: ClassVar[str] = "example"
...     depth_mm: Annotated[float, Tunable("mm", 0.5, 9, "Depth of the rim.")] = 2.0
>>> Example(depth_mm=-5)
Traceback (most recent call last):
ho_detect.errors.SettingError: setting example.depth_mm = -5: it has to be a number from 0.5 to 9 mm
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self, get_args, get_origin, get_type_hints

import msgspec

from ho_detect.errors import SettingError

#: Source of what is a choice of this project, never presented as validated.
CONVENTION = "convention"
#: Units of what is no measure.
PLAIN_UNITS = ("ratio", "count", "switch", "name")


@dataclass(frozen=True)
class Tunable:
    """What is declared of a setting.

    Parameters
    ----------
    unit
        As in ``mm``; ``ratio`` or ``count`` of a bare number, ``switch`` of true and false, ``name`` of a choice.
    low, high
        The least and the largest value that make sense; None where it is no number. Of a pair they hold for both
        numbers, and the first has to be the lower one.
    text
        One sentence that can be read alone.
    source
        A citation, or :data:`CONVENTION`.
    """

    unit: str
    low: float | None
    high: float | None
    text: str
    source: str = CONVENTION


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings under one heading, checked however they are made; ``place`` is the heading.

    Raises
    ------
    SettingError
        A value is of the wrong type or outside of its range; it names the setting, the value and the range.
    """

    place: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for name, group in subgroups(type(self)).items():
            if not isinstance(getattr(self, name), group):
                raise SettingError(f"setting {name} = {getattr(self, name)!r}: it has to be {group.__name__}")
        for name, (kind, declared) in declared_in(type(self)).items():
            value = getattr(self, name)
            checked = _checked(f"{self.place}.{name}".lstrip("."), kind, declared, value)
            if checked is not value:
                msgspec.structs.force_setattr(self, name, checked)

    def replaced(self, **changes: Any) -> Self:  # noqa: ANN401 - any value that a setting can have
        """Return these settings with other values."""
        return msgspec.structs.replace(self, **changes)


@cache
def declared_in(group: type[Group]) -> dict[str, tuple[Any, Tunable]]:
    """Return type and declaration of each setting of a group, in their order; groups in it are left out."""
    hints = get_type_hints(group, include_extras=True)
    found: dict[str, tuple[Any, Tunable]] = {}
    for name in group.__struct_fields__:
        if get_origin(hints[name]) is Annotated:
            kind, *notes = get_args(hints[name])
            found[name] = kind, next(note for note in notes if isinstance(note, Tunable))
    return found


@cache
def subgroups(group: type[Group]) -> dict[str, type[Group]]:
    """Return the groups in a group, by name."""
    hints = get_type_hints(group, include_extras=True)
    kinds = {name: hints[name] for name in group.__struct_fields__}
    return {name: kind for name, kind in kinds.items() if isinstance(kind, type) and issubclass(kind, Group)}


@cache
def declared_settings(group: type[Group]) -> dict[str, tuple[Any, Tunable]]:
    """Return type and declaration of each setting of a group and of the groups in it, under its name with a dot."""
    inner = {
        f"{heading}.{name}": declared
        for heading, kind in subgroups(group).items()
        for name, declared in declared_in(kind).items()
    }
    return declared_in(group) | inner


def refuse_unknown_names(values: Mapping[str, Any], group: type[Group]) -> None:
    """Check the names in nested plain values.

    Raises
    ------
    SettingError
        A name is not known; it names the nearest one that is.
    """
    groups = subgroups(group)
    known = [*groups, *declared_settings(group)]
    for name, value in values.items():
        if name not in known or "." in name:
            raise SettingError(_unknown(name, known))
        if name not in groups:
            continue
        if not isinstance(value, Mapping):
            raise SettingError(f"setting {name} = {value!r}: it is a heading with settings below it")
        for inner in value:
            if inner not in declared_in(groups[name]):
                raise SettingError(_unknown(f"{name}.{inner}", known))


def _unknown(name: str, known: Iterable[str]) -> str:
    """Say that a name is not known; under another heading the same name is the nearest."""
    last = name.rpartition(".")[2]
    near = [k for k in known if k.rpartition(".")[2] == last] or difflib.get_close_matches(name, known, 1, 0.5)
    return f"setting {name} is not known" + (f"; the nearest name is {near[0]}" if near else "")


def said_range(kind: Any, declared: Tunable) -> str:  # noqa: ANN401 - a type as it is annotated
    """Say which values a setting may have.

    >>> said_range(int, Tunable("count", 1, 20, "How many."))
    'a whole number from 1 to 20'
    """
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind))
    if kind is bool:
        return "true or false"
    many = {int: "a whole number", float: "a number"}.get(kind, "two numbers, the lower one first,")
    unit = "" if declared.unit in PLAIN_UNITS else f" {declared.unit}"
    return f"{many} from {declared.low:,.9g} to {declared.high:,.9g}{unit}"


def _checked(name: str, kind: Any, declared: Tunable, value: Any) -> Any:  # noqa: ANN401 - of any type, and checked
    """Return a value as its own type: a whole number as float, a list as tuple."""
    try:
        meant = msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _refusal(name, kind, declared, value) from error
    if declared.low is None or declared.high is None:
        return meant
    numbers = meant if isinstance(meant, tuple) else (meant,)
    # no comparison holds for NaN
    if not all(declared.low <= n <= declared.high for n in numbers) or numbers[0] > numbers[-1]:
        raise _refusal(name, kind, declared, value)
    return meant


def _refusal(name: str, kind: Any, declared: Tunable, value: Any) -> SettingError:  # noqa: ANN401 - as above
    return SettingError(f"setting {name} = {value!r}: it has to be {said_range(kind, declared)}")
