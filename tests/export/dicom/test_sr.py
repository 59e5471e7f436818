"""The report read back by others' tools says what the record says, of the images and the segmentation."""

import shutil
import subprocess
from pathlib import Path

import pydicom
import pytest
from dicom_objects import read_report, values

from ho_detect.export.dicom.source import source_images


def test_numbers_are_those_of_the_record(result, tmp_path):
    findings, files = result
    groups = read_report(files["report.dcm"], tmp_path)
    assert len(groups) == len(findings.hips) + len(findings.lesions)
    for hip, group in zip(findings.hips, groups[:2], strict=True):
        found = values(group)
        assert group["Laterality"]["CodeMeaning"].lower() == hip.side
        assert found["Heterotopic ossification"] == [hip.finding.capitalize()]
        assert found["Volume"] == hip.total_volume_mm3
        assert found["Brooker class derived from CT"] == [f"Brooker class {hip.brooker_ct}"]
    seg = pydicom.dcmread(files["segmentation.dcm"], stop_before_pixels=True)
    for number, (lesion, group) in enumerate(zip(findings.lesions, groups[2:], strict=True), start=1):
        found = values(group)
        assert found["Volume"] == lesion.volume_mm3
        assert found["Attenuation Coefficient, Mean"] == lesion.mean_hu
        assert found["Attenuation Coefficient, Maximum"] == lesion.max_hu
        assert found.get("Gap to the femur") == lesion.gap_femur_mm
        maturity = [] if lesion.maturity is None else [lesion.maturity.capitalize()]
        assert found.get("Maturity by attenuation of the rim", []) == maturity
        assert found["Native bone in contact"] == (["Femur"] if lesion.attached_to else ["No native bone"])
        assert group["ReferencedSegment"] == number
        assert group["segmentationSOPInstanceUID"] == seg.SOPInstanceUID
        segment = seg.SegmentSequence[number - 1]
        assert group["TrackingIdentifier"] == segment.TrackingID
        assert group["TrackingUniqueIdentifier"] == segment.TrackingUID


def test_evidence_is_every_image_and_the_segmentation(result):
    findings, files = result
    report = pydicom.dcmread(files["report.dcm"])
    seg = pydicom.dcmread(files["segmentation.dcm"], stop_before_pixels=True)
    found = {
        image.ReferencedSOPInstanceUID
        for study in report.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for image in series.ReferencedSOPSequence
    }
    images = {ds.SOPInstanceUID for ds in source_images(findings.volume.source)}
    assert found == images | {seg.SOPInstanceUID}


PIXELMED = Path("/usr/share/java/pixelmed.jar")
LIMITS = [f"-Djdk.xml.xpath{name}Limit=0" for name in ("ExprOp", "TotalOp", "ExprGrp")]


@pytest.mark.skipif(shutil.which("java") is None or not PIXELMED.exists(), reason="no Java with pixelmed's validator")
@pytest.mark.parametrize("kept", ["hips", "lesions"])
def test_templates_by_pixelmed(result, tmp_path, kept):
    # it chooses one template for all measurement groups of a report, so each kind of group is judged alone
    ds = pydicom.dcmread(result[1]["report.dcm"])
    groups = next(item for item in ds.ContentSequence if "ContentSequence" in item and is_measurements(item))
    n_hips = len(result[0].hips)
    groups.ContentSequence = groups.ContentSequence[:n_hips] if kept == "hips" else groups.ContentSequence[n_hips:]
    ds.save_as(tmp_path / "sr.dcm")
    done = subprocess.run(
        ["java", *LIMITS, "-cp", PIXELMED, "com.pixelmed.validate.DicomSRValidator", tmp_path / "sr.dcm"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Found Root Template TID_1500" in done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith("Error")] == []


def is_measurements(item):
    return item.ConceptNameCodeSequence[0].CodeValue == "126010"
