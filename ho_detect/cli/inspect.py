"""``ho-detect inspect``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ho_detect.cli.common import (
    all_series_option,
    debug_option,
    inputs_argument,
    key_file_option,
    settings_from,
    settings_option,
)
from ho_detect.cli.group import EXIT_OK, EXIT_SOME_FAILED


@click.command("inspect", epilog="Exit status: 0 there are series, 2 wrong usage, 3 no DICOM was found.")
@inputs_argument
@settings_option
@all_series_option
@key_file_option
@click.option("--keep-identity", is_flag=True, help="Show descriptions and (with --json) true UIDs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@debug_option
def command(inputs: tuple[Path, ...], **options: Any) -> int:  # noqa: ANN401 - click passes options by name
    """List the series under INPUT and what would be done with each, and why. Reads headers, writes nothing.

    Usable series of a study are ranked: axial before reformats, whole before gaps, thin slices, kernels for bone,
    no contrast medium, field of view. The first is analysed; others only where it does not show what they do.

    The numbers are those of studies.csv after a run on the same INPUT.
    """
    import msgspec

    from ho_detect.cli.inspection import planned, show_inspection
    from ho_detect.cli.terminal import console_for
    from ho_detect.cohort.plan import series_rows

    settings = settings_from(
        options["settings_file"], keep_identity=options["keep_identity"], all_series=options["all_series"]
    )
    found = series_rows.inspect(inputs, settings, options["key_file"])
    if options["as_json"]:
        series = [{**msgspec.structs.asdict(row), "status": planned(row)} for row in found.rows]
        click.echo(msgspec.json.format(msgspec.json.encode(series), indent=1).decode())
    else:
        show_inspection(found, console_for(sys.stdout))
    return EXIT_OK if series_rows.any_dicom(found.rows) else EXIT_SOME_FAILED
