"""What is written is valid by others' validators, the same each time, each kind a series of its own."""

import pydicom
import pytest
from dicom_files import write_series
from dicom_objects import drop, errors, read_report, values
from loaded_findings import load_findings
from made_findings import make_findings
from outputs import without_times

from ho_detect.errors import UsageError


def test_no_errors(result):
    _, files = result
    assert sorted(files) == [
        "picture-01.dcm", "picture-02.dcm", "picture-03.dcm", "report.dcm", "segmentation.dcm",
    ]  # fmt: skip
    assert {name: errors(path) for name, path in files.items()} == {name: [] for name in files}


def test_the_check_can_fail(result, tmp_path):
    ds = pydicom.dcmread(result[1]["segmentation.dcm"])
    del ds.SegmentSequence[0].SegmentLabel
    ds.save_as(tmp_path / "x.dcm")
    assert errors(tmp_path / "x.dcm")


@pytest.mark.parametrize(
    "edit",
    [
        drop("PatientID", "PatientName", "StudyDate", "StudyDescription", "Manufacturer"),
        drop("FrameOfReferenceUID", "SliceThickness"),
        lambda k, ds: ds.update({"StudyInstanceUID": "1.2/../x", "SOPInstanceUID": f"1.02.{k}{'7' * 70}"}),
        lambda _, ds: ds.update({"PatientBirthDate": "sometime", "PatientSex": "unknown", "StudyID": "x" * 40}),
    ],
)
@pytest.mark.parametrize("keep_identity", [False, True])
def test_of_images_without_what_they_should_state(tmp_path, edit, keep_identity):
    write_series(tmp_path / "ct", edit=edit)
    files = load_findings(tmp_path / "ct", 1, keep_identity=keep_identity).save_dicom(tmp_path / "out")
    assert {path.name: errors(path) for path in files} == {path.name: [] for path in files}


def test_without_lesion_no_segmentation_and_absent(tmp_path):
    write_series(tmp_path / "ct")
    files = load_findings(tmp_path / "ct", 0).save_dicom(tmp_path / "out")
    assert [path.name for path in files] == ["report.dcm", "picture-01.dcm"]
    assert errors(files[0]) == []
    groups = read_report(files[0], tmp_path)
    assert [g["Laterality"]["CodeMeaning"] for g in groups] == ["Left", "Right"]
    assert [values(g)["Heterotopic ossification"] for g in groups] == [["Absent"], ["Absent"]]
    assert [values(g)["Number of lesions"] for g in groups] == [0, 0]


def test_each_kind_is_a_series_of_its_own(tmp_path):
    write_series(tmp_path / "ct")
    files = [pydicom.dcmread(path) for path in load_findings(tmp_path / "ct").save_dicom(tmp_path / "out")]
    numbers = {(ds.Modality, int(ds.SeriesNumber)) for ds in files}
    assert numbers == {("SEG", 9001), ("SR", 9002), ("OT", 9003)}
    assert len({ds.SeriesInstanceUID for ds in files}) == 3


def test_findings_without_files_are_refused(tmp_path):
    with pytest.raises(UsageError, match="DICOM"):
        make_findings().save_dicom(tmp_path)


def test_but_for_dates_and_times(result, tmp_path):
    findings, files = result
    again = {path.name: path for path in findings.save_dicom(tmp_path / "out")}
    assert again.keys() == files.keys()
    assert [name for name in files if without_times(files[name]) != without_times(again[name])] == []
    assert any(files[name].read_bytes() != again[name].read_bytes() for name in files)
