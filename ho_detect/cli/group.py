"""The command itself: which commands there are, and how each ends."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from importlib import import_module

import click

from ho_detect._version import __version__
from ho_detect.errors import HoDetectError, UsageError
from ho_detect.system.parallel import without_blas_threads

EXIT_OK, EXIT_INTERNAL, EXIT_USAGE, EXIT_SOME_FAILED, EXIT_INTERRUPTED = 0, 1, 2, 3, 130

#: Name of each command, and what it does in a line. ``ho_detect.cli.NAME`` holds ``command`` and is imported when the
#: command is called, so that ``ho-detect --help`` waits for none.
_COMMANDS = {
    "inspect": "List the series and what would be done with each; write nothing.",
    "run": "Analyse every CT series of the hip, write findings.",
    "plan": "Index an archive once, for shards that a cluster works on.",
    "collect": "Put the results of the shards together.",
    "amend": "Change what is counted in a result, as a reader says.",
    "agree": "Say how well results agree with manual masks, or two readers.",
    "compare": "Say what has changed between two studies of one patient.",
    "settings": "Print all settings as a file to edit, or what a file changes.",
    "fields": "Say what each column of the tables means, for a data dictionary or REDCap.",
    "sample": "Make three small simulated studies.",
    "warmup": "Compile everything once, for all later runs.",
    "pull": "Fetch CT series that can be analysed from an archive (DICOMweb).",
    "push": "Send DICOM results to an archive (DICOMweb).",
    "verify": "Look over results again: files, record, label map, tables.",
}

# \b keeps click from folding the lines that follow
_HELP = """Find, measure and describe heterotopic ossification around the hip on CT.

\b
ho-detect inspect CT_FOLDER            which series are there, what would be done with each
ho-detect run CT_FOLDER --out FINDINGS analyse every CT series of the hip, write findings
ho-detect compare CT_1 CT_2 --out DIFF what has changed between two studies of one patient
ho-detect sample SAMPLES               make three small simulated studies to try it on
"""


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status; no traceback reaches the user unless ``--debug``."""
    args = sys.argv[1:] if args is None else list(args)
    if sys.platform == "win32":
        sys.exit(
            "ho-detect runs on Linux and macOS; on Windows use it in WSL (https://learn.microsoft.com/windows/wsl)"
        )
    atexit.register(gc.freeze)  # all ends then: to look through it for garbage would take a twentieth of a second
    _open_standard_streams()
    without_blas_threads()
    try:
        with warnings.catch_warnings():
            if "--debug" not in args:
                # libraries quote header values and paths in their warnings
                warnings.simplefilter("ignore")
            status = cli.main(args, prog_name="ho-detect", standalone_mode=False)
            sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("Stopped.", err=True)
        status = EXIT_INTERRUPTED
    except UsageError as error:
        # names that the user gave are shown to the user, and kept out of what a scheduler logs
        click.echo(f"Error: {error if sys.stderr.isatty() else error.message}", err=True)
        status = EXIT_USAGE
    except HoDetectError as error:
        click.echo(f"Error: {error}", err=True)
        status = EXIT_SOME_FAILED
    except (BrokenPipeError, SystemExit):  # the latter is what click makes of the former
        # the reader of standard output has gone (``| head``): nothing is left to say, also when Python ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = EXIT_OK
    except Exception as error:  # noqa: BLE001 - the last place: a traceback may show paths and header values
        if "--debug" in args:
            traceback.print_exc()
        click.echo(f"Error: unforeseen {type(error).__name__}; --debug shows where", err=True)
        status = EXIT_INTERNAL
    sys.exit(status or EXIT_OK)


def _open_standard_streams() -> None:
    """Let streams that the caller has closed lead nowhere: no file of ours may take their place."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - it stays open


class _Commands(click.Group):
    """A group that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"ho_detect.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=_Commands,
    help=_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Research use only. Each command has its own help: ho-detect run --help",
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Find, measure and describe heterotopic ossification around the hip on CT."""
