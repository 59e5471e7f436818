"""The page over all studies: how long it takes to make, and to open in Chromium until its rows can be read.

    python benchmarks/bench_cohort_page.py --hips 1000 5000 --json cohort_page.json

Needs playwright, and Chromium on the search path or where HO_DETECT_CHROMIUM says.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from measuring import ROOT, report

sys.path.insert(0, str(ROOT / "tests"))
from browser import browser, opened
from made_cohort import make_cohort

from ho_detect.reporting.pages.cohort import write_cohort_page


def measured(n_hips: int, repeats: int) -> dict[str, float]:
    """Return the best of several repeats for one number of hips."""
    with tempfile.TemporaryDirectory() as folder:
        out = make_cohort(Path(folder), n_hips // 2)
        made = min(_seconds(lambda: write_cohort_page(out)) for _ in range(repeats))
        with browser() as running:
            first = min(_seconds(lambda: _open(running, out)) for _ in range(repeats))
        return {"make_s": made, "open_s": first, "size_mb": (out / "index.html").stat().st_size / 1e6}


def _open(running: object, out: Path) -> None:
    page = opened(running, out / "index.html").page
    page.wait_for_selector("tr.hip .pill")
    page.close()


def _seconds(work: object) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hips", type=int, nargs="+", default=[1000, 5000, 20000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = {f"{n} hips": measured(n, options.repeats) for n in options.hips}
    report("The page over all studies", {"generated": rows}, options.json)


if __name__ == "__main__":
    main()
