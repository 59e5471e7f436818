"""What tests of runs look at: the files of an output folder that are the same in every run."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

#: They differ from run to run: what a series cost, and when it was done.
_TIMES = ("timings.csv", "timings.parquet", "provenance.json")


def contents(out: Path) -> dict[str, bytes]:
    """Return name and bytes of each result file and table below ``out``."""
    files = (path for path in sorted(out.rglob("*")) if path.is_file())
    found = {str(path.relative_to(out)): path.read_bytes() for path in files if path.name not in _TIMES}
    return {
        name: data for name, data in found.items() if not name.startswith(".ho-detect/") and name != "manifest.parquet"
    }


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def rows(out: Path, name: str = "studies") -> list[dict[str, object]]:
    return pq.read_table(out / f"{name}.parquet").to_pylist()
