"""``ho-detect settings``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ho_detect._version import __version__

if TYPE_CHECKING:
    from ho_detect.settings import Settings


@click.command("settings")
@click.option(
    "--changed", metavar="FILE", type=click.Path(path_type=Path), help="Print only what FILE changes of the defaults."
)
def command(changed: Path | None) -> None:
    """Print all settings as a commented TOML file to edit: ho-detect settings > my.toml

    The file is given to other commands with --settings. It may hold only what differs from the defaults.
    """
    from ho_detect.settings import Settings

    settings = Settings() if changed is None else Settings.from_file(changed)
    click.echo(settings_file(settings, changed_only=changed is not None), nl=False)


def settings_file(settings: Settings, *, changed_only: bool = False) -> str:
    """Return the text of a TOML file that reads back to these settings.

    Parameters
    ----------
    changed_only
        Leave out what is as by default.
    """
    return "\n".join(_lines(settings, changed_only=changed_only)) + "\n"


def _lines(settings: Settings, *, changed_only: bool) -> Iterator[str]:
    from ho_detect.settings import Settings
    from ho_detect.system.tunable import declared_settings, subgroups

    values, defaults = settings.flat(), Settings().flat()
    names = [name for name in values if values[name] != defaults[name] or not changed_only]
    what = "what differs from the defaults" if changed_only else "all, each with its range and source"
    yield f"# Settings of ho-detect {__version__}: {what}."
    if not names:
        yield "# Nothing differs."
    above = ""
    for name in names:
        heading, _, last = name.rpartition(".")
        if heading != above:
            yield from ("", "", f"# {_first_line(subgroups(Settings)[heading])}", f"[{heading}]")
            above = heading
        kind, declared = declared_settings(Settings)[name]
        yield ""
        yield f"# {declared.text}"
        yield f"# {_said(kind, declared, defaults[name])}"
        yield f"{last} = {_toml(values[name])}"


def _said(kind: Any, declared: Any, default: Any) -> str:  # noqa: ANN401 - as a setting is declared
    """Say default, range and source in a line."""
    from ho_detect.system.tunable import said_range

    said = said_range(kind, declared)
    unit = f" ({declared.unit})" if declared.unit in ("ratio", "count") else ""
    return f"Default {_toml(default)}; {said}{unit}. Source: {declared.source}."


def _first_line(group: type) -> str:
    return (group.__doc__ or "").partition("\n")[0]


def _toml(value: Any) -> str:  # noqa: ANN401 - any value that a setting can have
    """Return a value as TOML writes it.

    >>> _toml((1.0, 2.5)), _toml(True), _toml("plain")
    ('[1.0, 2.5]', 'true', '"plain"')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(v) for v in value)}]"
    return f'"{value}"' if isinstance(value, str) else repr(value)
