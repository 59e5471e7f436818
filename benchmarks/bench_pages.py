"""The pages for readers: a report beyond the analysis, and the page over all studies to make and to open.

    python benchmarks/bench_pages.py --study FOLDER --hips 1000 5000 --json pages.json

Opening, in Chromium until rows can be read, needs playwright, and Chromium on the search path or where
HO_DETECT_CHROMIUM says.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from measuring import ROOT, SAMPLE, report, times_of

sys.path.insert(0, str(ROOT / "tests"))
from browser import browser, opened
from made_cohort import make_cohort

import ho_detect
from ho_detect.export.pages.cohort import write_cohort_page
from ho_detect.export.pages.report import report_html


def report_of(study: Path, repeats: int) -> dict[str, float]:
    """Time the report of one study; the first call imports what it needs."""
    findings = ho_detect.detect(study)
    times = times_of({"report": lambda: report_html(findings)}, repeats)["report"]
    return {**times, "size_mb": len(report_html(findings).encode()) / 1e6, "lesions": len(findings.lesions)}


def cohort_of(n_hips: int, repeats: int) -> dict[str, float]:
    """Time the page over that many hips, made up."""
    with tempfile.TemporaryDirectory() as folder:
        out = make_cohort(Path(folder), n_hips // 2)
        made = min(_seconds(lambda: write_cohort_page(out)) for _ in range(repeats))
        with browser() as running:
            shown = [_seconds(lambda: _open(running, out)) for _ in range(repeats)]
        return {
            "make_best_s": made,
            "open_first_s": shown[0],
            "open_best_s": min(shown),
            "size_mb": (out / "index.html").stat().st_size / 1e6,
        }


def _open(running: Any, out: Path) -> None:
    page = opened(running, out / "index.html").page
    page.wait_for_selector("tr.hip .pill")
    page.close()


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", type=Path, default=SAMPLE, help="folder with one CT study")
    parser.add_argument("--hips", type=int, nargs="+", default=[1000, 5000, 20000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    pages = {f"{n} hips": cohort_of(n, options.repeats) for n in options.hips}
    results = {"report": {options.study.name: report_of(options.study, options.repeats)}, "all studies": pages}
    report("Pages for readers", results, options.json)


if __name__ == "__main__":
    main()
