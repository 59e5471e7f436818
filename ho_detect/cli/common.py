"""What commands share: options, settings, what is said and where, the log."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ho_detect._version import __version__
from ho_detect.errors import UsageError
from ho_detect.system.text import printable

if TYPE_CHECKING:
    from ho_detect.cohort.run.messages import Report
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
link_table_option = click.option(
    "--link-table",
    type=click.Path(path_type=Path),
    help="Write which series has which name to this file outside of OUT, for your eyes only.",
)
all_series_option = click.option(
    "--all-series", is_flag=True, help="Analyse also series that a better one of the same study stands in for."
)
dicom_option = click.option("--dicom", is_flag=True, help="Write a DICOM Segmentation, report and key images too.")
bones_option = click.option("--bones", is_flag=True, help="Write a label map of native femur and hip bone too.")
meshes_option = click.option(
    "--meshes",
    is_flag=True,
    help="Write lesions, native femurs and hip bones as STL and 3MF too; with --dicom as DICOM.",
)
fhir_option = click.option("--fhir", is_flag=True, help="Write a FHIR R4 bundle with a diagnostic report too.")
fhir_bundle_option = click.option(
    "--fhir-bundle",
    type=click.Choice(["collection", "transaction"]),
    help="With --fhir: a document to keep, or what a FHIR server takes in.",
)
naming_option = click.option(
    "--naming",
    type=click.Choice(["plain", "bids"]),
    help="bids: label maps and records under names of a BIDS derivative too.",
)
anatomy_option = click.option(
    "--anatomy",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="NIfTI masks (TotalSegmentator, MuscleMap, MOOSE) used in place of ours: of one study, or a folder for each.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print a JSON summary, and nothing else, on standard output."
)
quiet_option = click.option("--quiet", "-q", is_flag=True, help="Say nothing but errors.")
log_file_option = click.option("--log-file", type=click.Path(path_type=Path), help="Append what happens to this file.")
debug_option = click.option(
    "--debug", is_flag=True, help="Show tracebacks and what libraries print. May show patient identity."
)


#: Options that are settings of what is written.
OUTPUT_NAMES = ("keep_identity", "dicom", "fhir", "fhir_bundle", "bones", "meshes", "naming")


@dataclass(frozen=True)
class Messages:
    """What is said, and where: JSON alone on standard output, or sentences."""

    quiet: bool
    json: bool
    log_file: Path | None
    debug: bool


def settings_from(path: Path | None, *, all_series: bool = False, **output: bool | str | None) -> Settings:
    """Return the settings of a TOML file, or the defaults, with what options ask for besides.

    ``output`` are settings of that part.

    Raises
    ------
    UsageError
        The file cannot be used.
    """
    import msgspec

    from ho_detect.settings import Settings

    settings = Settings() if path is None else Settings.from_file(path)
    asked = {name: value for name, value in output.items() if value}
    settings = msgspec.structs.replace(settings, output=msgspec.structs.replace(settings.output, **asked))
    if all_series:
        acquisition = msgspec.structs.replace(settings.acquisition, all_series=True)
        settings = msgspec.structs.replace(settings, acquisition=acquisition)
    return settings


class _LogFile(logging.FileHandler):
    """A log whose disk may be full: said once, and no reason to stop."""

    _lost = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - as logging calls it
        if not self._lost:
            self._lost = True
            click.echo(f"The log file cannot be written any more: {sys.exc_info()[1]}", err=True)

    def close(self) -> None:
        # closing writes what is left, which the disk may refuse again
        with suppress(OSError) if self._lost else nullcontext():
            super().close()


@contextmanager
def log_to(messages: Messages) -> Iterator[None]:
    """Let the package's log go to a file, and nowhere else.

    Raises
    ------
    UsageError
        The file cannot be written.
    """
    handler: logging.Handler = logging.NullHandler()
    if messages.log_file is not None:
        try:
            handler = _LogFile(messages.log_file, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot write the log file: {error.strerror}", messages.log_file) from error
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    elif messages.debug:
        handler = logging.StreamHandler(sys.stderr)
    before = log.level, log.propagate, log.handlers
    log.setLevel(logging.DEBUG if messages.debug else logging.INFO)
    log.propagate, log.handlers = False, [handler]
    try:
        yield
    finally:
        handler.close()
        log.setLevel(before[0])
        log.propagate, log.handlers = before[1:]


def say_report(report: Report, messages: Messages, status: int) -> None:
    """Say what came of a run, in sentences or as JSON."""
    from ho_detect.cli.terminal import console_for, show_report

    if messages.json:
        click.echo(_report_json(report, status))
    if not messages.quiet:
        show_report(report, console_for(sys.stderr if messages.json else sys.stdout))


def _report_json(report: Report, status: int) -> str:
    import msgspec

    summary = {
        "software": {"name": "ho-detect", "version": __version__},
        "exit_status": status,
        "seconds": round(report.seconds, 3),
        "out": printable(str(report.out)),
        "n_earlier_folders": report.n_earlier,
        "stopped": report.stopped or None,
        "notes": report.notes,
        "studies": report.studies,
        "hips": report.hips,
        "lesions": report.lesions,
    }
    return msgspec.json.format(msgspec.json.encode(summary), indent=1).decode()
