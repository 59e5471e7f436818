"""Both hips, one, or none: found where they are, told apart by patient coordinates, whatever way the CT is stored.

Simulated hips are none that the shape model can take: as measured in people and deformed, or of another make.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from phantoms import cropped, hip_phantom, small_person, volume

from ho_detect.acquisition.series.index import index_series
from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.acquisition.volume.load import load_volume
from ho_detect.anatomy.fit.hips import find_hip_joints
from ho_detect.anatomy.fit.working_grid import COARSE_STEP_MM, resample_to_patient_axes
from ho_detect.image.grid import Grid
from ho_detect.settings import AcquisitionSettings, AnatomySettings, Settings
from ho_detect.simulation.growth_plans import Bridge
from ho_detect.simulation.implant_plans import TotalHip
from ho_detect.simulation.person import HipPlan, Person
from ho_detect.system.pseudonyms import Pseudonyms

#: Slices of 2 mm are painted once, thicker ones twice.
SCAN = cropped(spacing_mm=(2.0, 2.0, 2.0))
SIDES = ("left", "right")


#: Where there is no hip none is found at this score either; hips of unusual shape reach no more than it.
MARGIN_SCORE = 0.45


def found(ct, least=None):
    """Return {side: HipJoint}; ``least``: another least score than the default."""
    coarse = resample_to_patient_axes(ct, COARSE_STEP_MM)
    settings = Settings().anatomy if least is None else AnatomySettings(min_joint_score=least)
    hips = [h.joint for h in find_hip_joints(ct, coarse, settings)]
    assert [h.side for h in hips] == [s for s in SIDES if s in {h.side for h in hips}]
    return {h.side: h for h in hips}


@lru_cache(maxsize=1)
def plain():
    """Return the normal pelvis of a person as measured and what is found in it."""
    study = hip_phantom(person=Person(shape_seed=3), scan=SCAN)
    return study, found(study.volume)


def error_mm(study, hip):
    truth = next(h for h in study.truth.hips if h.side == hip.side)
    return float(np.linalg.norm(np.array(truth.center_lps_mm) - hip.center_lps_mm))


def box(ct, *sides):
    """Return the part of a volume in a box of (first, last) LPS mm along z, y, x; None: as far as it goes."""
    slices = []
    for axis, (low, high) in enumerate(sides):
        at = ct.grid.to_lps(np.eye(3)[axis] * np.arange(ct.hu.shape[axis])[:, None])[:, 2 - axis]
        keep = np.flatnonzero(
            (at >= (low if low is not None else -np.inf)) & (at <= (high if high is not None else np.inf))
        )
        slices.append(slice(int(keep.min()), int(keep.max()) + 1))
    return replace(ct, hu=np.ascontiguousarray(ct.hu[tuple(slices)]), grid=ct.grid.crop(tuple(slices)))


ALL = (None, None)


class TestBothHips:
    def test_are_found_with_size_status_and_side(self):
        """Of another make: their heads are balls of a stated size."""
        study = hip_phantom(scan=SCAN)
        hips = found(study.volume)
        assert set(hips) == {"left", "right"}
        for hip in hips.values():
            assert error_mm(study, hip) < 2
            assert hip.head_radius_mm == pytest.approx(24, abs=1)
            assert hip.status == "assessed"
            assert hip.reasons == ()
            assert hip.residual_mm < 2
            assert hip.coverage == 1
            assert 0 < hip.score <= 1
        assert hips["left"].center_lps_mm[0] > 0 > hips["right"].center_lps_mm[0]

    @pytest.mark.parametrize(
        ("person", "step_mm"),
        [(Person(shape_seed=4, turn_deg=-35), 2.0), (Person(shape_seed=5, turn_deg=35), 5.0)],
        ids=["right", "left, 5 mm"],
    )
    def test_of_a_patient_lying_rotated(self, person, step_mm):
        """One of another make, who takes long, lies prone in test_femur_starts."""
        study = hip_phantom(person=person, scan=cropped(spacing_mm=(step_mm, 2.0, 2.0)))
        hips = found(study.volume)
        assert set(hips) == {"left", "right"}
        for hip in hips.values():
            assert error_mm(study, hip) < 5
            assert hip.status == "assessed"

    def test_of_a_small_person_with_flexed_hips_on_5_mm_slices(self):
        study = hip_phantom(person=small_person(), scan=cropped(spacing_mm=(5.0, 2.0, 2.0), thickness_mm=5.0))
        hips = found(study.volume)
        assert set(hips) == {"left", "right"}
        for hip in hips.values():
            assert error_mm(study, hip) < 5
            assert hip.head_radius_mm == pytest.approx(21, abs=2)

    def test_with_one_arthritic_and_one_bridged(self):
        growth = (Bridge(side="left", muscle="gluteus_minimus", width_mm=24),)
        study = hip_phantom(growth, person=Person(shape_seed=5, right=HipPlan(arthritis=0.8)), scan=SCAN)
        hips = found(study.volume, MARGIN_SCORE)
        assert set(hips) == {"left", "right"}
        for hip in hips.values():
            assert error_mm(study, hip) < 5

    def test_with_metal_in_one(self):
        study = hip_phantom(implants=(TotalHip(side="right"),), person=Person(shape_seed=3), scan=SCAN)
        hips = found(study.volume)
        assert error_mm(study, hips["left"]) < 3
        assert "right" not in hips or error_mm(study, hips["right"]) < 12


@lru_cache(maxsize=1)
def left_half():
    """Return the left half of the normal pelvis and the one hip found in it."""
    ct = box(plain()[0].volume, ALL, ALL, (15, None))
    return ct, found(ct)


#: The axis (x, y, z) along which the view ends at the center of a left head, and whether what lies beyond is kept.
CUTS = {
    "front": (1, True),
    "back": (1, False),
    "top": (2, False),
    "bottom": (2, True),
    "lateral": (0, False),
}


def sides_cut(cut, center):
    """Return what ``box`` keeps of a volume that a side of the view cuts through a point, LPS mm."""
    axis, beyond = CUTS[cut]
    sides = [ALL] * 3
    sides[2 - axis] = (center[axis], None) if beyond else (None, center[axis])
    return sides


class TestPlaceAndStorage:
    def check_same(self, hips, shift, within_mm):
        _, before = left_half()
        assert set(hips) == {"left"}
        expected = np.array(before["left"].center_lps_mm) + shift
        np.testing.assert_allclose(hips["left"].center_lps_mm, expected, atol=within_mm)
        assert hips["left"].status == before["left"].status

    def test_a_patient_lying_elsewhere(self):
        ct, _ = left_half()
        shift = np.array([31.0, -77.5, -1200.25])
        affine = ct.grid.affine.copy()
        affine[:3, 3] += shift
        self.check_same(found(replace(ct, grid=Grid(ct.grid.shape, affine))), shift, within_mm=0.1)

    @pytest.mark.parametrize(
        ("order", "steps"),
        [((0, 1, 2), (1, -1, -1)), ((0, 1, 2), (-1, 1, -1)), ((1, 0, 2), (1, -1, 1))],
        ids=["prone", "feet first", "coronal"],
    )
    def test_what_is_stored_otherwise_is_found_in_the_same_place(self, order, steps):
        ct, _ = left_half()
        hu, affine = ct.hu.transpose(order), ct.grid.affine.copy()
        affine[:3, :3] = affine[:3, :3][:, list(order)]
        for axis, step in enumerate(steps):
            if step < 0:
                affine[:3, 3] += affine[:3, axis] * (hu.shape[axis] - 1)
                affine[:3, axis] *= -1
        hu = np.ascontiguousarray(hu[tuple(slice(None, None, s) for s in steps)])
        stored = HuVolume(hu, Grid(hu.shape, affine), ct.series)
        # as stored, averaging to coarser voxels starts at another corner; in canonical order nothing differs
        self.check_same(found(stored), 0, within_mm=1.0)
        np.testing.assert_array_equal(stored.canonical().hu, ct.hu)
        np.testing.assert_allclose(stored.canonical().grid.affine, ct.grid.affine, rtol=0, atol=1e-9)

    def test_a_mirrored_patient_has_her_sides_swapped(self):
        study, before = plain()
        mirrored = replace(study.volume, hu=np.ascontiguousarray(study.volume.hu[:, :, ::-1]))
        low, high = (study.volume.grid.to_lps([0, 0, i])[0] for i in (0, study.volume.hu.shape[2] - 1))
        hips = found(mirrored)
        for side, other in (("left", "right"), ("right", "left")):
            expected = np.array(before[other].center_lps_mm) * [-1, 1, 1] + [low + high, 0, 0]
            np.testing.assert_allclose(hips[side].center_lps_mm, expected, atol=1.0)


class TestPartsInView:
    @pytest.mark.parametrize("side", SIDES)
    def test_one_side_only(self, side):
        study, _ = plain()
        ct = box(study.volume, ALL, ALL, (15, None) if side == "left" else (None, -15))
        hips = found(ct)
        assert set(hips) == {side}
        assert error_mm(study, hips[side]) < 2

    def test_a_head_cut_by_the_top_of_the_field_of_view(self):
        study, before = plain()
        hips = found(box(study.volume, (None, 10), ALL, ALL))
        assert set(hips) == {"left", "right"}
        for side, hip in hips.items():
            assert hip.status == "partly_in_view"
            assert {f.code for f in hip.reasons} <= {"head_cut_by_view", "hip_cut_by_view"}
            assert hip.reasons
            assert hip.coverage < 0.8 < before[side].coverage
            assert error_mm(study, hip) < 5

    @pytest.mark.parametrize("cut", CUTS)
    def test_a_head_half_of_which_is_cut_is_where_the_whole_scan_has_it(self, cut):
        ct, whole = left_half()
        hips = found(box(ct, *sides_cut(cut, whole["left"].center_lps_mm)))
        assert set(hips) == {"left"}
        assert np.linalg.norm(np.subtract(hips["left"].center_lps_mm, whole["left"].center_lps_mm)) < 6
        assert hips["left"].status == "partly_in_view"
        assert [f.code for f in hips["left"].reasons] == ["head_cut_by_view"]

    @pytest.mark.parametrize(
        "scan",
        [cropped(above_mm=-35.0, below_mm=140.0), cropped(above_mm=150.0, below_mm=-45.0)],
        ids=["thighs", "abdomen"],
    )
    def test_no_hip_where_there_is_none(self, scan):
        assert found(hip_phantom(scan=scan).volume, MARGIN_SCORE) == {}

    @pytest.mark.parametrize("hu", [-1000.0, 45.0, 900.0])
    def test_nothing_in_air_water_or_all_bone(self, hu):
        assert found(volume(np.full((20, 24, 24), hu), spacing=(4.0, 4.0, 4.0)), MARGIN_SCORE) == {}

    @pytest.mark.parametrize(("sd_hu", "least"), [(100.0, MARGIN_SCORE), (300.0, None)])
    def test_nothing_in_noise(self, sd_hu, least):
        """What explains edges by chance comes near the least score only where all of the volume is edges."""
        rng = np.random.default_rng(4)
        assert found(volume(rng.normal(100, sd_hu, (20, 24, 24)), spacing=(4.0, 4.0, 4.0)), least) == {}

    def test_nothing_in_balls_and_rods_of_bone(self):
        """A sphere on a rod is not a hip."""
        at = np.stack(np.meshgrid(*[np.arange(n) * 3.0 for n in (60, 60, 80)], indexing="ij"), -1)
        hu = np.full(at.shape[:3], 45.0)
        for x in (50.0, 190.0):
            hu[np.linalg.norm(at - [110, 90, x], axis=-1) < 24] = 500
            hu[(np.hypot(at[..., 1] - 90, at[..., 2] - x) < 14) & (at[..., 0] < 100)] = 1200
        assert found(volume(hu, spacing=(3.0, 3.0, 3.0)), MARGIN_SCORE) == {}


SHARED = Path(os.environ.get("HO_DETECT_SHARED", Path(__file__).parents[4] / "shared"))
#: Hand-checked centers, within about 4 mm (../shared/real/README.md); those of others in tests/test_shared_findings.py.
REAL = {
    "sts_044": {"right": (-83, 16, -731)},
    "sts_012": {"right": (-92, 23, -680)},
    "cort_liver_no_hip": {},
    "sts_045": {},
}


def real(folder, name):
    """Return the real CT of that name."""
    (entry,) = index_series([SHARED / folder / name], AcquisitionSettings())
    return load_volume(entry, Settings(), Pseudonyms(bytes(16))).canonical()


@pytest.mark.shared
@pytest.mark.skipif(not (SHARED / "real").is_dir(), reason=f"no real CT at {SHARED}")
@pytest.mark.parametrize("name", REAL)
def test_real_ct(name):
    hips = found(real("real", name), MARGIN_SCORE)
    assert set(hips) == set(REAL[name])
    for side, center in REAL[name].items():
        assert np.linalg.norm(np.array(center) - hips[side].center_lps_mm) < 8
    if name == "sts_012":
        assert hips["right"].status == "partly_in_view"


@pytest.mark.shared
@pytest.mark.skipif(not (SHARED / "real_bowel").is_dir(), reason=f"no real CT at {SHARED}")
@pytest.mark.parametrize("beyond_mm", [0.0, 8.0])
def test_real_heads_cut_from_below_are_not_taken_for_the_roofs_of_their_sockets(beyond_mm):
    ct = real("real_bowel", "tcga_ay_oral_contrast")
    whole = found(ct)
    low = np.mean([hip.center_lps_mm[2] for hip in whole.values()]) - beyond_mm
    hips = found(box(ct, (low, None), ALL, ALL))
    assert set(hips) == set(whole) == set(SIDES)
    for side, hip in hips.items():
        assert np.linalg.norm(np.subtract(hip.center_lps_mm, whole[side].center_lps_mm)) < 5
