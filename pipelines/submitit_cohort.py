"""A whole cohort on Slurm from Python: plan, shards as jobs of an array, tables.

    python pipelines/submitit_cohort.py ARCHIVE OUT --shards 40 --partition long

Needs ``pip install 'ho-detect[cluster]'``. A job that runs out of its time or is preempted is queued again and goes on
where it was. ``--cluster local`` runs the shards as processes of this machine instead.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import submitit
from submitit.helpers import Checkpointable

from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.shards import plan_shards, run_shard
from ho_detect.cohort.store.collect import collect
from ho_detect.cohort.store.output_folder import MANIFEST_FILE
from ho_detect.settings import Settings


class Shard(Checkpointable):
    """What a job does; submitit calls it again when the job was stopped before its end."""

    def __call__(self, manifest: Path, shard: str) -> int:
        report = run_shard(manifest, shard, Options(resume=True, time_limit_s=1800))
        return len(report.folders)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--settings", type=Path, help="TOML file, as for ho-detect run")
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--at-once", type=int, default=20)
    parser.add_argument("--cpus", type=int, default=2, help="of each job")
    parser.add_argument("--memory-gb", type=int, default=8, help="of each job")
    parser.add_argument("--minutes", type=int, default=480)
    parser.add_argument("--partition")
    parser.add_argument("--cluster", choices=("slurm", "local"), default="slurm")
    options = parser.parse_args()

    settings = Settings.from_file(options.settings) if options.settings else Settings()
    plan_shards([options.archive], options.out, settings, options.shards)

    executor = submitit.AutoExecutor(folder=options.out / ".ho-detect" / "jobs", cluster=options.cluster)
    executor.update_parameters(
        name="ho-detect", cpus_per_task=options.cpus, mem_gb=options.memory_gb, timeout_min=options.minutes
    )
    if options.cluster == "slurm":
        executor.update_parameters(slurm_array_parallelism=options.at_once)
        if options.partition:
            executor.update_parameters(slurm_partition=options.partition)
    manifest = options.out.absolute() / MANIFEST_FILE
    shards = [f"{k}/{options.shards}" for k in range(1, options.shards + 1)]
    jobs = executor.map_array(Shard(), [manifest] * len(shards), shards)
    for shard, job in zip(shards, jobs, strict=True):
        error = job.exception()  # waits for its end
        print(f"shard {shard}: " + (f"{job.result()} series analysed" if error is None else "failed, see its log"))

    report = collect(options.out)
    print(f"{len(report.studies)} series, {len(report.folders)} analysed, {len(report.waiting)} without an outcome")
    return 3 if report.waiting or report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
