"""What only looks like ossification leaves its density, and no lesion."""

from __future__ import annotations

import numpy as np
from phantoms import cropped, hip_phantom

from ho_detect.simulation.implant_plans import TotalHip
from ho_detect.simulation.mimics import ArterialCalcium, Granuloma, Hand, Phleboliths


def distance_to(grid, point):
    at = np.stack(np.meshgrid(*[np.arange(n) for n in grid.shape], indexing="ij"), -1)
    return np.linalg.norm(grid.to_lps(at) - point, axis=-1)


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
