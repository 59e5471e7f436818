"""The whole method with masks of anatomy given: what they change, what they do not, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest
from model_hips import BRIDGE, ISLAND, Plan, analysed, scan, surface
from nifti_masks import write_mask

from ho_detect.analyze import analyze
from ho_detect.errors import SeriesError
from ho_detect.image.surfaces import voxelised

PLAN = Plan((ISLAND, BRIDGE))
#: One hip takes half the time.
LEFT = Plan((ISLAND,), right_mm=-12.0)
BONES = {
    f"{name}_{side}": (bone, side)
    for name, bone in (("femur", "femur"), ("hip", "pelvis"))
    for side in ("left", "right")
}


def without():
    return analysed(PLAN).result


def native(name, plan=PLAN):
    """The truth about one bone, on the scan's grid."""
    return voxelised(scan(plan).volume.grid, *surface(*BONES[name])) > 0


def around(growth_number, radius_mm, plan=PLAN):
    grid = scan(plan).volume.grid
    at = grid.to_lps(np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), -1))
    return np.linalg.norm(at - scan(plan).centroids[growth_number], axis=-1) <= radius_mm


def of(found, side):
    return next(x for x in found.lesions if x.side == side)


@pytest.fixture(scope="module", params=["LPS", "PIR"])
def given(request, tmp_path_factory):
    """Findings with true bones, the bridge grown into one of them, and a muscle around the island."""
    folder, grid = tmp_path_factory.mktemp(request.param), scan(PLAN).volume.grid
    for name in BONES:
        inside = native(name)
        if name == "femur_right":
            inside = inside | (scan(PLAN).volume.hu > 300) & around(1, 25.0)
        write_mask(folder / f"{name}.nii", inside, grid, request.param)
    write_mask(folder / "gluteus_medius_left.nii", around(0, 30.0) & (scan(PLAN).volume.hu < 150), grid, request.param)
    return analyze(scan(PLAN).volume, anatomy=folder)


class TestGiven:
    def test_the_record_names_what_was_used(self, given):
        said = next(f.message for f in given.flags if f.code == "anatomy_given")
        assert said.endswith(f"({', '.join(BONES)}, gluteus_medius_left)")
        assert not any(f.code.startswith("anatomy") for f in without().flags)

    def test_what_has_grown_into_a_mask_is_found_all_the_same(self, given):
        assert [(x.side, x.attached_to) for x in given.lesions] == [(x.side, x.attached_to) for x in without().lesions]
        assert of(given, "right").volume_mm3 == pytest.approx(of(without(), "right").volume_mm3, rel=0.1)

    def test_a_lesion_off_the_bones_is_as_it_was(self, given):
        mine, before = of(given, "left"), of(without(), "left")
        assert mine.volume_mm3 == pytest.approx(before.volume_mm3, rel=0.01)
        assert mine.gap_pelvis_mm == pytest.approx(before.gap_pelvis_mm, abs=1.5)

    def test_joint_and_places_stay_those_of_the_fit(self, given):
        assert len(given.hips) == 2
        for mine, before in zip(given.hips, without().hips, strict=True):
            assert (mine.center_lps_mm, mine.head_radius_mm, mine.residual_mm) == (
                before.center_lps_mm, before.head_radius_mm, before.residual_mm,
            )  # fmt: skip

    def test_the_muscle_is_named_by_its_mask(self, given):
        mine = of(given, "left")
        assert (mine.muscle_region, mine.muscle_region_source) == ("gluteus_medius_minimus", "given_masks")
        assert of(given, "right").muscle_region_source == "position"

    def test_volumes_by_muscle_are_those_of_the_lesions_and_of_their_hip(self, given):
        mine, other = of(given, "left"), of(given, "right")
        assert mine.muscle_volumes_mm3[0].muscle == "gluteus_medius_left"
        assert [p.muscle for p in other.muscle_volumes_mm3] == ["none"]
        for lesion in (mine, other):
            assert sum(p.volume_mm3 for p in lesion.muscle_volumes_mm3) == pytest.approx(lesion.volume_mm3, abs=0.3)
        for hip in given.hips:
            total = sum(p.volume_mm3 for p in hip.muscle_volumes_mm3)
            assert total == pytest.approx(hip.total_volume_mm3, abs=0.3)
            assert not any(n.field == "muscle_volumes_mm3" for n in hip.not_said)

    def test_without_muscle_masks_the_reason_stands_in_their_place(self):
        for thing in (*without().lesions, *without().hips):
            assert thing.muscle_volumes_mm3 is None
            assert ("muscle_volumes_mm3", "no_muscle_masks") in {(n.field, n.code) for n in thing.not_said}


def test_one_label_file_says_what_files_of_one_structure_say(tmp_path):
    grid, wide = scan(LEFT).volume.grid, around(0, 30.0, LEFT)
    numbers = np.where(native("femur_left", LEFT), 75, np.where(wide, 82, 0))
    write_mask(tmp_path / "many" / "femur_left.nii.gz", numbers == 75, grid)
    write_mask(tmp_path / "many" / "gluteus_medius_left.nii.gz", numbers == 82, grid)
    write_mask(tmp_path / "one" / "total.nii.gz", numbers, grid)
    many, one = (analyze(scan(LEFT).volume, anatomy=tmp_path / name).record for name in ("many", "one"))
    assert one == many
    assert len(one.lesions) > 0


def test_what_lies_in_an_organ_is_excluded_and_a_mask_of_the_other_side_is_not_used(tmp_path):
    grid = scan(PLAN).volume.grid
    write_mask(tmp_path / "colon.nii.gz", around(0, 24.0), grid)
    write_mask(tmp_path / "femur_left.nii.gz", native("femur_right"), grid)
    found = analyze(scan(PLAN).volume, anatomy=tmp_path)
    assert [x.side for x in found.lesions] == ["right"]
    assert [x.side for x in found.excluded if x.reason == "given_organ"] == ["left"]
    flags = {f.code: f.message for f in found.flags}
    assert flags["anatomy_given"].endswith("(colon)")
    assert flags["anatomy_unused"].endswith("(femur_left)")


def test_a_mask_says_what_muscle_was_where_it_has_wasted_to_fat(tmp_path):
    volume = scan(LEFT).volume
    write_mask(tmp_path / "gluteus_maximus_left.nii.gz", around(0, 60.0, LEFT), volume.grid)
    wasted = type(volume)(
        np.where(around(0, 45.0, LEFT) & (volume.hu < 150), -80, volume.hu).astype(np.int16), volume.grid, volume.series
    )
    before = of(analyze(wasted), "left")
    assert before.fat_fraction > 0.8 > 0.2 > before.muscle_fraction
    mine = of(analyze(wasted, anatomy=tmp_path), "left")
    assert mine.muscle_fraction > 0.8 > 0.2 > mine.fat_fraction


def test_masks_that_cannot_be_used_fail_the_series(tmp_path):
    (tmp_path / "femur_left.nii.gz").write_bytes(b"not an image")
    with pytest.raises(SeriesError, match=r"femur_left\.nii\.gz cannot be read"):
        analyze(scan(PLAN).volume, anatomy=tmp_path)
