"""Laws of implants in a person: bone makes way, truth agrees with the voxels, and ossification grows around them."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from implanted import FIXATIONS, LONG, REPLACEMENTS, name_of, points, study_of
from phantoms import COARSE, hip_phantom

from ho_detect.simulation.growth_plans import Bridge, Island, Spur
from ho_detect.simulation.implant_plans import TotalHip
from ho_detect.simulation.person import Person
from ho_detect.simulation.study import StudyPlan
from ho_detect.simulation.xray import METALS

#: Of one hip the joint alone, with slices above all metal.
SMALLER = {"above_mm": 60.0, "below_mm": 30.0, "right_mm": -20.0}


@pytest.mark.parametrize("implant", [*REPLACEMENTS, *FIXATIONS], ids=name_of)
class TestEveryImplant:
    def test_parts_are_told_as_they_lie(self, implant):
        study = study_of(implant)
        (truth,) = study.truth.implants
        assert (truth.kind, truth.side) == (type(implant).__struct_config__.tag, "left")
        assert {p.label for p in truth.parts} == set(np.unique(study.implant[study.implant > 0]))
        for part in truth.parts[:3]:
            here = study.implant == part.label
            assert part.volume_mm3 == pytest.approx(here.sum() * study.volume.grid.voxel_volume_mm3, abs=0.1)
            np.testing.assert_allclose(points(study, here).mean(axis=0), part.centroid_lps_mm, atol=0.02)

    def test_metal_is_what_is_made_of_metal_and_dense(self, implant):
        study = study_of(implant)
        metal = [p.label for p in study.truth.implants[0].parts if p.material in METALS]
        np.testing.assert_array_equal(study.metal, np.isin(study.implant, metal))
        assert (study.volume.hu[study.metal] > 1500).mean() > 0.75

    def test_no_voxel_is_implant_and_native_bone(self, implant):
        study = study_of(implant)
        assert not (study.bone[study.implant > 0] > 0).any()
        assert not (study.hip_bone[study.implant > 0] > 0).any()

    def test_the_other_side_keeps_its_bone(self, implant):
        study, plain = study_of(implant), hip_phantom(scan=LONG)
        right = points(study, np.ones(study.bone.shape, bool))[:, 0].reshape(study.bone.shape) < -20
        np.testing.assert_array_equal(study.bone[right], plain.bone[right])
        assert not study.implant[right].any()

    def test_a_plan_survives_json(self, implant):
        plan = StudyPlan(name="x", seed=1, implants=(implant,))
        assert msgspec.json.decode(msgspec.json.encode(plan), type=StudyPlan) == plan


class TestOssificationBesideImplants:
    @pytest.mark.parametrize(
        "growth",
        [
            Spur(side="left", muscle="gluteus_minimus", origin="femur", length_mm=26, gap_mm=4.0),
            Spur(side="left", muscle="gluteus_minimus", origin="pelvis", length_mm=26, gap_mm=4.0),
            Island(side="left", muscle="iliopsoas", volume_ml=3.0),
            Bridge(side="left", muscle="gluteus_minimus", width_mm=22),
        ],
        ids=["trochanter", "above the cup", "island", "bridge"],
    )
    def test_it_grows_on_bone_that_is_left_and_not_in_metal(self, growth):
        study = study_of(TotalHip(side="left"), (growth,))
        (lesion,) = study.truth.lesions
        here = study.labels == lesion.label
        assert not study.implant[here].any()
        assert (study.bone[here] > 0).mean() < 0.05
        wanted = {"Spur": {getattr(growth, "origin", None)}, "Bridge": {"femur", "pelvis"}}
        assert set(lesion.attached_to) == wanted.get(type(growth).__name__, set())

    def test_sectors_are_told_from_the_new_head(self):
        plan = Island(side="left", muscle="iliopsoas", volume_ml=3.0)
        far = TotalHip(side="left", shift_mm=(0.0, -60.0, 0.0))
        assert study_of(TotalHip(side="left"), (plan,)).truth.lesions[0].sector == "anterior"
        assert study_of(far, (plan,)).truth.lesions[0].sector != "anterior"


def test_implants_out_of_view_are_none():
    study = hip_phantom(implants=(TotalHip(side="left"),), scan=msgspec.structs.replace(COARSE, left_mm=-20.0))
    assert not study.implant.any()
    assert study.truth.implants[0].parts == ()


def test_a_person_with_measured_bones_takes_them_too():
    study = hip_phantom(
        implants=(TotalHip(side="left"),),
        person=Person(shape_seed=3),
        scan=msgspec.structs.replace(LONG, right_mm=-20.0),
    )
    assert {p.kind for p in study.truth.implants[0].parts} == {"head", "cup", "liner", "stem"}


def test_reductions_and_ranges_are_the_scans():
    plain = study_of(TotalHip(side="left"), **SMALLER)
    wide = study_of(TotalHip(side="left"), extended_hu=True, **SMALLER)
    assert plain.volume.hu.max() == 3071
    assert wide.volume.hu.max() > 5000
    np.testing.assert_array_equal(np.clip(wide.volume.hu, -1024, 3071), plain.volume.hu)
    reduced = study_of(TotalHip(side="left"), metal_reduction="interpolation", **SMALLER)
    no_metal = reduced.implant.max(axis=(1, 2)) == 0
    assert no_metal.any()
    np.testing.assert_array_equal(reduced.volume.hu[no_metal], plain.volume.hu[no_metal])
    assert (reduced.volume.hu != plain.volume.hu).any()


def test_what_metal_changed_is_told_and_nothing_else_changes():
    plan = TotalHip(side="left")
    study = study_of(plan, noise_hu=0.0, extended_hu=True)
    touched = study.metal.any(axis=(1, 2))
    assert touched.any()
    # partial metal reaches a slice farther than its mask
    far = ~np.convolve(touched, np.ones(3), "same").astype(bool)
    assert not study.metal_change[far].any()
    assert study.metal_change[study.metal].mean() > 2500
    without = study.volume.hu - study.metal_change
    muscle = (study.metal_change != 0) & (study.implant == 0) & (study.bone == 0)
    assert np.percentile(without[muscle], 99) < 700
    assert not hip_phantom(scan=LONG).metal_change.any()
