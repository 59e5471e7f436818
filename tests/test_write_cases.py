"""A case as written holds the truth of its study on the grid of its files, however the patient lies."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import msgspec
import numpy as np
import pydicom
import pytest
from implanted import LONG, TOTAL
from phantoms import hip_phantom

from ho_detect.image.grid import Grid
from ho_detect.simulation.growth_plans import Island

FOLDER = Path(__file__).parents[1] / "benchmarks" / "accuracy"
GROWTH = (Island(side="left", muscle="gluteus_medius", volume_ml=4.0),)


def module_of(name):
    """Import one of the benchmark's scripts, and what it imports from beside it."""
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cases, case_folders, real_ct = (module_of(name) for name in ("write_cases", "case_folders", "real_ct"))


@pytest.mark.parametrize(("position", "extended"), [("HFS", False), ("FFP", True)])
def test_files_and_truth_agree(tmp_path, position, extended):
    scan = msgspec.structs.replace(LONG, position=position, extended_hu=extended)
    study = hip_phantom(GROWTH, implants=(TOTAL,), scan=scan)
    cases.write_case(study, tmp_path)
    arrays, truth = np.load(tmp_path / "truth.npz"), json.loads((tmp_path / "truth.json").read_text())
    slices = sorted(
        (pydicom.dcmread(p) for p in (tmp_path / "dicom").glob("*.dcm")), key=lambda d: float(d.ImagePositionPatient[2])
    )
    hu = np.stack([d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept) for d in slices])
    assert hu.max() == study.volume.hu.max()
    assert (hu.max() > 3071) == extended
    cosines = np.array(slices[0].ImageOrientationPatient, float)
    hu = hu[:, :: int(cosines[4]), :: int(cosines[0])]
    assert arrays["lesions"].shape == arrays["native"].shape == arrays["implant"].shape == hu.shape
    assert (hu[arrays["dont_care"]] > 1500).mean() > 0.75
    (lesion,) = truth["lesions"]
    at = np.argwhere(arrays["lesions"] == lesion["label"]).mean(axis=0) * arrays["spacing"]
    np.testing.assert_allclose(at[::-1] + arrays["origin"], lesion["centroid_lps_mm"], atol=0.05)
    assert (lesion["attached"], lesion["bridging"]) == (False, False)
    assert truth["hips"]["left"]["center_lps"] == truth["implants"][0]["head_center_lps_mm"]
    assert set(np.unique(arrays["native"])) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("position", ["HFS", "FFP"])
def test_what_is_written_is_read_again(tmp_path, position):
    study = hip_phantom(GROWTH, scan=msgspec.structs.replace(LONG, position=position))
    cases.write_case(study, tmp_path / "a")
    (folder,) = case_folders.cases_in([tmp_path])
    volume = real_ct.load(folder)
    truth = case_folders.truth_of_case(folder, volume.grid)
    np.testing.assert_array_equal(truth.lesions, study.volume.grid.turned(study.labels))
    np.testing.assert_allclose(truth.grid.affine, study.volume.grid.to_canonical()[0].affine, atol=0.01)
    affine = volume.grid.affine.copy()
    affine[0, 3] += 1.0
    moved = Grid(volume.grid.shape, affine)
    with pytest.raises(ValueError, match="different grids"):
        case_folders.truth_of_case(folder, moved)


def test_artefact_is_told_in_blocks():
    change, implant = np.zeros((5, 4, 4), np.int16), np.zeros((5, 4, 4), bool)
    change[0, 0, 0], change[2:4, 2:, 2:] = 40, -30
    change[0, 2, 2], implant[0, 2, 2] = 9000, True
    rms = cases._block_rms(change, implant, (2, 2, 2))
    assert rms.shape == (2, 2, 2)
    assert rms[0, 0, 0] == pytest.approx(np.sqrt(40**2 / 8))
    assert rms[1, 1, 1] == pytest.approx(30)
    assert rms[0, 1, 1] == 0
