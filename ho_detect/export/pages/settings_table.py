"""All settings of a record with their meaning and source, as they are documented in the code."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from ho_detect.settings import Settings


@dataclass(frozen=True)
class Setting:
    """One setting: its name in a settings file, value, what it means and where that comes from."""

    name: str
    value: str
    meaning: str
    is_default: bool


def settings_table(settings: Settings) -> tuple[Setting, ...]:
    """Return every setting, in the order of the file; nested names with a dot between."""
    defaults = _flat(Settings().to_dict())
    meanings = _meanings()
    return tuple(
        Setting(name, _text(value), meanings.get(name, ""), value == defaults[name])
        for name, value in _flat(settings.to_dict()).items()
    )


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat


def _text(value: Any) -> str:  # noqa: ANN401 - any value that a settings file can hold
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " to ".join(_text(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


@cache
def _meanings() -> dict[str, str]:
    """Read the text below each field of the settings records."""
    texts = _field_texts(Settings)
    for group, record in _groups():
        texts |= {f"{group}.{name}": text for name, text in _field_texts(type(record)).items()}
    return texts


def _groups() -> list[tuple[str, Any]]:
    defaults = Settings()
    return [(name, getattr(defaults, name)) for name in defaults.__struct_fields__ if name != "threads"]


def _field_texts(record: type) -> dict[str, str]:
    source = ast.parse(inspect.getsource(record))
    body = next(node.body for node in source.body if isinstance(node, ast.ClassDef))
    texts = {}
    for field, below in pairwise(body):
        is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and is_text:
            texts[field.target.id] = " ".join(inspect.cleandoc(str(below.value.value)).split())  # type: ignore[attr-defined]
    return texts
