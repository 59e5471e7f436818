"""Many studies: throughput of two workers, overhead, memory over 500 series, plan and collect of 10,000.

    python benchmarks/bench_batch.py --part workers --json batch.json     or --part memory, --part archive

``workers`` runs the whole analysis, the other parts are about what is around it: series of 12 slices of 16 x 16 pixels
and, for ``memory``, a task that loads them and writes findings.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from measuring import SAMPLE, report, watched

from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.worker import Job, Outcome, load, peak_memory_mb
from ho_detect.settings import Settings

# what takes long to import is imported where it is used: each child of a run imports this file

#: So many that starting the run, a few seconds, is the small share that it is of a cohort.
N_STUDIES = 12


def workers(study: Path, scratch: Path) -> dict[str, dict[str, float]]:
    """Studies in an hour by one and two workers, and what the run takes beside the analysis."""
    import pyarrow.parquet as pq
    from made_archive import copies

    from ho_detect.cohort.run.run import run

    list(copies(study, scratch / "in", N_STUDIES))
    rows = {}
    for name, n, threads in (
        ("1 worker, 1 thread", 1, 1),
        ("2 workers, 1 thread each", 2, 2),
        ("1 worker, 2 threads", 1, 2),
    ):
        times = []
        settings = Settings.from_dict({"threads": threads})
        out = scratch / name
        run([scratch / "in"], out, settings, Options(workers=n), lambda _, t=times: t.append(time.monotonic()))
        wall = times[-1] - times[0]
        analysis = sum(pq.read_table(out / "timings.parquet")["seconds"].to_pylist())
        row = {"wall_s": wall, "per_hour": 3600 * N_STUDIES / wall, "analysis_s": analysis / N_STUDIES}
        if n == 1:
            row["overhead_percent"] = 100 * (wall / analysis - 1)
        rows[name] = row
    base = rows["1 worker, 1 thread"]["wall_s"]
    return {name: {**row, "times_1_worker": base / row["wall_s"]} for name, row in rows.items()}


def finds_nothing(job: Job) -> Outcome:
    """Load a series and write findings without a hip, as light as a task can be."""
    import numpy as np

    from ho_detect.anatomy.user_masks.masks import supplied_masks
    from ho_detect.results.assemble import assemble

    volume = load(job)
    labels, given = np.zeros(volume.grid.shape, np.uint16), supplied_masks(None, volume.grid)
    findings = assemble(volume, job.settings, (), (), (), labels, given, metal_mm3=0.0, noise_hu=0.0)
    findings.save(job.staging / job.folder)
    return Outcome(peak_memory_mb=peak_memory_mb())


def memory(n_series: int, scratch: Path) -> dict[str, dict[str, float]]:
    """Resident memory of the parent, the fork server and the children, as a run of light series goes on."""
    import psutil
    import pyarrow.parquet as pq
    from made_archive import write_archive

    from ho_detect.cohort.run.run import run

    write_archive(scratch / "in", n_series)
    parent, rows = psutil.Process(), {}

    def look(event):
        if event.kind == "finished" and event.n_done in {n_series // 10, n_series // 2, n_series}:
            server = next(c for c in parent.children() if "forkserver" in " ".join(c.cmdline()))
            mb = {"parent_mb": parent.memory_info().rss / 1e6, "fork_server_mb": server.memory_info().rss / 1e6}
            rows[f"after {event.n_done} series"] = mb

    start = time.monotonic()
    run([scratch / "in"], scratch / "out", None, Options(workers=2, report=False, task=finds_nothing), look)
    per_series = (time.monotonic() - start) / n_series
    timings = sorted(pq.read_table(scratch / "out" / "timings.parquet").to_pylist(), key=lambda row: row["ended"])
    peaks = [row["peak_memory_mb"] for row in timings]
    tenth = max(1, n_series // 10)
    rows["first tenth of the children"] = {"child_mb": sum(peaks[:tenth]) / tenth}
    rows["last tenth of the children"] = {"child_mb": sum(peaks[-tenth:]) / tenth}
    rows["all"] = {"s_per_series": per_series}
    return rows


def archive(n_series: int, scratch: Path) -> dict[str, dict[str, float]]:
    """Plan an archive, put a finished result in the place of each series, collect."""
    from made_archive import write_archive

    write_archive(scratch / "in", n_series)
    detect, source, out = [sys.executable, "-m", "ho_detect"], str(scratch / "in"), str(scratch / "out")
    rows = {"plan": watched([*detect, "plan", source, "--out", out, "--shards", "100"])}
    _make_results(scratch / "out")
    rows["collect"] = watched([*detect, "collect", out, "--quiet"])
    return rows


def _make_results(out: Path) -> None:
    """Put the findings of one true study in the place of each planned series."""
    import msgspec
    import pyarrow.parquet as pq

    from ho_detect import detect
    from ho_detect.cohort.store.outcomes import Settled

    record = detect(SAMPLE).record
    manifest = pq.read_table(
        out / "manifest.parquet", columns=["study_uid", "series_uid", "planned_folder", "planned_key"]
    )
    outcomes = out / ".ho-detect" / "outcomes"
    outcomes.mkdir(exist_ok=True)
    for row in manifest.to_pylist():
        series = msgspec.structs.replace(record.series, study_uid=row["study_uid"], series_uid=row["series_uid"])
        folder = out / row["planned_folder"]
        folder.mkdir()
        (folder / "findings.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(record, series=series)))
        settled = Settled(key=row["planned_key"], seconds=5.0, ended="2026-01-31T13:05:59Z")
        (outcomes / f"{row['planned_folder']}.json").write_bytes(msgspec.json.encode(settled))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("workers", "memory", "archive"), required=True)
    parser.add_argument("--study", type=Path, default=SAMPLE, help="folder with one CT study, for workers")
    parser.add_argument("--n", type=int, help="series: 500 for memory, 10000 for archive")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if options.part == "workers":
            rows = workers(options.study, Path(scratch))
        elif options.part == "memory":
            rows = memory(options.n or 500, Path(scratch))
        else:
            rows = archive(options.n or 10_000, Path(scratch))
    report(f"batch: {options.part}", {options.part: rows}, options.json)


if __name__ == "__main__":
    main()
