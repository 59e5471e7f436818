"""An amended result of a run: tables and page follow, and a run that goes on leaves it alone."""

import json
import shutil

import batch_tasks
import pytest
from dicom_files import CtSeries, write_series

from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.run import run
from ho_detect.cohort.store.amended import publish
from ho_detect.cohort.store.output_folder import OutputFolder
from ho_detect.cohort.store.verify import verify
from ho_detect.errors import UsageError
from ho_detect.findings import Findings
from ho_detect.settings import Settings

UID = "1.2.826.0.1.3680043.8.498"


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    folder = tmp_path_factory.mktemp("in")
    for k in (1, 2):
        write_series(folder / f"s{k}", CtSeries(series_uid=f"{UID}.1.{k}", study_uid=f"{UID}.9.{k}"))
    return folder


def options(key_file, **more):
    return Options(task=batch_tasks.finds_measured_lesions, workers=1, key_file=key_file, **more)


@pytest.fixture
def key_file(tmp_path):
    (tmp_path / "key").write_bytes(b"0123456789abcdef")
    return tmp_path / "key"


@pytest.fixture
def out(studies, tmp_path, key_file):
    run([studies], tmp_path / "out", options=options(key_file, resume=True))
    return tmp_path / "out"


def without_first_lesion(folder):
    """Write what is in a folder with one lesion less, as an amended result is."""

    def write(staged):
        shutil.copytree(folder, staged / "automatic")
        found = Findings.load(folder)
        values = json.loads(found.to_json())
        (gone,) = (x for x in values["lesions"] if x["id"] == 1)
        values["lesions"].remove(gone)
        hip = next(h for h in values["hips"] if h["side"] == gone["side"])
        hip |= {"n_lesions": 0, "total_volume_mm3": 0.0, "finding": "absent"}
        found.labels[found.labels == 1] = 0
        found.save(staged)
        (staged / "findings.json").write_text(json.dumps(values))

    return write


def folder_of(out):
    return sorted(p for p in out.glob("series-*"))[0]


def problems(out):
    # the record was changed by hand, its hash was not
    return [p for p in verify(out).problems if "SHA-256" not in p.message]


def test_tables_follow(out):
    folder = folder_of(out)
    assert publish(folder, without_first_lesion(folder)) is True
    assert problems(out) == []
    assert (folder / "automatic" / "findings.json").exists()


def test_a_run_that_goes_on_leaves_it_alone_whatever_has_changed(out, studies, key_file):
    folder = folder_of(out)
    publish(folder, without_first_lesion(folder))
    before = (folder / "findings.json").read_bytes()
    settings = Settings.from_dict({"judge": {"min_volume_mm3": 99.0}})
    report = run([studies], out, settings, options(key_file, resume=True))
    assert (folder / "findings.json").read_bytes() == before
    assert len(report.folders) == 2
    assert problems(out) == []


def test_a_folder_of_no_run_is_replaced_alone(out, tmp_path):
    alone = tmp_path / "alone" / "result"
    shutil.copytree(folder_of(out), alone)
    assert publish(alone, without_first_lesion(alone)) is False
    assert {p.name for p in alone.parent.iterdir()} == {"result"}
    assert len(Findings.load(alone).lesions) == len(Findings.load(folder_of(out)).lesions) - 1


def test_what_cannot_be_written_leaves_all_as_it_was(out):
    def fails(staged):
        staged.mkdir()
        raise OSError(28, "No space left on device")

    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file() and ".ho-detect" not in p.parts}
    with pytest.raises(OSError, match="No space"):
        publish(folder_of(out), fails)
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file() and ".ho-detect" not in p.parts} == before


def test_not_while_a_run_writes_there(out):
    with OutputFolder(out), pytest.raises(UsageError, match="another ho-detect run"):
        publish(folder_of(out), lambda staged: None)
