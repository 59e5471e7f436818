"""What the speed benchmarks share: fair repeats, child processes watched for memory, one way to write results."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psutil

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "sample_dicom" / "large_lesion"


def machine() -> dict[str, Any]:
    """Return what a time means nothing without."""
    model = next((line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), "unknown")
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "load": [round(x, 1) for x in os.getloadavg()],
        "python": platform.python_version(),
    }


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def times_of(methods: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, dict[str, float]]:
    """Time each method ``repeats`` times, in turns so that a busy minute hits all; the first call is told apart."""
    first, warm = {}, {name: [] for name in methods}
    for turn in range(repeats + 1):
        for name, method in methods.items():
            gc.collect()
            start = time.perf_counter()
            method()
            took = time.perf_counter() - start
            if turn == 0:
                first[name] = took
            else:
                warm[name].append(took)
    return {
        name: {"first_s": first[name], "best_s": min(warm[name]), "median_s": statistics.median(warm[name])}
        for name in methods
    }


def with_ratios(times: dict[str, dict[str, float]], base: str) -> dict[str, dict[str, float]]:
    """Add how many times as long as ``base`` each took, by the best of the same run."""
    return {n: {**t, f"times_{base.replace(' ', '_')}": t["best_s"] / times[base]["best_s"]} for n, t in times.items()}


def watched(command: list[str], *, env: Mapping[str, str] | None = None, memory: bool = True) -> dict[str, float]:
    """Run a command; return wall time, CPU time and peak memory of it and of all its children.

    The process tree is looked at every 20 ms: memory is the sum of proportional set sizes (a page that two processes
    share counts half in each), CPU time what each process had used when last seen. Adding up memory takes a processor
    a good part of those 20 ms: without ``memory`` that is left out.

    Raises
    ------
    RuntimeError
        The command failed; with the end of what it said.
    """
    import psutil

    # an installation is compiled to bytecode, which a setting of the shell may keep from a working copy
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **(env or {})}
    start, peak = time.perf_counter(), 0
    cpu: dict[int, float] = {}
    with tempfile.TemporaryFile() as out:  # a pipe nobody reads would fill up and block it
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=env)
        process = psutil.Process(child.pid)
        while child.poll() is None:
            resident = 0
            for member in _tree(process):
                with contextlib.suppress(psutil.NoSuchProcess):  # ended between two looks
                    resident += _memory(member) if memory else 0
                    used = member.cpu_times()
                    cpu[member.pid] = used.user + used.system
            peak = max(peak, resident)
            time.sleep(0.02)
        wall = time.perf_counter() - start
        out.seek(0)
        said = out.read().decode(errors="replace")
    if child.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {child.returncode}: {said[-800:]}")
    times = {"wall_s": wall, "cpu_s": sum(cpu.values())}
    return times | {"peak_mb": peak / 2**20} if memory else times


def _memory(process: psutil.Process) -> int:
    """Return bytes; of a process that is just ending the resident set, where the kernel tells no more."""
    import psutil

    try:
        return int(process.memory_full_info().pss)
    except psutil.AccessDenied:
        return int(process.memory_info().rss)


def _tree(process: psutil.Process) -> list[psutil.Process]:
    import psutil

    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def table(rows: dict[str, dict[str, float]]) -> str:
    """Return rows as a markdown table; times and ratios to three digits."""
    columns = list(dict.fromkeys(c for row in rows.values() for c in row))
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    lines += [f"| {name} | " + " | ".join(_cell(row.get(c)) for c in columns) + " |" for name, row in rows.items()]
    return "\n".join(lines)


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def report(title: str, results: dict[str, dict[str, dict[str, float]]], json_path: Path | None) -> None:
    """Print one table per data set, and write all as JSON where asked for."""
    print(f"# {title}\n")
    for name, rows in results.items():
        print(f"## {name}\n\n{table(rows)}\n")
    if json_path is not None:
        json_path.write_text(json.dumps({"title": title, "machine": machine(), "results": results}, indent=1) + "\n")


def without(package: str, reason: str) -> None:
    """Say that a contender is left out."""
    print(f"{package} left out: {reason}", file=sys.stderr)
