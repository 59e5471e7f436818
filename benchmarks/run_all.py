"""Run the speed benchmarks one after the other and print their tables as one.

python benchmarks/run_all.py --out benchmark_results
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from measuring import SAMPLE, machine, table

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", type=Path, default=SAMPLE, help="folder with one CT study")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("benchmark_results"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rows: dict[str, dict[str, float]] = {}
    for name in ("components", "loading", "study"):
        path = options.out / f"{name}.json"
        command = [sys.executable, str(HERE / f"bench_{name}.py"), "--study", str(options.study), "--json", str(path)]
        command += ["--repeats", str(options.repeats)]
        subprocess.run([*command, *(["--cold"] if name == "components" else [])], check=True, stdout=subprocess.DEVNULL)
        for data, methods in json.loads(path.read_text())["results"].items():
            rows |= {f"{name}: {data}: {method}": row for method, row in methods.items()}
    print(f"{machine()}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
