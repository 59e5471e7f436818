"""Pull, run, push, query and read back, with a real Orthanc and its DICOMweb plug-in."""

from datetime import date

import batch_tasks
import numpy as np
import orthanc
import pydicom
import pytest
from click.testing import CliRunner
from dicom_files import CtSeries, write_series
from pydicom.dataset import Dataset

from ho_detect.cli import cli
from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.run import run
from ho_detect.errors import HoDetectError, UsageError
from ho_detect.pacs.archive import PASSWORD_VARIABLE, USER_VARIABLE, Credentials, connect
from ho_detect.pacs.pull import pull
from ho_detect.pacs.push import push
from ho_detect.pacs.query import Query
from ho_detect.settings import Settings

pytestmark = pytest.mark.skipif(not orthanc.is_there(), reason="no Orthanc with its DICOMweb plug-in")
UID = "1.2.826.0.1.3680043.8.498"


def change(**values):
    return lambda _, ds: ds.update(values)


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    """An archive with a hip CT with its localizer, a hip CT of another year, a head CT and an MR."""
    folder = tmp_path_factory.mktemp("hospital")
    studies = {
        "hip": (CtSeries(series_uid=f"{UID}.1.1", study_uid=f"{UID}.2.1"), change()),
        "scout": (
            CtSeries(series_uid=f"{UID}.1.2", study_uid=f"{UID}.2.1", n_slices=2),
            change(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]),
        ),
        "old": (CtSeries(series_uid=f"{UID}.1.3", study_uid=f"{UID}.2.3"), change(StudyDate="20110102")),
        "head": (
            CtSeries(series_uid=f"{UID}.1.4", study_uid=f"{UID}.2.4"),
            change(BodyPartExamined="HEAD", StudyDescription="CT BRAIN", SeriesDescription="brain"),
        ),
        "mr": (CtSeries(series_uid=f"{UID}.1.5", study_uid=f"{UID}.2.5"), change(Modality="MR")),
    }
    paths = [p for name, (spec, edit) in studies.items() for p in write_series(folder / name, spec, edit=edit)]
    with orthanc.archive(folder / "orthanc") as url:
        orthanc.put(url, paths)
        yield url


@pytest.fixture
def client(hospital):
    return connect(hospital, Credentials())


class TestPull:
    def test_only_candidates_are_fetched(self, client, tmp_path):
        pulled = pull(client, Query(), tmp_path / "ct")
        assert (pulled.n_fetched, pulled.n_present) == (2, 0)
        assert pulled.left_out == {"localizer": 1, "not_hip_region": 1}
        series = sorted((tmp_path / "ct").glob("study-*/series-*"))
        assert [len(list(folder.iterdir())) for folder in series] == [16, 16]

    def test_images_are_those_of_the_archive(self, client, tmp_path):
        pull(client, Query(since=date(2020, 1, 1)), tmp_path / "ct")
        found = {ds.SOPInstanceUID: ds for ds in map(pydicom.dcmread, (tmp_path / "ct").rglob("*.dcm"))}
        spec = CtSeries(series_uid=f"{UID}.1.1")
        assert len(found) == 16
        for k in range(16):
            ds = found[f"{spec.series_uid}.{k + 1}"]
            assert np.array_equal(ds.pixel_array - 1024.0, np.rint(spec.slice_hu(k)))

    def test_what_is_there_is_not_fetched_again(self, client, tmp_path):
        pull(client, Query(), tmp_path, limit=1)
        assert len(list(tmp_path.glob("study-*"))) == 1
        (tmp_path / ".pull-0000" / "half").mkdir(parents=True)
        again = pull(client, Query(), tmp_path)
        assert (again.n_fetched, again.n_present) == (1, 1)
        assert not list(tmp_path.glob(".pull-*"))
        next(tmp_path.rglob("*.dcm")).unlink()
        third = pull(client, Query(), tmp_path)
        assert (third.n_fetched, third.n_present) == (1, 1)

    def test_no_identity_in_names_or_what_is_said(self, hospital, tmp_path):
        done = CliRunner().invoke(cli, ["pull", hospital, "--out", str(tmp_path / "ct"), "--description", "*pelvis*"])
        assert done.exit_code == 0, done.output
        assert "2 series fetched, 0 present, 1 left out" in done.output
        said = done.output + done.stderr + "".join(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*"))
        assert "1.2.826" not in said
        assert "SECRET" not in said.upper()


@pytest.fixture(scope="module")
def results(hospital, tmp_path_factory):
    """Run on what was pulled, identities kept; and the same under pseudonyms."""
    tmp_path = tmp_path_factory.mktemp("results")
    pull(connect(hospital, Credentials()), Query(since=date(2020, 1, 1)), tmp_path / "ct")
    for name, keep in (("out", True), ("secret", False)):
        settings = Settings.from_dict({"output": {"dicom": True, "keep_identity": keep}})
        options = Options(task=batch_tasks.finds_measured_lesions)
        report = run([tmp_path / "ct"], tmp_path / name, settings, options)
        assert report.exit_status == 0
    return tmp_path


class TestPush:
    def test_results_are_filed_with_their_study_and_read_back(self, client, results, hospital):
        done = CliRunner().invoke(cli, ["push", hospital, str(results / "out")])
        assert done.exit_code == 0, done.output
        assert "5 objects sent, 0 present, 0 refused" in done.output
        found = client.search_for_series(f"{UID}.2.1", fields=["SeriesDescription"])
        kinds = sorted(Dataset.from_json(item).Modality for item in found)
        assert kinds == ["CT", "CT", "OT", "SEG", "SR"]
        written = {ds.SOPInstanceUID: ds for ds in map(pydicom.dcmread, (results / "out").rglob("*.dcm"))}
        for item in map(Dataset.from_json, found):
            if item.Modality != "CT":
                for ds in client.retrieve_series(f"{UID}.2.1", item.SeriesInstanceUID):
                    sent = written.pop(ds.SOPInstanceUID)
                    assert ds.PatientID == "SECRET-ID"
                    if item.Modality == "SR":
                        assert ds.ContentSequence == sent.ContentSequence
                    else:
                        assert ds.PixelData == sent.PixelData
        assert written == {}
        again = push(client, results / "out")
        assert (again.n_sent, again.n_present, again.failed) == (0, 5, ())

    def test_pseudonyms_are_not_sent_unless_asked_for(self, client, results):
        before = len(client.search_for_studies())
        with pytest.raises(UsageError, match="--keep-identity"):
            push(client, results / "secret")
        assert len(client.search_for_studies()) == before
        assert push(client, results / "secret", pseudonyms=True).n_sent == 5
        assert len(client.search_for_studies()) == before + 1

    def test_nothing_to_send(self, client, tmp_path):
        with pytest.raises(UsageError, match="--dicom"):
            push(client, tmp_path)


def test_with_a_password(tmp_path, monkeypatch):
    with orthanc.archive(tmp_path / "orthanc", with_password=True) as url:
        with pytest.raises(HoDetectError, match="401"):
            pull(connect(url, Credentials()), Query(), tmp_path / "ct")
        monkeypatch.setenv(USER_VARIABLE, orthanc.USER)
        monkeypatch.setenv(PASSWORD_VARIABLE, orthanc.PASSWORD)
        assert pull(connect(url, Credentials.find()), Query(), tmp_path / "ct").n_fetched == 0
