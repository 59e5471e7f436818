"""``ho-detect run``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ho_detect import __version__
from ho_detect.cli.common import (
    Talk,
    debug_option,
    inputs_argument,
    json_option,
    keep_identity_option,
    key_file_option,
    log,
    log_file_option,
    log_to,
    out_option,
    quiet_option,
    settings_from,
    settings_option,
)
from ho_detect.cli.group import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from ho_detect.cohort.crew import Options
    from ho_detect.cohort.run import Report
    from ho_detect.settings import Settings

_HELP = """Analyse every CT series of the hip under INPUT (files or folders, any nesting, any names).

\b
ho-detect run CT_FOLDER --out FINDINGS
ho-detect run DISK1 DISK2 --out FINDINGS --workers 4 --time-limit 600
ho-detect run CT_FOLDER --out FINDINGS --json | jq '.hips[] | {folder, side, finding}'

\b
Below OUT appear
  summary.csv   one row per hip: finding, volume, gap, grades
  lesions.csv   one row per lesion: volume, HU, extents, position, gaps
  studies.csv   one row per series found: analysed, or why not
  SERIES/       findings.json and lesions.nii.gz (label map on the CT's own grid)
The tables are written as Parquet too. Result folders and UIDs are pseudonyms.

\b
A settings file holds only what differs from the defaults, for example
  [mimics]
  min_volume_mm3 = 100.0
"""


@click.command(
    "run",
    help=_HELP,
    epilog="Exit status: 0 all that should be analysed was, 2 wrong usage, 3 some series failed, 130 stopped.",
)
@inputs_argument
@out_option
@click.option(
    "--workers", type=click.IntRange(min=0), default=0, help="Series analysed at once. 0: as the machine allows."
)
@settings_option
@click.option("--time-limit", type=click.FloatRange(min=0, min_open=True), default=1800, show_default=True,
              help="Seconds after which one series is given up.")  # fmt: skip
@click.option("--memory-limit", type=click.FloatRange(min=0, min_open=True), help="Gigabytes one series may use.")
@key_file_option
@keep_identity_option
@json_option
@quiet_option
@log_file_option
@debug_option
def command(inputs: tuple[Path, ...], out: Path, **options: Any) -> int:  # noqa: ANN401 - click passes options by name
    """Analyse the inputs and say what came of it."""
    from ho_detect.cohort.crew import Options

    talk = Talk(options["quiet"], options["as_json"], options["log_file"], options["debug"])
    settings = settings_from(options["settings_file"], keep_identity=options["keep_identity"])
    how = Options(
        workers=options["workers"],
        time_limit_s=options["time_limit"],
        memory_limit_gb=options["memory_limit"],
        key_file=options["key_file"],
        debug=talk.debug,
    )
    with log_to(talk):
        log.info("ho-detect %s, settings %s", __version__, settings.digest())
        report, status = _run(inputs, out, settings, how, talk)
        log.info("%d series, %d analysed, exit status %d", len(report.studies), len(report.records), status)
    _say(report, talk, status)
    return status


def _run(inputs: Sequence[Path], out: Path, settings: Settings, how: Options, talk: Talk) -> tuple[Report, int]:
    """Run with progress on standard error; a stopped run has a report and a status of its own."""
    from ho_detect.cli.terminal import progress_to
    from ho_detect.cohort import run

    try:
        with progress_to(sys.stderr, quiet=talk.quiet) as progress:
            report = run.run(inputs, out, settings, how, progress)
    except run.Interrupted as stop:
        click.echo("Stopped: the tables hold what was done until then.", err=True)
        return stop.report, EXIT_INTERRUPTED
    return report, report.exit_status


def _say(report: Report, talk: Talk, status: int) -> None:
    from ho_detect.cli.terminal import console_for, show_report

    if talk.json:
        click.echo(_report_json(report, status))
    if not talk.quiet:
        show_report(report, console_for(sys.stderr if talk.json else sys.stdout))


def _report_json(report: Report, status: int) -> str:
    import msgspec

    summary = {
        "software": {"name": "ho-detect", "version": __version__},
        "exit_status": status,
        "seconds": round(report.seconds, 3),
        "out": str(report.out),
        "n_earlier_folders": report.n_earlier,
        "studies": report.studies,
        "hips": report.hips,
        "lesions": report.lesions,
    }
    return msgspec.json.format(msgspec.json.encode(summary), indent=1).decode()
