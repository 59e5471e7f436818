"""``ho-detect run``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ho_detect._version import __version__
from ho_detect.cli.common import (
    Messages,
    all_series_option,
    anatomy_option,
    bones_option,
    debug_option,
    dicom_option,
    fhir_bundle_option,
    fhir_option,
    json_option,
    keep_identity_option,
    key_file_option,
    link_table_option,
    log,
    log_file_option,
    log_to,
    meshes_option,
    naming_option,
    quiet_option,
    say_report,
    settings_from,
    settings_option,
)
from ho_detect.cli.group import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from ho_detect.cohort.run.messages import Report
    from ho_detect.cohort.run.pool import Options
    from ho_detect.settings import Settings

_HELP = """Analyse every CT series of the hip under INPUT (files or folders, any nesting, any names).

\b
ho-detect run CT_FOLDER --out FINDINGS
ho-detect run DISK1 DISK2 --out FINDINGS --workers 4 --time-limit 600
ho-detect run CT_FOLDER --out FINDINGS --resume          go on where a stopped run was
ho-detect run CT_FOLDER --out FINDINGS --json | jq '.hips[] | {folder, side, finding}'
ho-detect run --manifest OUT/manifest.parquet --shard 3/8 --resume   a part of what ho-detect plan wrote

\b
Below OUT appear
  index.html    all studies on one page: sort, filter, see how values are spread
  summary.csv   one row per hip: finding, volume, gap, grades
  lesions.csv   one row per lesion: volume, HU, extents, position, gaps
  studies.csv   one row per series found: analysed, or why not; grows during the run
  timings.csv   one row per series done: seconds, memory
  SERIES/       findings.json, lesions.nii.gz (label map on the CT's own grid), report.html (for readers),
                provenance.json; with --dicom also *.dcm, with --fhir fhir.json, with --bones native_bone.nii.gz,
                with --meshes *.stl and meshes.3mf
The tables are written as Parquet too. Result folders and UIDs are pseudonyms: under the key in
--key-file, or a random key that is forgotten when all is done. With --resume that key stays in
OUT/.ho-detect, readable by you alone, so that the next run can add to this one.

\b
A settings file holds only what differs from the defaults, for example
  [judge]
  min_volume_mm3 = 100.0
"""


@click.command(
    "run",
    help=_HELP,
    epilog="Exit status: 0 all that should be analysed was, 2 wrong usage, 3 some series failed or no DICOM was found, "
    "130 stopped.",
)
@click.argument("inputs", metavar="[INPUT]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--out", "-o", type=click.Path(path_type=Path), help="Folder to write to; made if needed.")
@click.option("--manifest", type=click.Path(path_type=Path), help="Do what ho-detect plan wrote; no INPUT, no --out.")
@click.option("--shard", metavar="I/K", help="With --manifest: part I of K, counted from 1.")
@click.option("--resume", is_flag=True, help="Do only what is not done yet, with the same files and settings.")
@click.option("--overwrite", is_flag=True, help="Do all again where OUT holds results, amended ones too.")
@click.option("--retry-failed", is_flag=True, help="With --resume: do again what failed.")
@click.option(
    "--workers", type=click.IntRange(min=0), default=0, help="Series analysed at once. 0: as the machine allows."
)
@settings_option
@all_series_option
@anatomy_option
@click.option("--time-limit", type=click.FloatRange(min=0, min_open=True), default=1800, show_default=True,
              help="Seconds after which one series is given up.")  # fmt: skip
@click.option("--memory-limit", type=click.FloatRange(min=0, min_open=True), help="Gigabytes one series may use.")
@click.option("--limit", type=click.IntRange(min=1), help="Analyse no more series than this; the others wait.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first series whose analysis fails.")
@click.option("--no-report", is_flag=True, help="Write no pages for readers: no report.html, no index.html.")
@key_file_option
@keep_identity_option
@link_table_option
@dicom_option
@fhir_option
@fhir_bundle_option
@bones_option
@meshes_option
@naming_option
@json_option
@quiet_option
@log_file_option
@debug_option
def command(inputs: tuple[Path, ...], **given: Any) -> int:  # noqa: ANN401 - click passes options by name
    """Analyse the inputs and say what came of it."""
    from ho_detect.cohort.run.fork_server import start_fork_server

    _check_usage(inputs, given)
    start_fork_server()  # it imports what children need while this process imports what it needs itself
    from ho_detect.cohort.run.pool import Options

    messages = Messages(given["quiet"], given["as_json"], given["log_file"], given["debug"])
    output = {
        name: given[name] for name in ("keep_identity", "dicom", "fhir", "fhir_bundle", "bones", "meshes", "naming")
    }
    settings = settings_from(given["settings_file"], all_series=given["all_series"], **output)
    options = Options(
        workers=given["workers"],
        time_limit_s=given["time_limit"],
        memory_limit_gb=given["memory_limit"],
        key_file=given["key_file"],
        overwrite=given["overwrite"],
        resume=given["resume"],
        retry_failed=given["retry_failed"],
        limit=given["limit"],
        fail_fast=given["fail_fast"],
        link_table=given["link_table"],
        debug=messages.debug,
        report=not given["no_report"],
    )
    with log_to(messages):
        log.info("ho-detect %s, settings %s", __version__, "as planned" if given["manifest"] else settings.digest())
        report, status = _run(inputs, settings, options, given, messages)
        log.info("%d series, %d analysed, exit status %d", len(report.studies), len(report.folders), status)
    say_report(report, messages, status)
    return status


def _check_usage(inputs: Sequence[Path], given: dict[str, Any]) -> None:
    """Say what is missing, or what a manifest holds already."""
    if given["manifest"] is None:
        if not inputs:
            raise click.UsageError("Missing argument 'INPUT...'.")
        if given["out"] is None:
            raise click.UsageError("Missing option '--out' / '-o'.")
        if given["shard"] is not None:
            raise click.UsageError("--shard is for --manifest")
        return
    fixed = {"--out": "out", "--settings": "settings_file", "--keep-identity": "keep_identity"}
    fixed |= {
        "--link-table": "link_table",
        "--all-series": "all_series",
        "--anatomy": "anatomy",
        "--dicom": "dicom",
        "--fhir": "fhir",
        "--fhir-bundle": "fhir_bundle",
        "--bones": "bones",
        "--meshes": "meshes",
    }
    told = [name for name, key in fixed.items() if given[key]] + (["INPUT"] if inputs else [])
    if told:
        raise click.UsageError(f"{told[0]} is in the manifest: give it to ho-detect plan")


def _run(
    inputs: Sequence[Path], settings: Settings, options: Options, given: dict[str, Any], messages: Messages
) -> tuple[Report, int]:
    """Run with progress on standard error; a stopped run has a report and a status of its own."""
    from ho_detect.cli.terminal import progress_to, say_if_compiling
    from ho_detect.cohort.run import run, shards
    from ho_detect.cohort.run.messages import Interrupted

    say_if_compiling(sys.stderr, quiet=messages.quiet)
    try:
        with progress_to(sys.stderr, quiet=messages.quiet) as progress:
            if given["manifest"] is None:
                report = run.run(inputs, given["out"], settings, options, progress, given["anatomy"])
            else:
                report = shards.run_shard(given["manifest"], given["shard"], options, progress)
    except Interrupted as stop:
        said = "the tables hold what was done until then" if stop.report.tables else "what was done is kept"
        n = len(stop.report.waiting)
        click.echo(f"Stopped: {n} series not done; {said}; --resume goes on from here.", err=True)
        return stop.report, EXIT_INTERRUPTED
    return report, report.exit_status
