"""A whole study as a user runs it, a new process each time: ``ho-detect run`` beside the naive script.

And how long a process takes to its first kernel. Cold is the first run of a new installation (an empty cache of
compiled code); warm are the later ones. Memory is watched in runs of their own: that takes time from what is timed.

    python benchmarks/bench_study.py --study FOLDER --json study.json
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import tempfile
from pathlib import Path

from measuring import ROOT, SAMPLE, report, watched, without

PYTHON = sys.executable
_FIRST_KERNEL = """
import numpy as np
from ho_detect.image.components import label_components
label_components(np.ones((2, 2, 2), np.int16), 1)
"""


def commands(study: Path, out: Path) -> dict[str, list[str]]:
    """Return the command lines that are compared."""
    found = {"naive script": [PYTHON, str(ROOT / "benchmarks" / "naive_script.py"), str(study), str(out / "naive")]}
    if importlib.util.find_spec("ho_detect.analyze") is None:
        without("ho-detect", "ho_detect/analyze.py is not there yet")
    else:
        run = [
            PYTHON,
            "-m",
            "ho_detect",
            "run",
            str(study),
            "--out",
            str(out / "findings"),
            "--quiet",
            "--workers",
            "1",
        ]
        found = {"ho-detect": run, **found, "first kernel": [PYTHON, "-c", _FIRST_KERNEL]}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", type=Path, default=SAMPLE, help="folder with one CT study")
    parser.add_argument("--repeats", type=int, default=3, help="warm runs; the median is told")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    runs: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        env = {"NUMBA_CACHE_DIR": str(Path(scratch) / "cache")}
        for turn in range(options.repeats + 1):
            for name, command in commands(options.study, Path(scratch) / str(turn)).items():
                runs.setdefault(name, []).append(watched(command, env=env, memory=False))
        peaks = {
            name: watched(command, env=env)["peak_mb"]
            for name, command in commands(options.study, Path(scratch) / "memory").items()
        }
    rows = {
        name: {
            **{f"cold_{key}": value for key, value in cold.items()},
            **{f"warm_{key}": statistics.median(run[key] for run in warm) for key in cold},
            "warm_peak_mb": peaks[name],
        }
        for name, (cold, *warm) in runs.items()
    }
    report("A whole study, from start of the process to its end", {options.study.name: rows}, options.json)


if __name__ == "__main__":
    main()
