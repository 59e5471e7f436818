"""Encapsulated STL: the mesh is the one of the STL file, in the frame of reference and study of the CT."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from dicom_files import CtSeries, write_series
from loaded_findings import load_findings

from ho_detect.export.meshes import mesh_of, stl


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ct")
    write_series(folder / "ct", CtSeries())
    findings = load_findings(folder / "ct", meshes=True)
    findings = replace(
        findings, bones=type("NoBones", (), {"labels": lambda self, grid: findings.labels.astype("u1") * 0})()
    )
    files = findings.save_dicom(folder / "out")
    return findings, [p for p in files if p.name.startswith("mesh")]


def test_it_holds_the_surface_of_each_lesion(written):
    findings, files = written
    assert len(files) == 2
    for lesion, path in zip(findings.lesions, files, strict=True):
        ds = pydicom.dcmread(path)
        mesh = mesh_of(findings.labels == lesion.id, findings.grid, "", "#000000")
        assert ds.EncapsulatedDocument[: ds.EncapsulatedDocumentLength] == stl(mesh)
        assert ds.MIMETypeOfEncapsulatedDocument == "model/stl"
        assert ds.DocumentTitle.startswith(f"lesion-{lesion.id},")


def test_it_belongs_to_the_study_and_its_space(written):
    findings, files = written
    assert len(files) == 2
    others = [pydicom.dcmread(p) for p in files[0].parent.glob("segmentation.dcm")]
    for path in files:
        ds = pydicom.dcmread(path)
        assert ds.StudyInstanceUID == findings.record.series.study_uid
        assert {o.FrameOfReferenceUID for o in others} == {ds.FrameOfReferenceUID}
        assert ds.PatientIdentityRemoved == "YES"
        assert ds.PatientID == ""


def test_without_being_asked_for_there_is_none(tmp_path):
    write_series(tmp_path / "ct", CtSeries())
    names = {path.name for path in load_findings(tmp_path / "ct").save_dicom(tmp_path / "out")}
    assert "segmentation.dcm" in names
    assert names.isdisjoint({"mesh-01.dcm", "mesh-02.dcm"})


def test_a_validator_finds_nothing_wrong(written):
    validator = Path(sys.executable).with_name("dciodvfy")
    if not validator.exists():
        pytest.skip("dicom3tools is not installed")
    assert len(written[1]) == 2
    for path in written[1]:
        said = subprocess.run([validator, path], capture_output=True, text=True)
        errors = [line for line in (said.stdout + said.stderr).splitlines() if line.startswith("Error")]
        assert errors == []
