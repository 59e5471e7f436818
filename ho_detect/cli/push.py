"""``ho-detect push``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ho_detect.cli.common import debug_option, quiet_option
from ho_detect.cli.group import EXIT_OK, EXIT_SOME_FAILED
from ho_detect.cli.pull import credentials_option, url_argument

_HELP = """Send the DICOM results in OUT (Segmentations, reports, key images) to the archive at URL.

\b
ho-detect run CT --out FINDINGS --dicom --keep-identity
ho-detect push https://pacs.example/dicom-web FINDINGS

\b
An archive files results with their study by true UIDs and patient: run with --keep-identity. What it
holds already is not sent again. Credentials as for ho-detect pull.
"""


@click.command("push", help=_HELP, epilog="Exit status: 0 the archive holds all, 2 wrong usage, 3 it does not.")
@url_argument
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--pseudonyms", is_flag=True, help="Send results under pseudonyms too, as studies of nobody.")
@credentials_option
@quiet_option
@debug_option
def command(url: str, out: Path, **given: Any) -> int:  # noqa: ANN401 - click passes options by name
    """Send the results and say what came of it."""
    from ho_detect.pacs.archive import Credentials, connect
    from ho_detect.pacs.push import push

    pushed = push(connect(url, Credentials.find(given["credentials"])), out, pseudonyms=given["pseudonyms"])
    if not given["quiet"]:
        click.echo(f"{pushed.n_sent} objects sent, {pushed.n_present} present, {len(pushed.failed)} refused")
    for place in pushed.failed:
        click.echo(f"refused: {place}", err=True)
    return EXIT_SOME_FAILED if pushed.failed else EXIT_OK
