"""Run the tour from start to end and store it with what it shows: ``python pipelines/store_tour.py``.

Stored outputs name no folder of the machine that they were made on; the slice browser, which lives in a running kernel
alone, is left out. To be run, and looked at, when what the tour shows has changed.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import Any

import nbclient
import nbformat

TOUR = Path(__file__).with_name("tour.ipynb")
ROOT = TOUR.parents[1]
#: What a running kernel alone can show.
_LIVE = "application/vnd.jupyter.widget-view+json"


def stored(notebook: Any, folder: str) -> Any:  # noqa: ANN401 - nbformat has no types
    """Return an executed notebook, whose results went to a folder for temporary files, as it is stored."""
    results = re.compile(re.escape(folder) + r"/ho_detect_tour_\w+")
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.clear()
        if cell.cell_type == "code":
            cell.outputs = [_nameless(o, results) for o in cell.outputs if "data" in o and _LIVE not in o.data]
    return notebook


def _nameless(output: Any, results: re.Pattern[str]) -> Any:  # noqa: ANN401
    for kind, text in output.data.items():
        if kind.startswith("text/"):
            output.data[kind] = results.sub("ho_detect_tour", text).replace(f"{ROOT}/", "")
    return output


def main() -> None:
    """Run and store."""
    notebook = nbformat.read(TOUR, as_version=4)
    with tempfile.TemporaryDirectory(prefix="t") as folder:
        os.environ["TMPDIR"] = folder  # of the kernel
        nbclient.NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(TOUR.parent)}}).execute()
    nbformat.write(stored(notebook, folder), TOUR)


if __name__ == "__main__":
    main()
