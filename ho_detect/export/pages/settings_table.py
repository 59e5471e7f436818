"""All settings of a record with what is declared of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ho_detect.settings import Settings
from ho_detect.system.tunable import CONVENTION, PLAIN_UNITS, declared_settings


@dataclass(frozen=True)
class Setting:
    """One setting: its name in a settings file, value with unit, what it means and where that comes from."""

    name: str
    value: str
    meaning: str
    is_default: bool


def settings_table(settings: Settings) -> tuple[Setting, ...]:
    """Return every setting, in the order of the file; nested names with a dot between."""
    values, defaults = settings.flat(), Settings().flat()
    rows = []
    for name, (_, declared) in declared_settings(Settings).items():
        unit = "" if declared.unit in PLAIN_UNITS else f" {declared.unit}"
        source = "" if declared.source == CONVENTION else f" Source: {declared.source}."
        rows.append(Setting(name, _text(values[name]) + unit, declared.text + source, values[name] == defaults[name]))
    return tuple(rows)


def _text(value: Any) -> str:  # noqa: ANN401 - any value that a settings file can hold
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " to ".join(_text(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
