"""What becomes of each real series in ../shared: see the tables there for what each one is."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from ho_detect.acquisition.series import suitability
from ho_detect.acquisition.series.index import index_files, index_series
from ho_detect.acquisition.volume.load import load_volume
from ho_detect.settings import AcquisitionSettings, Settings
from ho_detect.system.pseudonyms import Pseudonyms

SHARED = Path(os.environ.get("HO_DETECT_SHARED", Path(__file__).parents[3] / "shared"))
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not (SHARED / "real").is_dir(), reason=f"no real CT at {SHARED}"),
]

#: Folder: (reason, number of slices) of each series in it, sorted.
EXPECTED = {
    "real/cort_liver_no_hip": [(None, 168)],
    "real/sts_007": [(None, 70)],
    "real/sts_012": [(None, 53)],
    "real/sts_020": [(None, 97)],
    "real/sts_040": [(None, 66)],
    "real/sts_044": [(None, 53)],
    "real/sts_045": [(None, 74)],
    "real/tcga_ov_pelvis": [(None, 160)],
    "awkward/jpeg2000_abdomen": [(None, 20)],
    "awkward/d2n_gantrytilting": [("too_few_slices", 4)],
    "awkward/d2n_notavolume": [("too_few_slices", 4)],
    "awkward/d2n_sliceincrement": [("too_few_slices", 4)] * 2,
    "awkward/d2n_slicecount": [("not_ct", 2)],
    "awkward/d2n_sliceorientation": [("not_ct", 4)],
    "awkward/ge_tilt_variable_spacing": [("not_hip_region", 28)],
    "awkward/philips_tilt": [("localizer", 1), ("localizer", 5), (None, 54)],
}
#: What the geometry of the awkward ones asks for when size and body part are not looked at first: slices of the
#: volume, its slice step (mm), and what it took. Worked out by hand from the positions in the headers.
GEOMETRY = {
    # 4 tilted slices, steps along the normal 4.85
    "d2n_gantrytilting": [(4, 4.851, ["resampled_tilt"])],
    "d2n_notavolume": ["too_few_slices"],
    # at 0, 5, 10 and 20 mm: 10 mm are not filled in. Tilted, at 0, 0.75, 1.5 and 3 mm: one slice is filled in
    "d2n_sliceincrement": [(3, 5.0, ["part_of_series"]), (5, 0.75, ["resampled_tilt", "gaps_filled"])],
    # 15 slices at steps of 1.08 and 4.0, then steps of 7.0 that are beyond what is filled in
    "ge_tilt_variable_spacing": [(29, 1.897, ["part_of_series", "resampled_tilt", "resampled_spacing"])],
    # the nominal spacing of 2.5 is along the table; the survey and the captures are not of the volume
    "philips_tilt": [(54, 2.371, ["resampled_tilt"]), "localizer", "localizer"],
}


@pytest.mark.parametrize("folder", EXPECTED)
def test_each_folder_has_the_expected_outcome(folder):
    entries = index_series([SHARED / folder], AcquisitionSettings())
    assert sorted(((e.reason, e.n_slices) for e in entries), key=str) == EXPECTED[folder]


@pytest.mark.parametrize("folder", GEOMETRY)
def test_geometry_of_the_awkward_ones(folder, monkeypatch):
    monkeypatch.setattr(suitability, "other_body_part", lambda texts: None)
    settings = Settings(acquisition=AcquisitionSettings(min_slices=2))
    found = []
    for entry in index_series([SHARED / "awkward" / folder], settings.acquisition):
        if entry.reason:
            found.append(entry.reason)
            continue
        stack = suitability.suitable_volume(entry.slices, (), {}, settings.acquisition).stack
        found.append((stack.n_slices, round(stack.step_mm, 3), [f.code for f in entry.repairs]))
    assert sorted(found, key=str) == GEOMETRY[folder]


def test_all_in_one_go_is_the_sum_of_its_parts():
    found = index_files([SHARED / "awkward", SHARED / "real", SHARED / "real" / "sts_040"], AcquisitionSettings())
    assert len(found.series) == sum(len(e) for e in EXPECTED.values())
    assert len({e.identity for e in found.series}) == len(found.series)


def loaded(folder):
    (entry,) = index_series([SHARED / folder], AcquisitionSettings())
    return load_volume(entry, Settings(), Pseudonyms(bytes(16)))


@pytest.mark.parametrize("folder", ["real/tcga_ov_pelvis", "real/cort_liver_no_hip", "awkward/jpeg2000_abdomen"])
def test_same_voxels_and_places_as_simpleitk(folder):
    import SimpleITK as sitk  # noqa: N813

    volume = loaded(folder)
    paths = [str(p) for p in (SHARED / folder).rglob("*") if p.is_file()]
    # SimpleITK's own discovery needs UIDs that one of these lacks: order by position, here as a second opinion
    images = [sitk.ReadImage(p) for p in paths]
    images.sort(key=lambda image: image.GetOrigin()[2])
    for k in (0, len(images) // 3, len(images) - 1):
        theirs = np.rint(sitk.GetArrayFromImage(images[k])[0])
        assert np.array_equal(volume.hu[k], np.maximum(theirs, -1024))
        assert np.allclose(volume.grid.to_lps([k, 0, 0]), images[k].GetOrigin(), atol=1e-3)
        assert np.allclose(volume.spacing_mm[:0:-1], images[k].GetSpacing()[:2])


def test_flags_of_the_real_pelvis():
    assert {f.code for f in loaded("real/tcga_ov_pelvis").flags} == {"padding_present", "thick_slices", "contrast"}
