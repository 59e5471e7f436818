"""The ``ho-detect`` command."""

from __future__ import annotations

import logging
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ho_detect import __version__
from ho_detect.errors import HoDetectError, UsageError

if TYPE_CHECKING:
    from ho_detect.batch import Report
    from ho_detect.crew import Options
    from ho_detect.settings import Settings

EXIT_OK, EXIT_INTERNAL, EXIT_USAGE, EXIT_SOME_FAILED, EXIT_INTERRUPTED = 0, 1, 2, 3, 130

log = logging.getLogger("ho_detect")

# \b keeps click from folding the lines that follow
_CLI_HELP = """Find, measure and describe heterotopic ossification around the hip on CT.

\b
ho-detect inspect CT_FOLDER            which series are there, what would be done with each
ho-detect run CT_FOLDER --out FINDINGS analyse every CT series of the hip, write findings
ho-detect sample SAMPLES               make three small simulated studies to try it on
"""

_RUN_HELP = """Analyse every CT series of the hip under INPUT (files or folders, any nesting, any names).

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

_SAMPLE_HELP = """Make three small simulated hip CT studies below OUT, with what is to be found in them written beside.

\b
ho-detect sample SAMPLES
ho-detect run SAMPLES --out FINDINGS
"""


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status; no traceback reaches the user unless ``--debug``."""
    args = sys.argv[1:] if args is None else list(args)
    try:
        with warnings.catch_warnings():
            if "--debug" not in args:
                # libraries quote header values and paths in their warnings
                warnings.simplefilter("ignore")
            status = cli.main(args, prog_name="ho-detect", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("Stopped.", err=True)
        status = EXIT_INTERRUPTED
    except UsageError as error:
        click.echo(f"Error: {error}", err=True)
        status = EXIT_USAGE
    except HoDetectError as error:
        click.echo(f"Error: {error}", err=True)
        status = EXIT_SOME_FAILED
    except BrokenPipeError:
        # the reader of standard output has gone (``| head``): nothing is left to say
        sys.stderr.close()
        status = EXIT_OK
    except Exception as error:  # noqa: BLE001 - the last place: a traceback may show paths and header values
        if "--debug" in args:
            traceback.print_exc()
        click.echo(f"Error: unforeseen {type(error).__name__}; --debug shows where", err=True)
        status = EXIT_INTERNAL
    sys.exit(status or EXIT_OK)


@click.group(
    help=_CLI_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Research use only. Each command has its own help: ho-detect run --help",
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Find, measure and describe heterotopic ossification around the hip on CT."""


@dataclass(frozen=True)
class _Talk:
    """What is said, and where: JSON alone on standard output, or sentences."""

    quiet: bool
    json: bool
    log_file: Path | None
    debug: bool


@cli.command(
    help=_RUN_HELP,
    short_help="Analyse every CT series of the hip, write findings.",
    epilog="Exit status: 0 all that should be analysed was, 2 wrong usage, 3 some series failed, 130 stopped.",
)
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="Folder to write to; made if needed.")
@click.option(
    "--workers", type=click.IntRange(min=0), default=0, help="Series analysed at once. 0: as the machine allows."
)
@click.option("--settings", "settings_file", type=click.Path(path_type=Path), help="TOML file with settings to change.")
@click.option("--time-limit", type=click.FloatRange(min=0, min_open=True), default=1800, show_default=True,
              help="Seconds after which one series is given up.")  # fmt: skip
@click.option("--memory-limit", type=click.FloatRange(min=0, min_open=True), help="Gigabytes one series may use.")
@click.option("--key-file", type=click.Path(path_type=Path),
              help="Secret of at least 16 bytes: the same series then gets the same name in every run.")  # fmt: skip
@click.option("--keep-identity", is_flag=True, help="Write true UIDs, patient id, date and source folder.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON summary, and nothing else, on standard output.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing but errors.")
@click.option("--log-file", type=click.Path(path_type=Path), help="Append what happens to this file.")
@click.option("--debug", is_flag=True, help="Show tracebacks and what libraries print. May show patient identity.")
def run(inputs: tuple[Path, ...], out: Path, **options: Any) -> int:  # noqa: ANN401 - click passes options by name
    """Analyse the inputs and say what came of it."""
    from ho_detect.crew import Options

    talk = _Talk(options["quiet"], options["as_json"], options["log_file"], options["debug"])
    settings = _settings(options["settings_file"], keep_identity=options["keep_identity"])
    how = Options(
        workers=options["workers"],
        time_limit_s=options["time_limit"],
        memory_limit_gb=options["memory_limit"],
        key_file=options["key_file"],
        debug=talk.debug,
    )
    with _log_to(talk):
        log.info("ho-detect %s, settings %s", __version__, settings.digest())
        report, status = _run(inputs, out, settings, how, talk)
        log.info("%d series, %d analysed, exit status %d", len(report.studies), len(report.records), status)
    _say(report, talk, status)
    return status


def _run(inputs: Sequence[Path], out: Path, settings: Settings, how: Options, talk: _Talk) -> tuple[Report, int]:
    """Run with progress on standard error; a stopped run has a report and a status of its own."""
    from ho_detect import batch
    from ho_detect.terminal import progress_to

    try:
        with progress_to(sys.stderr, quiet=talk.quiet) as progress:
            report = batch.run(inputs, out, settings, how, progress)
    except batch.Interrupted as stop:
        click.echo("Stopped: the tables hold what was done until then.", err=True)
        return stop.report, EXIT_INTERRUPTED
    return report, report.exit_status


def _say(report: Report, talk: _Talk, status: int) -> None:
    from ho_detect.terminal import console_for, show_report

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


@cli.command(short_help="List the series and what would be done with each; write nothing.")
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--settings", "settings_file", type=click.Path(path_type=Path), help="TOML file with settings to change.")
@click.option("--key-file", type=click.Path(path_type=Path), help="Key of the pseudonyms, as in run.")
@click.option("--keep-identity", is_flag=True, help="Show descriptions and (with --json) true UIDs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--debug", is_flag=True, help="Show tracebacks. May show patient identity.")
def inspect(inputs: tuple[Path, ...], **options: Any) -> int:  # noqa: ANN401
    """List the series under INPUT and what would be done with each, and why. Reads headers, writes nothing.

    The numbers are those of studies.csv after a run on the same INPUT.
    """
    import msgspec

    from ho_detect import batch
    from ho_detect.terminal import console_for, planned, show_inspection

    settings = _settings(options["settings_file"], keep_identity=options["keep_identity"])
    rows = batch.inspect(inputs, settings, options["key_file"])
    if options["as_json"]:
        series = [{**msgspec.structs.asdict(row), "status": planned(row)} for row in rows]
        click.echo(msgspec.json.format(msgspec.json.encode(series), indent=1).decode())
    else:
        show_inspection(rows, console_for(sys.stdout))
    return EXIT_OK


@cli.command(help=_SAMPLE_HELP, short_help="Make three small simulated studies.")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--debug", is_flag=True, help="Show tracebacks.")
def sample(out: Path, debug: bool) -> int:  # noqa: ARG001 - click passes it; main() looks at it
    """Make the sample studies."""
    from ho_detect.simulation import write_samples

    click.echo("Simulating three studies: about half a minute", err=True)
    try:
        folders = write_samples(out)
    except OSError as error:
        raise UsageError(f"cannot write to OUT: {error.strerror}") from error
    for folder in folders:
        click.echo(f"{folder}   ct/, expected.json")
    return EXIT_OK


def _settings(path: Path | None, *, keep_identity: bool) -> Settings:
    import msgspec

    from ho_detect.settings import Settings

    settings = Settings() if path is None else Settings.from_file(path)
    if keep_identity:
        output = msgspec.structs.replace(settings.output, keep_identity=True)
        settings = msgspec.structs.replace(settings, output=output)
    return settings


@contextmanager
def _log_to(talk: _Talk) -> Iterator[None]:
    """Let the package's log go to a file, and nowhere else."""
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
