"""One object or result that is refused ends nothing else, and is named."""

import json
import shutil

import batch_tasks
import pydicom
import pytest
from click.testing import CliRunner
from dicom_files import CtSeries, write_series
from faulty_archive import JSON, Archive, serving

from ho_detect.cli import cli
from ho_detect.cohort.run import run
from ho_detect.cohort.run.pool import Options
from ho_detect.errors import HoDetectError
from ho_detect.pacs.archive import Credentials, connect
from ho_detect.pacs.push import push
from ho_detect.settings import Settings

UID = "1.2.826.0.1.3680043.8.498"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Two results with true identities, as DICOM."""
    folder = tmp_path_factory.mktemp("results")
    for k in (1, 2):
        write_series(folder / "ct" / str(k), CtSeries(series_uid=f"{UID}.1.{k}", study_uid=f"{UID}.2.{k}", n_slices=12))
    settings = Settings.from_dict({"output": {"dicom": True, "keep_identity": True}})
    run.run([folder / "ct"], folder / "out", settings, Options(task=batch_tasks.finds_measured_lesions, workers=1))
    return folder / "out"


@pytest.fixture
def archive():
    with serving(Archive()) as archive:
        yield archive


def send(archive, out):
    client = connect(archive.url, Credentials())
    client.set_http_retry_params(max_attempts=2, wait_exponential_multiplier=1)
    return push(client, out)


@pytest.mark.parametrize("status", [404, 405, 500])
def test_an_archive_that_cannot_be_searched_is_sent_all(archive, results, status):
    archive.faults["GET", "instances$"] = status
    pushed = send(archive, results)
    assert (pushed.n_sent, pushed.failed) == (10, ())
    assert len(set(archive.stored)) == 10


def test_one_result_that_is_refused(archive, results):
    store, bodies = archive.answer, []

    def refuse_the_first(method, path, query, body):
        if method == "POST":
            bodies.append(body)
            if len(bodies) == 1:
                return 409, b"", JSON
        return store(method, path, query, body)

    archive.answer = refuse_the_first
    pushed = send(archive, results)
    assert len(bodies) == 2
    assert pushed.n_sent == 5
    assert len(pushed.failed) == 5
    assert all(place.endswith(".dcm: the archive answered with status 409") for place in pushed.failed)


def test_one_object_that_is_refused(archive, results):
    store = archive._store

    def refuse_the_first(body):
        _, answer, kind = store(body)
        items = json.loads(answer)["00081199"]["Value"]
        refused = items.pop(0) | {"00081197": {"vr": "US", "Value": [272]}}
        said = {"00081199": {"vr": "SQ", "Value": items}, "00081198": {"vr": "SQ", "Value": [refused]}}
        return 202, json.dumps(said).encode(), kind

    archive._store = refuse_the_first
    done = CliRunner().invoke(cli, ["push", archive.url, str(results)], standalone_mode=False)
    assert done.return_value == 3
    assert "8 objects sent, 0 present, 2 refused" in done.output
    assert done.output.count("refused it (reason 272)") == 2


def test_an_archive_that_takes_without_a_word_is_asked(archive, results):
    store = archive._store
    archive._store = lambda body: (store(body)[0], b"", JSON)
    assert len(send(archive, results).failed) == 10
    by_uid = {pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID: path for path in results.rglob("*.dcm")}

    def hold(body):
        status, _, kind = store(body)
        archive.add([by_uid[uid] for uid in archive.stored if uid in by_uid])
        return status, b"", kind

    archive._store = hold
    assert send(archive, results).failed == ()


def test_a_file_that_is_cut_is_named(archive, results, tmp_path):
    shutil.copytree(results, tmp_path / "out")
    cut = next((tmp_path / "out").rglob("report.dcm"))
    cut.write_bytes(cut.read_bytes()[:100])
    pushed = send(archive, tmp_path / "out")
    assert pushed.n_sent == 9
    assert pushed.failed == (f"{cut.parent.name}/report.dcm: the file cannot be read (ValueError)",)


@pytest.mark.parametrize("status", [401, 403])
def test_no_access_ends_it(archive, results, status):
    archive.faults["POST", "studies"] = status
    with pytest.raises(HoDetectError, match=str(status)):
        send(archive, results)
    assert len([asked for asked in archive.asked if asked.startswith("POST")]) == 1
