"""What commands share: options, settings, what is said and where, the log."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ho_detect.errors import UsageError

if TYPE_CHECKING:
    from ho_detect.settings import Settings

log = logging.getLogger("ho_detect")

inputs_argument = click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=click.Path(path_type=Path))
out_option = click.option(
    "--out", "-o", required=True, type=click.Path(path_type=Path), help="Folder to write to; made if needed."
)
settings_option = click.option(
    "--settings", "settings_file", type=click.Path(path_type=Path), help="TOML file with settings to change."
)
key_file_option = click.option(
    "--key-file",
    type=click.Path(path_type=Path),
    help="Secret of at least 16 bytes: the same series then gets the same name in every run.",
)
keep_identity_option = click.option(
    "--keep-identity", is_flag=True, help="Write true UIDs, patient id, date and source folder."
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print a JSON summary, and nothing else, on standard output."
)
quiet_option = click.option("--quiet", "-q", is_flag=True, help="Say nothing but errors.")
log_file_option = click.option("--log-file", type=click.Path(path_type=Path), help="Append what happens to this file.")
debug_option = click.option(
    "--debug", is_flag=True, help="Show tracebacks and what libraries print. May show patient identity."
)


@dataclass(frozen=True)
class Talk:
    """What is said, and where: JSON alone on standard output, or sentences."""

    quiet: bool
    json: bool
    log_file: Path | None
    debug: bool


def settings_from(path: Path | None, *, keep_identity: bool) -> Settings:
    """Return the settings of a TOML file, or the defaults, with identities kept where that was asked for.

    Raises
    ------
    UsageError
        The file cannot be used.
    """
    import msgspec

    from ho_detect.settings import Settings

    settings = Settings() if path is None else Settings.from_file(path)
    if keep_identity:
        output = msgspec.structs.replace(settings.output, keep_identity=True)
        settings = msgspec.structs.replace(settings, output=output)
    return settings


@contextmanager
def log_to(talk: Talk) -> Iterator[None]:
    """Let the package's log go to a file, and nowhere else.

    Raises
    ------
    UsageError
        The file cannot be written.
    """
    handler: logging.Handler = logging.NullHandler()
    if talk.log_file is not None:
        try:
            handler = logging.FileHandler(talk.log_file, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot write the log file: {error.strerror}") from error
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    elif talk.debug:
        handler = logging.StreamHandler(sys.stderr)
    before = log.level, log.propagate, log.handlers
    log.setLevel(logging.DEBUG if talk.debug else logging.INFO)
    log.propagate, log.handlers = False, [handler]
    try:
        yield
    finally:
        handler.close()
        log.setLevel(before[0])
        log.propagate, log.handlers = before[1:]
