"""Bones are where the truth states them, on their own side, apart."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from phantoms import COARSE, hip_phantom, small_person, turned
from scipy import ndimage as ndi

from ho_detect.simulation.person import HipPlan, Person
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
