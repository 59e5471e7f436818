"""Identities appear where they were asked for alone; UIDs follow what was found, not what else is written."""

from dataclasses import replace

import msgspec
import pydicom
from dicom_files import CtSeries, write_series
from dicom_objects import SECRET, errors
from loaded_findings import load_findings

from ho_detect.export.dicom.identity import Identity
from ho_detect.settings import Settings


def test_none_unless_asked_for(result):
    assert len(result[1]) > 0
    for path in result[1].values():
        data = path.read_bytes()
        assert not [secret for secret in SECRET if secret in data]
        ds = pydicom.dcmread(path, stop_before_pixels=True)
        assert (str(ds.PatientName), ds.PatientID, ds.StudyDate, ds.AccessionNumber) == ("", "", "", "")
        assert ds.PatientIdentityRemoved == "YES"
        assert ds.StudyInstanceUID == result[0].record.series.study_uid


def test_the_true_one_where_kept(tmp_path):
    spec = CtSeries()
    write_series(tmp_path / "ct", spec, edit=lambda _, ds: ds.update({"PatientName": "Mu\u0308ller^Zoe\u0308"}))
    findings = load_findings(tmp_path / "ct", keep_identity=True)
    for path in findings.save_dicom(tmp_path / "out"):
        ds = pydicom.dcmread(path, stop_before_pixels=True)
        assert (ds.PatientID, ds.StudyDate, ds.StudyInstanceUID) == ("SECRET-ID", "20200102", spec.study_uid)
        assert "PatientIdentityRemoved" not in ds
        assert errors(path) == []
    seg = pydicom.dcmread(tmp_path / "out" / "segmentation.dcm")
    refs = {i.ReferencedSOPInstanceUID for s in seg.ReferencedSeriesSequence for i in s.ReferencedInstanceSequence}
    assert refs <= {f"{spec.series_uid}.{k}" for k in range(1, 17)}


def test_uids_are_those_of_the_findings(result, tmp_path):
    findings, files = result
    again = {path.name: path for path in findings.save_dicom(tmp_path)}

    def uids(paths):
        return {name: pydicom.dcmread(path).SOPInstanceUID for name, path in paths.items()}

    assert uids(again) == uids(files)
    changed = msgspec.structs.replace(findings.lesions[0], max_hu=1.0)
    record = msgspec.structs.replace(findings.record, lesions=(changed, *findings.lesions[1:]))
    other = replace(findings, record=record).save_dicom(tmp_path)
    assert not set(uids(files).values()) & {pydicom.dcmread(path).SOPInstanceUID for path in other}


def test_whatever_else_is_written(result, tmp_path):
    software = result[0].record.software
    more = Settings.from_dict({"output": {"fhir": True, "bones": True}, "threads": 2})
    other = msgspec.structs.replace(software, settings=more)
    one, two = (
        Identity.of(replace(result[0], record=msgspec.structs.replace(result[0].record, software=made)))
        for made in (software, other)
    )
    assert one.tracking_id(1) == two.tracking_id(1)
    assert one.uid("lesion", 1) == two.uid("lesion", 1)
    third = msgspec.structs.replace(software, settings_digest="of other settings")
    changed = replace(result[0], record=msgspec.structs.replace(result[0].record, software=third))
    assert Identity.of(changed).uid("lesion", 1) != one.uid("lesion", 1)
