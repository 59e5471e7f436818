"""Laws of a simulated study: truth and voxels agree, and a pose moves what it should."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from phantoms import COARSE, cropped, hip_phantom, small_person, turned
from scipy import ndimage as ndi

from ho_detect.simulation.growth_plans import Bridge, Island, Sheet, Spur
from ho_detect.simulation.implant_plans import TotalHip
from ho_detect.simulation.mimics import ArterialCalcium, Granuloma, Hand, Phleboliths
from ho_detect.simulation.ossification import axial_sector
from ho_detect.simulation.person import HipPlan, Person
from ho_detect.simulation.study import StudyPlan, paint_person, simulate
from ho_detect.simulation.truth import FEMUR_LEFT, FEMUR_RIGHT, PELVIS

FINER = msgspec.structs.replace(COARSE, spacing_mm=(2.0, 1.6, 1.6))


def hip_of(study, side):
    return next(h for h in study.truth.hips if h.side == side)


def distance_to(grid, point):
    at = np.stack(np.meshgrid(*[np.arange(n) for n in grid.shape], indexing="ij"), -1)
    return np.linalg.norm(grid.to_lps(at) - point, axis=-1)


class TestBones:
    @pytest.mark.parametrize("person", [small_person(), turned(30)], ids=["small", "turned"])
    def test_the_head_is_the_ball_the_truth_states_and_a_joint_space_surrounds_it(self, person):
        study = hip_phantom(person=person, scan=FINER)
        for side, value in (("left", FEMUR_LEFT), ("right", FEMUR_RIGHT)):
            hip = hip_of(study, side)
            r = distance_to(study.volume.grid, hip.center_lps_mm)
            assert (study.bone[r < hip.head_radius_mm - 5] == value).all()
            pelvis = r[study.bone == PELVIS]
            gap = pelvis.min() - hip.head_radius_mm
            assert 0.5 < gap < 5.5
            # most of the sphere above and medial is covered by the socket
            shell = (r > hip.head_radius_mm + 4) & (r < hip.head_radius_mm + 8)
            z = study.volume.grid.to_lps(np.argwhere(shell))[:, 2] - hip.center_lps_mm[2]
            assert (study.bone[shell] == PELVIS)[z > 15].mean() > 0.6

    def test_bones_lie_on_their_own_side_and_apart(self):
        study = hip_phantom()
        grid = study.volume.grid
        for value, sign in ((FEMUR_LEFT, 1), (FEMUR_RIGHT, -1)):
            x = grid.to_lps(np.argwhere(study.bone == value))[:, 0]
            assert (x * sign > 20).all()
        femora = np.isin(study.bone, (FEMUR_LEFT, FEMUR_RIGHT))
        assert ndi.label(femora)[1] == 2

    def test_a_turn_of_the_person_turns_the_hips(self):
        plain, turn = hip_phantom(), hip_phantom(person=turned(30))
        c, s = np.cos(np.pi / 6), np.sin(np.pi / 6)
        for side in ("left", "right"):
            x, y, z = hip_of(plain, side).center_lps_mm
            np.testing.assert_allclose(hip_of(turn, side).center_lps_mm, [c * x - s * y, s * x + c * y, z], atol=0.02)

    def test_flexion_brings_the_shaft_forward(self):
        flexed = HipPlan(flexion_deg=30)
        plain, bent = hip_phantom(), hip_phantom(person=Person(left=flexed))
        low = {}
        for name, study in (("plain", plain), ("bent", bent)):
            at = study.volume.grid.to_lps(np.argwhere(study.bone == FEMUR_LEFT))
            low[name] = at[at[:, 2] < at[:, 2].min() + 10].mean(0)
        assert low["bent"][1] < low["plain"][1] - 20

    def test_cortex_is_denser_than_marrow_muscle_and_fat(self):
        study = hip_phantom(scan=FINER)
        hu = study.volume.hu
        femur = study.bone == FEMUR_LEFT
        at = study.volume.grid.to_lps(np.argwhere(femur))
        shaft = np.zeros_like(femur)
        shaft[femur] = at[:, 2] < -75
        depth = ndi.distance_transform_edt(femur, sampling=study.volume.spacing_mm)
        assert np.percentile(hu[shaft & (depth < 4)], 75) > 900
        assert np.median(hu[shaft & (depth > 9)]) < 150
        assert (hu[0, 0] < -950).all()


class TestOssification:
    @pytest.mark.parametrize("maturity", ["mature", "intermediate", "immature"])
    def test_an_island_has_the_volume_place_and_clearance_asked_for(self, maturity):
        plan = Island(side="right", muscle="gluteus_medius", volume_ml=5.0, clearance_mm=4.0, maturity=maturity)
        study = hip_phantom((plan,), scan=FINER)
        (lesion,) = study.truth.lesions
        assert lesion.volume_mm3 == pytest.approx(5000, rel=0.03)
        assert lesion.volume_mm3 == pytest.approx(
            (study.labels == 1).sum() * study.volume.grid.voxel_volume_mm3, abs=0.1
        )
        assert lesion.side == "right"
        assert lesion.centroid_lps_mm[0] < 0
        assert lesion.attached_to == ()
        assert min(lesion.gap_femur_mm or 99, lesion.gap_pelvis_mm or 99) >= 4.0
        assert not (study.bone[study.labels > 0] > 0).any()

    def test_density_follows_maturity(self):
        rim, core = {}, {}
        for maturity in ("mature", "intermediate", "immature"):
            plan = Island(side="left", muscle="gluteus_maximus", volume_ml=15.0, maturity=maturity)
            study = hip_phantom((plan,), scan=FINER)
            depth = ndi.distance_transform_edt(study.labels > 0, sampling=study.volume.spacing_mm)
            hu = study.volume.hu
            rim[maturity] = np.median(hu[(depth > 1.7) & (depth < 2.6)])
            core[maturity] = np.median(hu[depth > 5.5])
        assert rim["mature"] > 450 > rim["intermediate"] > 300 > rim["immature"] > 130
        assert core["mature"] < 0.6 * rim["mature"]
        assert core["immature"] == pytest.approx(rim["immature"], rel=0.35)

    def test_a_spur_touches_its_bone_only(self):
        plan = Spur(side="left", muscle="gluteus_minimus", origin="femur", length_mm=26)
        (lesion,) = hip_phantom((plan,), scan=FINER).truth.lesions
        assert lesion.attached_to == ("femur",)
        assert lesion.gap_femur_mm == 0
        assert lesion.gap_pelvis_mm is not None
        assert lesion.gap_pelvis_mm > 6

    def test_a_bridge_touches_both_bones_and_one_with_a_gap_falls_short(self):
        fused = hip_phantom((Bridge(side="right", muscle="gluteus_minimus", width_mm=24),), scan=FINER)
        short = hip_phantom((Bridge(side="right", muscle="gluteus_minimus", width_mm=24, gap_mm=6),), scan=FINER)
        assert fused.truth.lesions[0].attached_to == ("femur", "pelvis")
        assert short.truth.lesions[0].attached_to == ("pelvis",)
        assert short.truth.lesions[0].gap_femur_mm == pytest.approx(6, abs=2)
        assert ndi.label(fused.labels > 0, np.ones((3, 3, 3)))[1] == 1

    def test_a_sheet_lies_along_the_shaft(self):
        on = hip_phantom((Sheet(side="left", aspect="lateral", length_mm=50),), scan=FINER).truth.lesions[0]
        off = hip_phantom((Sheet(side="left", aspect="lateral", length_mm=50, gap_mm=4),), scan=FINER).truth.lesions[0]
        assert on.attached_to == ("femur",)
        assert off.attached_to == ()
        assert off.gap_femur_mm is not None
        assert 3 < off.gap_femur_mm < 7

    def test_what_is_out_of_view_is_said_and_not_counted(self):
        study = hip_phantom((Island(side="right", muscle="iliopsoas", volume_ml=2.0),), scan=cropped(right_mm=-15.0))
        assert study.truth.lesions == ()
        assert study.truth.not_painted == ("island",)
        assert [h.in_view for h in study.truth.hips] == [True, False]

    @pytest.mark.parametrize(
        ("side", "step", "sector"),
        [
            ("left", (20, 5, 0), "lateral"),
            ("right", (20, 5, 0), "medial"),
            ("left", (-20, 5, 90), "medial"),
            ("right", (5, 20, 0), "posterior"),
            ("right", (5, -20, -60), "anterior"),
        ],
    )
    def test_sector_is_the_larger_axial_component(self, side, step, sector):
        head = np.array([70.0, -4.0, 300.0])
        assert axial_sector(side, head, head + step) == sector


class TestScan:
    def test_a_body_painted_once_serves_many_studies_and_stays_as_it_was(self):
        plan = StudyPlan(name="shared", seed=1, scan=COARSE, implants=(TotalHip(side="left"),))
        body = paint_person(plan)
        first, second = simulate(plan, body), simulate(plan, body)
        assert (first.volume.hu == second.volume.hu).all()
        assert (first.bone == second.bone).all()
        with pytest.raises(ValueError, match="grid"):
            simulate(msgspec.structs.replace(plan, scan=FINER), body)

    def test_the_same_plan_gives_the_same_voxels_and_another_seed_does_not(self):
        plan = StudyPlan(name="same", seed=4, scan=COARSE)
        a, b = simulate(plan), simulate(plan)
        other = simulate(msgspec.structs.replace(plan, seed=5))
        assert (a.volume.hu == b.volume.hu).all()
        assert a.truth == b.truth
        assert (a.volume.hu != other.volume.hu).mean() > 0.5
        assert (a.bone == other.bone).all()

    @pytest.mark.parametrize("position", ["HFP", "FFS", "FFP"])
    def test_position_changes_how_voxels_are_stored_and_nothing_else(self, position):
        plain = hip_phantom(seed=1)
        other = hip_phantom(seed=1, scan=msgspec.structs.replace(COARSE, position=position))
        assert (other.volume.canonical().hu == plain.volume.hu).all()
        np.testing.assert_allclose(other.volume.canonical().grid.affine, plain.volume.grid.affine, atol=1e-9)
        assert other.truth == plain.truth

    def test_thick_slices_keep_the_volume_of_a_lesion(self):
        plan = (Island(side="left", muscle="gluteus_maximus", volume_ml=12.0),)
        thick = hip_phantom(plan, scan=msgspec.structs.replace(COARSE, spacing_mm=(5.0, 2.0, 2.0), thickness_mm=6.0))
        assert thick.volume.hu.shape[0] == 33
        assert thick.truth.lesions[0].volume_mm3 == pytest.approx(12000, rel=0.06)

    def test_noise_is_what_was_asked_for(self):
        quiet = hip_phantom(scan=msgspec.structs.replace(COARSE, noise_hu=0.0))
        loud = hip_phantom(scan=msgspec.structs.replace(COARSE, noise_hu=30.0))
        muscle = (quiet.volume.hu > 30) & (quiet.volume.hu < 70)
        noise = (loud.volume.hu.astype(float) - quiet.volume.hu)[muscle]
        assert 18 < noise.std() < 32
        assert abs(noise.mean()) < 1


class TestMimics:
    def test_each_leaves_its_density_and_no_lesion(self):
        mimics = (
            ArterialCalcium(side="left", amount=1.0),
            Phleboliths(count=3),
            Granuloma(side="right"),
            Hand(side="left"),
        )
        scan = cropped(left_mm=230.0, noise_hu=0.0)
        plain, full = hip_phantom(scan=scan), hip_phantom(mimics=mimics, scan=scan)
        assert {m.kind for m in full.truth.mimics} >= {"arterial_calcium", "hand"}
        assert full.truth.lesions == ()
        assert (full.bone == plain.bone).all()
        grown = (full.volume.hu > 250) & (plain.volume.hu < 150)
        for mimic in full.truth.mimics:
            if mimic.centroid_lps_mm is not None:
                assert grown[distance_to(full.volume.grid, mimic.centroid_lps_mm) < 40].any(), mimic.kind

    def test_metal_replaces_the_head_and_is_told(self):
        study = hip_phantom(implants=(TotalHip(side="right"),))
        assert [h.metal for h in study.truth.hips] == [False, True]
        assert (study.volume.hu[study.metal] > 2000).mean() > 0.8
        assert not (study.bone[study.metal] > 0).any()


def test_a_hand_out_of_view_is_no_mimic():
    study = hip_phantom(mimics=(Hand(side="left"),), scan=cropped(below_mm=-5.0))
    assert study.truth.mimics == ()


def test_arthritis_narrows_the_joint_above():
    gaps = []
    for arthritis in (0.0, 1.0):
        study = hip_phantom(person=Person(left=HipPlan(arthritis=arthritis)), scan=FINER)
        hip = hip_of(study, "left")
        grid = study.volume.grid
        pelvis = np.argwhere(study.bone == PELVIS)
        away = grid.to_lps(pelvis) - hip.center_lps_mm
        roof = (np.hypot(away[:, 0], away[:, 1]) < 6) & (away[:, 2] > 0)
        gaps.append(away[roof, 2].min() - hip.head_radius_mm)
    assert gaps[1] < gaps[0] - 0.8
