"""The notebook in ``pipelines/`` from start to end."""

import re
import tempfile
from pathlib import Path

import pytest

TOUR = Path(__file__).parents[1] / "pipelines" / "tour.ipynb"


def outputs(notebook, kind):
    return [o["data"][kind] for cell in notebook.cells for o in cell.get("outputs", ()) if kind in o.get("data", {})]


@pytest.fixture(scope="module")
def notebook():
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    return nbformat.read(TOUR, as_version=4)


@pytest.fixture
def short_folder():
    """Where sockets may lie: their paths may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="t") as folder:
        yield Path(folder)


def shows_what_it_says(done):
    said = "\n".join(outputs(done, "text/plain"))
    assert "Left hip: ossification present, 1 lesion" in said
    assert "bridges femur and pelvis" in said
    assert "182 days between the studies." in said
    assert "not comparable" not in said
    assert any("bridges femur and pelvis" in html for html in outputs(done, "text/html"))
    assert any("volume_change_percent" in html for html in outputs(done, "text/html"))
    assert outputs(done, "image/png")
    # from 7.5 to 11.0 mL, +47 %
    (change,) = re.findall(r"Left hip: ossification [\d.]+ mL to [\d.]+ mL \(([+-]\d+) %\)", said)
    assert int(change) == pytest.approx(47, abs=15)


def test_is_stored_with_what_it_shows_and_nothing_of_the_machine(notebook):
    shows_what_it_says(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    text = "\n".join(outputs(notebook, "text/plain") + outputs(notebook, "text/html"))
    assert not re.search(r"/(tmp|home|root|work|Users)/", text)
    assert "widgets" not in notebook.metadata
    assert TOUR.stat().st_size < 2e6


def test_runs_from_start_to_end(notebook, short_folder, monkeypatch):
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    monkeypatch.setenv("TMPDIR", str(short_folder))
    done = nbclient.NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(TOUR.parent)}}).execute()
    shows_what_it_says(done)
    (tour,) = short_folder.glob("ho_detect_tour_*")
    assert (tour / "report.html").is_file()
    assert (tour / "cohort" / "index.html").is_file()
    assert len(list((tour / "cohort").glob("*/report.html"))) == 2
