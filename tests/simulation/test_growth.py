"""What grows has the volume, place, contact and density asked for."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from phantoms import COARSE, cropped, hip_phantom
from scipy import ndimage as ndi

from ho_detect.simulation.growth_plans import Bridge, Island, Sheet, Spur
from ho_detect.simulation.ossification import axial_sector

FINER = msgspec.structs.replace(COARSE, spacing_mm=(2.0, 1.6, 1.6))


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
