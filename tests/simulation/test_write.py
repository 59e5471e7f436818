"""Written series read back the same, and the shipped samples are the ones the generator makes."""

from __future__ import annotations

import msgspec
import numpy as np
import pydicom
import pytest
from phantoms import COARSE, hip_phantom

from ho_detect.simulation.write import slice_dataset, write_dicom


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
