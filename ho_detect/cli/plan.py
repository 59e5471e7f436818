"""``ho-detect plan``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ho_detect.cli.common import (
    all_series_option,
    anatomy_option,
    bones_option,
    debug_option,
    dicom_option,
    fhir_bundle_option,
    fhir_option,
    inputs_argument,
    keep_identity_option,
    key_file_option,
    link_table_option,
    meshes_option,
    naming_option,
    out_option,
    quiet_option,
    settings_from,
    settings_option,
)
from ho_detect.system.text import printable

_HELP = """Index INPUT once and write OUT/manifest.parquet: what is to be done, in K parts of about the same cost.

\b
ho-detect plan ARCHIVE --out OUT --shards 8
ho-detect run --manifest OUT/manifest.parquet --shard 1/8 --resume      ... to 8/8, anywhere, at once
ho-detect collect OUT

pipelines/slurm does this with an array of jobs. The manifest holds the paths of the files and true identities, and
OUT/.ho-detect the key of the pseudonyms where no --key-file is given: you alone can read them, and
ho-detect collect --finish removes both.
"""


@click.command("plan", help=_HELP)
@inputs_argument
@out_option
@click.option("--shards", type=click.IntRange(min=1), default=1, show_default=True, help="Number of parts.")
@settings_option
@all_series_option
@anatomy_option
@key_file_option
@keep_identity_option
@link_table_option
@dicom_option
@fhir_option
@fhir_bundle_option
@bones_option
@meshes_option
@naming_option
@quiet_option
@debug_option
def command(inputs: tuple[Path, ...], out: Path, **given: Any) -> None:  # noqa: ANN401 - click passes options by name
    """Write the plan and say how to go on."""
    from ho_detect.cohort.run.pool import Options
    from ho_detect.cohort.run.shards import plan_shards
    from ho_detect.cohort.store.output_folder import MANIFEST_FILE

    output = {
        name: given[name] for name in ("keep_identity", "dicom", "fhir", "fhir_bundle", "bones", "meshes", "naming")
    }
    settings = settings_from(given["settings_file"], all_series=given["all_series"], **output)
    n_shards = given["shards"]
    options = Options(key_file=given["key_file"], link_table=given["link_table"])
    plan = plan_shards(inputs, out, settings, n_shards, options, given["anatomy"])
    if not given["quiet"]:
        n = len(plan.to_analyse)
        click.echo(f"{len(plan.series)} series found, {n} to analyse in {n_shards} shard{'' if n_shards == 1 else 's'}")
        click.echo(f"{printable(str(out / MANIFEST_FILE))}   holds paths and identities; you alone can read it")
