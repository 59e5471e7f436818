"""Run the speed benchmarks one after the other, print one table of ratios, and write it as JSON.

python benchmarks/run_all.py --out benchmark_results

A study of 400 uncompressed slices of 512 x 512 is simulated first (``make_study.py``); it takes 200 MB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from make_study import make_study
from measuring import machine, table

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", type=Path, help="folder with one CT study; otherwise simulated")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--growth", action="store_true", help="with studies of up to 1600 slices: 1 GB, minutes more")
    parser.add_argument("--out", type=Path, default=Path("benchmark_results"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    study = options.study or make_study(options.out / "400_slices", 400, 512)
    rows: dict[str, dict[str, float]] = {}
    for name in ("components", "loading", "study", *(["growth"] if options.growth else [])):
        path = options.out / f"{name}.json"
        place = ["--out", str(options.out)] if name == "growth" else ["--study", str(study)]
        command = [sys.executable, str(HERE / f"bench_{name}.py"), *place, "--json", str(path)]
        command += ["--repeats", str(options.repeats)]
        subprocess.run([*command, *(["--cold"] if name == "components" else [])], check=True, stdout=subprocess.DEVNULL)
        for data, methods in json.loads(path.read_text())["results"].items():
            rows |= {f"{name}: {data}: {method}": row for method, row in methods.items()}
    print(f"{machine()}\n\n{table(rows)}")
    (options.out / "all.json").write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
