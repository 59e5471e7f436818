"""``ho-detect collect``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ho_detect.cli.common import Messages, debug_option, json_option, key_file_option, quiet_option, say_report
from ho_detect.cli.group import EXIT_SOME_FAILED

_HELP = """Put together what the shards of a plan left in OUT: write summary, lesions, studies and timings.

Allowed at any time, also while shards work. A planned series without an outcome is a row that says so.

\b
ho-detect collect OUT
ho-detect collect OUT --finish      all is done: leave only what can be shared
"""


@click.command(
    "collect",
    help=_HELP,
    epilog="Exit status: 0 every planned series was analysed or left out, 2 wrong usage, 3 some failed or wait.",
)
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--finish", is_flag=True, help="Remove the manifest and the key: nothing can be resumed then.")
@key_file_option
@json_option
@quiet_option
@debug_option
def command(out: Path, **given: Any) -> int:  # noqa: ANN401 - click passes options by name
    """Write the tables and say what is in them."""
    from ho_detect.cohort.store.collect import collect

    messages = Messages(given["quiet"], given["as_json"], None, given["debug"])
    report = collect(out, given["key_file"], finish=given["finish"])
    status = EXIT_SOME_FAILED if report.waiting else report.exit_status
    say_report(report, messages, status)
    return status
