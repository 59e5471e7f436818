"""``ho-detect sample``."""

from __future__ import annotations

from pathlib import Path

import click

from ho_detect.cli.common import debug_option
from ho_detect.errors import UsageError

_HELP = """Make three small simulated hip CT studies below OUT, with what is to be found in them written beside.

\b
ho-detect sample SAMPLES
ho-detect run SAMPLES --out FINDINGS
"""


@click.command("sample", help=_HELP)
@click.argument("out", type=click.Path(path_type=Path))
@debug_option
def command(out: Path, debug: bool) -> None:  # noqa: ARG001 - click passes it; main() looks at it
    """Make the sample studies."""
    from ho_detect.simulation import write_samples

    click.echo("Simulating three studies: about half a minute", err=True)
    try:
        folders = write_samples(out)
    except OSError as error:
        raise UsageError(f"cannot write to OUT: {error.strerror}", out) from error
    for folder in folders:
        click.echo(f"{folder}   ct/, expected.json")
