"""Written series read back the same, and the shipped samples are the ones the generator makes."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pydicom
import pytest
from phantoms import COARSE, hip_phantom

from ho_detect.simulation.studies import SAMPLES, write_sample
from ho_detect.simulation.write import slice_dataset, write_dicom

SHIPPED = Path(__file__).parents[2] / "sample_dicom"


@pytest.mark.parametrize("compress", [True, False], ids=["jpeg-ls", "uncompressed"])
@pytest.mark.parametrize("position", ["HFS", "FFP"])
def test_pixels_and_geometry_survive_the_file(tmp_path, compress, position):
    study = hip_phantom(scan=msgspec.structs.replace(COARSE, position=position, above_mm=10, below_mm=8))
    files = write_dicom(study, tmp_path, compress=compress)
    grid = study.volume.grid
    assert len(files) == grid.shape[0]
    for k, file in enumerate(files):
        ds = pydicom.dcmread(file)
        hu = ds.pixel_array.astype(int) * int(ds.RescaleSlope) + int(ds.RescaleIntercept)
        assert (hu == np.clip(study.volume.hu[k], -1024, 3071)).all()
        np.testing.assert_allclose(np.array(ds.ImagePositionPatient, float), grid.to_lps([k, 0, 0]), atol=1e-3)
        row, column = np.array(ds.ImageOrientationPatient, float).reshape(2, 3)
        np.testing.assert_allclose(row * float(ds.PixelSpacing[1]), grid.affine[:3, 2], atol=1e-5)
        np.testing.assert_allclose(column * float(ds.PixelSpacing[0]), grid.affine[:3, 1], atol=1e-5)
        assert ds.PatientPosition == position


def test_uids_are_unique_within_a_study_and_the_same_each_time():
    study = hip_phantom()
    first, again, second = slice_dataset(study, 0), slice_dataset(study, 0), slice_dataset(study, 1)
    assert first == again
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert first.SeriesInstanceUID == second.SeriesInstanceUID
    uids = {first.StudyInstanceUID, first.SeriesInstanceUID, first.FrameOfReferenceUID, first.SOPInstanceUID}
    assert len(uids) == 4
    assert all(len(u) <= 64 for u in uids)


def test_nobody_is_named():
    ds = slice_dataset(hip_phantom(), 0)
    assert str(ds.PatientName).startswith("SIMULATED")
    assert ds.PatientBirthDate == ""


def test_dates_are_one_and_what_was_asked_for():
    ds = slice_dataset(hip_phantom(), 0, date="20210630")
    assert {e.value for e in ds if e.VR == "DA" and e.value} == {"20210630"}
    ds = slice_dataset(hip_phantom(), 0)
    assert len({e.value for e in ds if e.VR == "DA" and e.value}) == 1


def test_the_shipped_samples_are_what_the_generator_makes(tmp_path):
    plan = next(p for p in SAMPLES if p.name == "bent_bridged")
    write_sample(plan, tmp_path)
    shipped, made = SHIPPED / plan.name, tmp_path
    assert json.loads((made / "expected.json").read_text()) == json.loads((shipped / "expected.json").read_text())
    files = sorted(p.name for p in (shipped / "ct").iterdir())
    assert files == sorted(p.name for p in (made / "ct").iterdir())
    for name in files:
        a, b = (pydicom.dcmread(folder / "ct" / name) for folder in (shipped, made))
        assert a.SOPInstanceUID == b.SOPInstanceUID
        assert (a.pixel_array == b.pixel_array).all(), name


def test_a_longer_series_made_earlier_is_not_mixed_in(tmp_path):
    plan = msgspec.structs.replace(SAMPLES[2], scan=msgspec.structs.replace(COARSE, above_mm=4, below_mm=5))
    (tmp_path / "ct").mkdir()
    (tmp_path / "ct" / "IM0099.dcm").write_bytes(b"old")
    write_sample(plan, tmp_path)
    assert sorted(p.name for p in (tmp_path / "ct").iterdir()) == ["IM0001.dcm", "IM0002.dcm", "IM0003.dcm"]


@pytest.mark.parametrize("plan", SAMPLES, ids=lambda p: p.name)
def test_shipped_samples_hold_what_they_promise(plan):
    truth = json.loads((SHIPPED / plan.name / "expected.json").read_text())
    assert truth["study"] == plan.name
    assert all(h["in_view"] for h in truth["hips"])
    assert truth["not_painted"] == []
    for lesion in truth["lesions"]:
        gaps = {bone: lesion[f"gap_{bone}_mm"] for bone in ("femur", "pelvis")}
        assert all((mm == 0.0) == (bone in lesion["attached_to"]) for bone, mm in gaps.items())
        # a class is a fair question only away from its limit, contact only away from a narrow gap
        assert all(mm == 0.0 or (mm >= 4 and abs(mm - 10.0) > 2.0) for mm in gaps.values())
        # a sector is a fair question only away from the diagonals
        center = next(h["center_lps_mm"] for h in truth["hips"] if h["side"] == lesion["side"])
        x, y = np.abs(np.array(lesion["centroid_lps_mm"]) - center)[:2]
        assert max(x, y) > 1.15 * min(x, y)
    volumes = [lesion["volume_mm3"] for lesion in truth["lesions"]]
    if plan.name == "large_lesion":
        assert len(volumes) == 1
        assert volumes[0] > 3000
    elif plan.name == "bent_bridged":
        on_bone = {lesion["side"]: lesion["attached_to"] for lesion in truth["lesions"]}
        assert on_bone == {"left": ["femur", "pelvis"], "right": ["pelvis"]}
        assert 40 <= plan.person.left.flexion_deg <= 60
        assert plan.person.wasting >= 0.4
    else:
        assert not volumes
    size = sum(p.stat().st_size for p in (SHIPPED / plan.name).rglob("*") if p.is_file())
    assert size <= 4 * 1024 * 1024
