"""``ho-detect compare``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ho_detect.cli.common import (
    debug_option,
    json_option,
    keep_identity_option,
    out_option,
    quiet_option,
    settings_from,
    settings_option,
)

_HELP = """Say what has changed between two CT studies of one patient (files or folders).

\b
ho-detect compare STUDY_JANUARY STUDY_JUNE --out CHANGE

\b
Femur and pelvis of each side are brought together, lesions are matched by where they lie on the bone.
Below OUT appear
  comparison.json  the whole record: registration, hips, lesions, and what could not be compared
  comparison.csv   one row per hip, then one per lesion: volume and HU before, after, change
  earlier/ later/  findings.json and lesions.nii.gz of either study, whose ids the comparison uses
"""


@click.command("compare", help=_HELP, epilog="Exit status: 0 compared, also where it says not comparable; 2, 3 as run.")
@click.argument("earlier", type=click.Path(path_type=Path))
@click.argument("later", type=click.Path(path_type=Path))
@out_option
@click.option("--different-ids", is_flag=True, help="They are of one patient, though they state different patient ids.")
@settings_option
@keep_identity_option
@json_option
@quiet_option
@debug_option
def command(earlier: Path, later: Path, out: Path, **options: Any) -> None:  # noqa: ANN401 - click passes options by name
    """Compare, write, and say what has changed."""
    from ho_detect.cli.terminal import say_if_compiling
    from ho_detect.errors import UsageError
    from ho_detect.followup.compare import compare
    from ho_detect.followup.tables import comparison_json

    say_if_compiling(sys.stderr, quiet=options["quiet"])
    settings = settings_from(options["settings_file"], keep_identity=options["keep_identity"])
    found = compare(earlier, later, settings, different_ids=options["different_ids"])
    try:
        found.save(out)
    except OSError as error:
        raise UsageError(f"cannot write below OUT: {error.strerror}", out) from error
    if options["as_json"]:
        click.echo(comparison_json(found.comparison).decode(), nl=False)
    elif not options["quiet"]:
        click.echo(str(found))
