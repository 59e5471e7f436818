"""Studies in folders named after the patient, and the command line called on them."""

import functools

import batch_tasks
import pytest
from dicom_files import CtSeries, write_series
from identities import UID

from ho_detect.cli import main
from ho_detect.cohort.run import pool


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    """One usable series, one that is no CT, and junk, in folders named after the patient."""
    folder = tmp_path_factory.mktemp("Secret") / "Secret^Name"
    write_series(folder / "a", CtSeries(series_uid=f"{UID}.1.1"))
    write_series(folder / "b", CtSeries(series_uid=f"{UID}.1.2"), edit=lambda _, ds: setattr(ds, "Modality", "MR"))
    (folder / "junk.dcm").write_bytes(b"not DICOM")
    (folder / "empty").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    """A series that should be analysed and cannot be."""
    folder = tmp_path_factory.mktemp("Secret_faulty")
    for path in write_series(folder, CtSeries(series_uid=f"{UID}.1.3"))[7:9]:
        path.unlink()
    return folder


@pytest.fixture
def in_place(monkeypatch):
    """Put a task in place of the analysis."""

    def put(task):
        monkeypatch.setattr(pool, "Options", functools.partial(pool.Options, task=task))

    put(batch_tasks.finds_two_lesions)
    return put


@pytest.fixture
def call(capfd):
    """Run the command line; give its exit status, standard output and standard error."""

    def run(*args):
        with pytest.raises(SystemExit) as caught:
            main([str(a) for a in args])
        return caught.value.code, *capfd.readouterr()

    return run
