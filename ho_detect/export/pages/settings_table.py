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


def settings_table(recorded: dict[str, Any]) -> tuple[Setting, ...]:
    """Return the settings of a record, in the order of the file, nested names with a dot between; unknown ones last.

    Parameters
    ----------
    recorded
        Plain values by group and name; of another version some may be missing, and others be unknown here.
    """
    values = {f"{group}.{name}": value for group, inner in recorded.items() for name, value in inner.items()}
    defaults, declared = Settings().flat(), declared_settings(Settings)
    rows = []
    for name in [*(n for n in declared if n in values), *(n for n in values if n not in declared)]:
        unit, meaning, default = "", "Of another version.", None
        if name in declared:
            said = declared[name][1]
            unit = "" if said.unit in PLAIN_UNITS else f" {said.unit}"
            meaning = said.text + ("" if said.source == CONVENTION else f" Source: {said.source}.")
            default = defaults[name]
        rows.append(Setting(name, _text(values[name]) + unit, meaning, _text(values[name]) == _text(default)))
    return tuple(rows)


def setting_values(recorded: dict[str, Any]) -> dict[str, str]:
    """Return the value of each setting with its unit, by name; defaults where the record has none."""
    return {s.name: s.value for s in (*settings_table(Settings().deciding()), *settings_table(recorded))}


def _text(value: Any) -> str:  # noqa: ANN401 - any value that a settings file can hold
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " to ".join(_text(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
