"""Names of a BIDS derivative: by patient, study and series, and the files are those of the results."""

import json
import re

import batch_tasks
import nibabel
import pytest
from dicom_files import CtSeries, write_series

from ho_detect.cohort.run.pool import Options
from ho_detect.cohort.run.run import run
from ho_detect.cohort.store.verify import verify
from ho_detect.settings import Settings

UID = "1.2.826.0.1.3680043.8.498"
NAME = re.compile(
    r"(sub-[a-z0-9]+)_(ses-[a-z0-9]+)_rec-[a-z0-9]+_desc-ossification_(dseg|findings)\.(nii\.gz|json|tsv)"
)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Two studies of one patient, one study of another, one of nobody."""
    folder = tmp_path_factory.mktemp("Secret")
    for k, patient in enumerate(("A", "A", "B", "")):
        spec = CtSeries(series_uid=f"{UID}.1.{k}", study_uid=f"{UID}.2.{k}")
        write_series(folder / "ct" / str(k), spec, edit=lambda _, ds, who=patient: ds.update({"PatientID": who}))
    settings = Settings.from_dict({"output": {"naming": "bids"}})
    run([folder / "ct"], folder / "out", settings, Options(task=batch_tasks.finds_measured_lesions))
    return folder / "out"


def test_one_subject_for_each_patient_and_one_session_for_each_study(out):
    subjects = sorted(out.glob("sub-*"))
    assert sorted(len(list(s.glob("ses-*"))) for s in subjects) == [1, 1, 2]


def test_names_say_where_a_file_belongs(out):
    files = list(out.glob("sub-*/ses-*/ct/*"))
    assert len(files) == 4 * 4
    for path in files:
        subject, session, *_ = NAME.fullmatch(path.name).groups()
        assert path.parts[-4:-1] == (subject, session, "ct")


def test_files_are_those_of_the_results(out):
    found = {path.read_bytes() for path in out.glob("sub-*/ses-*/ct/*_findings.json")}
    assert found == {path.read_bytes() for path in out.glob("series-*/findings.json")}
    for path in out.glob("sub-*/ses-*/ct/*_dseg.nii.gz"):
        assert nibabel.load(path).header.get_data_dtype() == "uint16"
        rows = path.with_name(path.name.replace(".nii.gz", ".tsv")).read_text().splitlines()
        assert rows[0] == "index\tname"
        assert [row.split("\t")[0] for row in rows[1:]] == ["1", "3"]
        assert json.loads(path.with_name(path.name.replace(".nii.gz", ".json")).read_text())["Manual"] is False


def test_the_data_set_is_described(out):
    about = json.loads((out / "dataset_description.json").read_text())
    assert about["DatasetType"] == "derivative"
    assert about["GeneratedBy"][0]["Name"] == "ho-detect"


def test_nothing_tells_who_it_is(out):
    names = "".join(str(path.relative_to(out)) for path in out.rglob("*"))
    assert "1.2.826" not in names
    assert "SECRET" not in names.upper()


def test_results_are_still_as_they_were_written(out):
    assert verify(out).problems == ()
