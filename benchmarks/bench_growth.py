"""How time and memory grow: components with slices and with noise, and a whole study with slices.

python benchmarks/bench_growth.py --out FOLDER --json growth.json
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from make_study import load, make_study
from measuring import report, times_of, watched


def components(hu: np.ndarray, slices: list[int], repeats: int) -> dict[str, dict[str, float]]:
    """Time the components of 1, 2, ... times the slices of a volume."""
    from ho_detect.image.components import label_components

    volumes = {f"{n} slices": np.resize(hu, (n, *hu.shape[1:])) for n in slices}
    return times_of({name: lambda v=v: label_components(v, 200.0) for name, v in volumes.items()}, repeats)


def noise(repeats: int) -> dict[str, dict[str, float]]:
    """Time the components of noise: many with few of the voxels inside, one that holds nearly all with many."""
    from ho_detect.image.components import label_components

    rng = np.random.default_rng(0)
    hu = rng.integers(0, 1000, (128, 512, 512), np.int16)
    shares = (0.001, 0.01, 0.03, 0.1, 0.3)
    found = {s: len(label_components(hu, 1000 * (1 - s))) for s in shares}
    methods = {
        f"noise, {s:.1%} inside, {found[s]} components": lambda s=s: label_components(hu, 1000 * (1 - s))
        for s in shares
    }
    return times_of(methods, repeats)


def studies(folder: Path, slices: list[int], repeats: int) -> dict[str, dict[str, float]]:
    """Run whole studies of different numbers of slices."""
    rows: dict[str, dict[str, float]] = {}
    for n in slices:
        study = make_study(folder / f"{n}_slices", n, 512)
        runs = []
        with tempfile.TemporaryDirectory() as out:
            for turn in range(repeats):
                command = [sys.executable, "-m", "ho_detect", "run", str(study), "--out", f"{out}/{turn}", "--quiet"]
                runs.append(watched([*command, "--workers", "1"]))
        rows[f"{n} slices"] = min(runs, key=lambda run: run["wall_s"])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the studies that are made")
    parser.add_argument("--slices", type=int, nargs="+", default=[100, 400, 1600])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    hu = np.ascontiguousarray(load(make_study(options.out / "100_slices", 100, 512)).hu)
    results = {
        "components, slices of 512 x 512": components(hu, options.slices, options.repeats),
        "components, noise of 128 x 512 x 512": noise(options.repeats),
        "whole study, slices of 512 x 512": studies(options.out, options.slices, 1),
    }
    report("Growth", results, options.json)


if __name__ == "__main__":
    main()
