"""``ho-detect pull``."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ho_detect.cli.common import debug_option, quiet_option, settings_from, settings_option
from ho_detect.cli.group import EXIT_OK, EXIT_SOME_FAILED

if TYPE_CHECKING:
    from ho_detect.pacs.query import Candidate

_HELP = """Fetch the CT series that can be analysed from the archive at URL, the root of its DICOMweb services.

\b
ho-detect pull https://pacs.example/dicom-web --out CT --since 2024-01-01 --body-part PELVIS --body-part HIP
ho-detect pull https://pacs.example/dicom-web --out CT --description "*hip*" --limit 100
ho-detect run CT --out FINDINGS --dicom --keep-identity
ho-detect push https://pacs.example/dicom-web FINDINGS

\b
Localizers, derived series, series of too few slices or of another part of the body are not fetched.
What is in OUT already is not fetched again: call it again after a stop. OUT holds identified images.
Credentials: HO_DETECT_DICOMWEB_TOKEN, or HO_DETECT_DICOMWEB_USER and HO_DETECT_DICOMWEB_PASSWORD in the
environment, or a file (--credentials); never on the command line.
"""

url_argument = click.argument("url")
credentials_option = click.option(
    "--credentials",
    type=click.Path(path_type=Path),
    help="TOML file with token, or user and password, that you alone can read.",
)
_day = click.DateTime(["%Y-%m-%d"])


@click.command("pull", help=_HELP, epilog="Exit status: 0 all was fetched, 2 wrong usage, 3 something was not.")
@url_argument
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="Folder to write to; made if needed.")
@click.option("--modality", default="CT", show_default=True, help="Of the series.")
@click.option("--body-part", "body_parts", multiple=True, help="In BodyPartExamined; series that state none are kept.")
@click.option("--description", default="", help='Of study or series, with wildcards: "*hip*". Any case.')
@click.option("--since", type=_day, help="First study date.")
@click.option("--until", type=_day, help="Last study date.")
@click.option("--limit", type=click.IntRange(min=1), help="Fetch no more series than this.")
@settings_option
@credentials_option
@quiet_option
@debug_option
def command(url: str, out: Path, **given: Any) -> int:  # noqa: ANN401 - click passes options by name
    """Fetch candidate series and say what came of it."""
    from ho_detect.pacs.archive import Credentials, connect
    from ho_detect.pacs.pull import pull
    from ho_detect.pacs.query import Query

    query = Query(
        given["modality"], given["body_parts"], given["description"], _date(given["since"]), _date(given["until"])
    )
    settings = settings_from(given["settings_file"])
    client = connect(url, Credentials.find(given["credentials"]))
    pulled = pull(client, query, out, settings.acquisition, None if given["quiet"] else _show, given["limit"])
    if not given["quiet"]:
        left = sum(pulled.left_out.values())
        failed = f", {len(pulled.failed)} refused" if pulled.failed else ""
        click.echo(f"{pulled.n_fetched} series fetched, {pulled.n_present} present, {left} left out{failed}")
        for reason, n in sorted(pulled.left_out.items()):
            click.echo(f"  {n} x {reason}")
    for place in pulled.failed:
        click.echo(f"not fetched: {place}", err=True)
    return EXIT_SOME_FAILED if pulled.failed else EXIT_OK


def _date(given: datetime | None) -> date | None:
    return None if given is None else given.date()


def _show(candidate: Candidate, came: str) -> None:
    if came in ("fetched", "present"):
        click.echo(f"{candidate.place}: {came}, {candidate.n_instances} images", err=True)
