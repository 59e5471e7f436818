"""Each reason fires on evidence made for it, nothing fires on clear ossification, and only one thing at a time does."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from made_detection import evidence, grown_on_bone

from ho_detect.detection.judge.excluded import EXCLUSIONS, UNDECIDED
from ho_detect.detection.judge.mimic_settings import MimicSettings
from ho_detect.detection.judge.mimics import exclude, may_continue, reason_to_set_aside

SETTINGS = MimicSettings()
NOISE_HU = 10.0


def reason(e, noise_hu=NOISE_HU, **settings):
    return reason_to_set_aside(e, MimicSettings(**settings), noise_hu)


def crest(**changes):
    """Native bone that the fit missed, away from the joint."""
    return grown_on_bone(**{"head_distance_mm": 60.0, "thickness_mm": 8.0, "beneath_hu": 500.0} | changes)


CLEAR = {
    "island": evidence(),
    "small island": evidence(volume_mm3=60.0, thickness_mm=4.0, max_hu=400.0),
    "beyond the fields around bone": evidence(gap_mm=None, reach_mm=None),
    "in front, thicker than a wall": evidence(arterial=0.9, thickness_mm=6.0),
    "in front, large and hollow": evidence(arterial=0.9, solidity=0.5, volume_mm3=8000.0),
    "long in front, and grown on bone": grown_on_bone(arterial=0.9, length_mm=90.0),
    "in fat between muscles": evidence(fat=0.8, muscle=0.2),
    "large and near the joint": evidence(head_distance_mm=25.0, volume_mm3=500.0),
    "free, whatever the fit": evidence(reliable_fit=False),
    "free, immense": evidence(volume_mm3=300000.0),
    "dense beside an implant": evidence(metal_mm=50.0),
    "faint, no implant": evidence(max_hu=300.0),
    "spur": grown_on_bone(),
    "bridge": grown_on_bone(touching=("femur", "pelvis"), foot_mm2=200.0, reach_mm=22.0, volume_mm3=9000.0),
    "massive on a broad foot": grown_on_bone(foot_mm2=3000.0, reach_mm=26.0, volume_mm3=30000.0),
    "bridge on two broad feet": grown_on_bone(
        touching=("femur", "pelvis"), foot_mm2=2200.0, reach_mm=15.0, volume_mm3=21000.0
    ),
    "bridge, faint and low between two bones": grown_on_bone(
        touching=("femur", "pelvis"), foot_mm2=650.0, reach_mm=12.5, volume_mm3=4000.0, mean_hu=290.0, beneath_hu=350.0
    ),
    "cut by the view, thick and dense where vessels run": evidence(at_border=0.5, arterial=0.6, muscle=0.7),
    "cut by the view, a cleft away from bone": evidence(at_border=0.5, muscle=0.7, gap_mm=1.5, cleft=True),
    "thin, but grown on bone": grown_on_bone(thickness_mm=2.5),
    "bridge in front of the sacrum": grown_on_bone(touching=("femur", "pelvis"), spine=0.6),
    "inside the wall of the pelvis": evidence(cavity=0.9, gap_mm=3.0, reach_mm=20.0),
    "uniform, but where no fluid is": evidence(interior_sd_hu=8.0, mean_hu=300.0),
}

FLUID = {"mean_hu": 300.0, "interior_sd_hu": 15.0}
FAINT_AT_METAL = evidence(metal_mm=70.0, max_hu=480.0, thickness_mm=8.0)
SPINE = grown_on_bone(touching=("pelvis",), ischial_spine_mm=5.0, foot_mm2=240.0, reach_mm=18.0, volume_mm3=1500.0)
SHEET = grown_on_bone(foot_mm2=900.0, reach_mm=6.0, head_distance_mm=90.0, mean_hu=500.0, beneath_hu=1000.0)
TUBE = {"arterial": 0.7, "length_mm": 80.0, "volume_mm3": 9000.0}
#: reason: evidence that it is made for, and the same with the one thing changed that makes it ossification.
MADE_FOR = {
    "outside_body": [(evidence(body=0.4), {"body": 0.6})],
    "near_metal": [
        (evidence(near_metal=0.3, metal_mm=22.0), {"near_metal": 0.1}),
        (FAINT_AT_METAL, {"metal_mm": 90.0}),
        (FAINT_AT_METAL, {"metal_mm": None}),
        (FAINT_AT_METAL, {"max_hu": 520.0}),
        (FAINT_AT_METAL, {"thickness_mm": 12.0}),
        (msgspec.structs.replace(FAINT_AT_METAL, thickness_mm=12.0, solidity=0.45), {"solidity": 0.55}),
        # a fan of strands, dense where it runs over bone
        (grown_on_bone(metal_mm=30.0, thickness_mm=6.0, solidity=0.4), {"thickness_mm": 7.5}),
        (grown_on_bone(metal_mm=30.0, thickness_mm=6.0, solidity=0.4), {"solidity": 0.5}),
        (grown_on_bone(metal_mm=30.0, thickness_mm=6.0, length_mm=6.0, volume_mm3=500.0), {"volume_mm3": 200.0}),
        (grown_on_bone(metal_mm=30.0, thickness_mm=3.5, mean_hu=230.0), {"thickness_mm": 4.5}),
        (grown_on_bone(metal_mm=30.0, thickness_mm=3.5, mean_hu=230.0), {"mean_hu": 310.0}),
    ],
    "too_small": [
        (evidence(volume_mm3=39.0), {"volume_mm3": 41.0}),
        (evidence(thickness_mm=2.9), {"thickness_mm": 3.1}),
        (grown_on_bone(volume_mm3=39.0), {"volume_mm3": 41.0}),
    ],
    "out_of_reach": [
        (evidence(head_distance_mm=121.0), {"head_distance_mm": 119.0}),
        (grown_on_bone(head_distance_mm=151.0), {"head_distance_mm": 149.0}),
    ],
    "other_side": [(evidence(across=0.6), {"across": 0.4}), (evidence(across=0.3, volume_mm3=6000.0), {"across": 0.1})],
    "native_bone": [
        (evidence(spine=0.6, muscle=0.7), {"spine": 0.4}),
        (evidence(spine=0.6, muscle=0.7), {"muscle": 0.9}),
        (evidence(shaft=0.6), {"shaft": 0.4}),
        (evidence(other_bone=0.6), {"other_bone": 0.4}),
        (grown_on_bone(spine=0.6), {"touching": ("femur", "pelvis")}),
        (grown_on_bone(spine=0.75, touching=("femur", "pelvis")), {"spine": 0.65}),
        # far from the joint a broad base is a crest, a tubercle, or an error of the fit
        (crest(foot_mm2=900.0, reach_mm=12.0), {"reach_mm": 32.0}),
        (crest(foot_mm2=20.0, reach_mm=6.5), {"reach_mm": 7.5}),
        (crest(foot_mm2=0.0, reach_mm=4.0), {"reach_mm": 6.0}),
        (crest(foot_mm2=300.0, reach_mm=12.5), {"reach_mm": 14.5}),
        # stout
        (crest(foot_mm2=300.0, reach_mm=12.5), {"thickness_mm": 9.5}),
        (crest(foot_mm2=300.0, reach_mm=12.5, thickness_mm=9.5, solidity=0.4), {"solidity": 0.5}),
        (crest(foot_mm2=300.0, reach_mm=10.5, thickness_mm=9.5), {"reach_mm": 11.5}),
        # a mass much fainter than what it stands on, a sheet fainter than the whole cortex beneath it
        (crest(foot_mm2=900.0, reach_mm=8.0, mean_hu=300.0, beneath_hu=550.0), {"beneath_hu": 650.0}),
        (
            crest(foot_mm2=900.0, reach_mm=8.0, mean_hu=300.0, beneath_hu=650.0, volume_mm3=1900.0),
            {"volume_mm3": 2100.0},
        ),
        (crest(foot_mm2=900.0, reach_mm=6.5, mean_hu=300.0, beneath_hu=650.0), {"reach_mm": 7.5}),
        (crest(foot_mm2=900.0, reach_mm=8.0, mean_hu=500.0, beneath_hu=650.0), {"beneath_hu": 750.0}),
        (crest(foot_mm2=900.0, reach_mm=8.0, mean_hu=700.0, beneath_hu=750.0), {"mean_hu": 570.0}),
        # a sheet on the shaft is faint on dense cortex
        (SHEET, {"mean_hu": 250.0, "beneath_hu": 1000.0}),
        (msgspec.structs.replace(SHEET, mean_hu=250.0, beneath_hu=700.0), {"beneath_hu": 800.0}),
        (msgspec.structs.replace(SHEET, mean_hu=250.0, head_distance_mm=50.0), {"head_distance_mm": 60.0}),
        (
            SPINE,
            {"ischial_spine_mm": 20.0},
        ),
        (SPINE, {"foot_mm2": 100.0}),
        (SPINE, {"volume_mm3": 2500.0}),
        (msgspec.structs.replace(SPINE, volume_mm3=2500.0, solidity=0.4), {"solidity": 0.5}),
    ],
    "osteophyte": [
        (grown_on_bone(foot_mm2=350.0, reach_mm=11.0, head_distance_mm=28.0, beneath_hu=500.0), {"foot_mm2": 60.0}),
        (crest(foot_mm2=200.0, reach_mm=11.0, head_distance_mm=28.0), {"thickness_mm": 9.5}),
        # what touches both bones as dense as they are is of either
        (
            grown_on_bone(
                touching=("femur", "pelvis"),
                foot_mm2=650.0,
                reach_mm=11.0,
                head_distance_mm=28.0,
                mean_hu=500.0,
                beneath_hu=520.0,
            ),
            {"mean_hu": 460.0},
        ),
        # at the joint a narrow foot is not enough
        (grown_on_bone(foot_mm2=60.0, reach_mm=9.0, head_distance_mm=28.0), {"reach_mm": 11.0}),
    ],
    "native_unsure": [
        # cortex over marrow that looks like a cleft
        (
            crest(foot_mm2=300.0, reach_mm=7.5, joined=False, cleft=True, mean_hu=560.0, beneath_hu=170.0),
            {"beneath_hu": 400.0},
        ),
        (grown_on_bone(reliable_fit=False), {"reliable_fit": True}),
        (grown_on_bone(reliable_fit=False), {"joined": False}),
        (grown_on_bone(volume_mm3=260000.0), {"volume_mm3": 240000.0}),
    ],
    "cut_native_bone": [
        (evidence(at_border=0.3, muscle=0.5), {"at_border": 0.2}),
        (evidence(at_border=0.3, muscle=0.5), {"muscle": 0.7}),
        (evidence(at_border=0.3, gap_mm=4.0), {"gap_mm": 6.0}),
        (evidence(at_border=0.3, gap_mm=4.0), {"cleft": True}),
        (evidence(at_border=0.3, arterial=0.55, max_hu=400.0), {"arterial": 0.4}),
        (evidence(at_border=0.3, arterial=0.55, max_hu=400.0), {"max_hu": 500.0}),
        (evidence(at_border=0.3, arterial=0.55, thickness_mm=6.0), {"thickness_mm": 7.0}),
        (evidence(at_border=0.3, arterial=0.55, interior_sd_hu=15.0), {"interior_sd_hu": 25.0}),
        (grown_on_bone(at_border=0.3, foot_mm2=500.0, inner_reach_mm=8.0), {"inner_reach_mm": 14.0}),
        (grown_on_bone(at_border=0.3, foot_mm2=500.0, inner_reach_mm=None), {"foot_mm2": 150.0}),
    ],
    "contrast": [
        (evidence(central=0.6, **FLUID), {"interior_sd_hu": 25.0}),
        (evidence(central=0.6, **FLUID), {"mean_hu": 500.0}),
        (evidence(central=0.6, **FLUID), {"central": 0.4}),
        (evidence(cavity=0.45, at_border=0.2, **FLUID), {"at_border": 0.1}),
        (evidence(cavity=0.45, reach_mm=36.0, **FLUID), {"reach_mm": 34.0}),
        (evidence(arterial=0.7, at_border=0.2, **FLUID), {"at_border": 0.1}),
        (evidence(**TUBE), {"length_mm": 50.0}),
        (evidence(**TUBE), {"volume_mm3": 16000.0}),
        (evidence(**TUBE), {"arterial": 0.5}),
        (evidence(**TUBE | {"arterial": 0.5, "cavity": 0.3}), {"cavity": 0.1}),
        (grown_on_bone(touching=("pelvis",), central=0.8, **FLUID), {"central": 0.6}),
        (grown_on_bone(touching=("pelvis",), central=0.8, **FLUID), {"touching": ("femur",)}),
        # one that only touches bone is longer, or as uniform as fluid
        (evidence(touching=("pelvis",), **TUBE | {"length_mm": 130.0}), {"length_mm": 110.0}),
        (evidence(touching=("pelvis",), interior_sd_hu=15.0, **TUBE), {"interior_sd_hu": 25.0}),
    ],
    "vessel_calcium": [
        (evidence(arterial=0.7, thickness_mm=5.0), {"thickness_mm": 6.0}),
        (evidence(arterial=0.7, solidity=0.5, volume_mm3=2400.0), {"volume_mm3": 2600.0}),
        (evidence(arterial=0.7, solidity=0.5, volume_mm3=2400.0), {"solidity": 0.7}),
        (evidence(arterial=0.95, solidity=0.62, volume_mm3=1100.0), {"volume_mm3": 1300.0}),
        (evidence(arterial=0.95, solidity=0.62, volume_mm3=1100.0), {"solidity": 0.7}),
        # anywhere else it is both thin and hollow
        (evidence(thickness_mm=5.0, solidity=0.5, volume_mm3=2400.0), {"thickness_mm": 6.0}),
        (evidence(thickness_mm=5.0, solidity=0.5, volume_mm3=2400.0), {"solidity": 0.7}),
        # a speck in the fat about a vessel that no course is known of
        (evidence(thickness_mm=5.0, volume_mm3=200.0, fat=0.6, muscle=0.4), {"fat": 0.4}),
        (evidence(thickness_mm=5.0, volume_mm3=200.0, fat=0.6, muscle=0.4), {"volume_mm3": 300.0}),
        (evidence(thickness_mm=5.0, volume_mm3=200.0, fat=0.6, muscle=0.4), {"thickness_mm": 7.0}),
    ],
    "given_organ": [(evidence(organ=0.6), {"organ": 0.4})],
    "pelvic_cavity": [
        (evidence(cavity=0.6, gap_mm=13.0), {"gap_mm": 11.0}),
        (evidence(cavity=0.6, gap_mm=None, reach_mm=None), {"cavity": 0.4}),
        (evidence(cavity=0.6, gap_mm=2.0, reach_mm=36.0), {"reach_mm": 34.0}),
        (evidence(cavity=0.6, gap_mm=2.0, volume_mm3=240.0), {"volume_mm3": 260.0}),
    ],
    "subcutaneous": [
        (evidence(deep=0.4, fat=0.6), {"deep": 0.6}),
        (evidence(deep=0.4, fat=0.6), {"fat": 0.4}),
        (evidence(fat=0.9, muscle=0.05), {"muscle": 0.15}),
        (evidence(fat=0.75, volume_mm3=490.0), {"volume_mm3": 510.0}),
        (evidence(fat=0.75, volume_mm3=490.0), {"fat": 0.65}),
    ],
    "beside_joint": [
        (evidence(head_distance_mm=30.0, volume_mm3=390.0), {"volume_mm3": 410.0}),
        (evidence(head_distance_mm=31.0, volume_mm3=390.0), {"head_distance_mm": 33.0}),
    ],
}
CASES = [(name, e, changes) for name, cases in MADE_FOR.items() for e, changes in cases]


@pytest.mark.parametrize("e", CLEAR.values(), ids=CLEAR)
def test_clear_ossification_passes_all_rules(e):
    assert reason(e) is None


@pytest.mark.parametrize(("name", "e", "changes"), CASES, ids=[f"{n}-{i}" for i, (n, _, _) in enumerate(CASES)])
class TestEachReason:
    def test_holds_for_evidence_made_for_it(self, name, e, changes):
        assert reason(e) == name

    def test_goes_with_what_it_rests_on(self, name, e, changes):
        assert reason(msgspec.structs.replace(e, **changes)) is None


def test_no_reason_is_left_out():
    assert set(MADE_FOR) == set(EXCLUSIONS)
    assert set(EXCLUSIONS) >= UNDECIDED


def test_what_is_noise_and_what_is_structure_depends_on_the_noise():
    e = evidence(central=0.6, **FLUID)
    assert reason(e, noise_hu=15.0) == "contrast"
    assert reason(e, noise_hu=5.0) is None
    # muscle that was not found says nothing of noise: nothing is called uniform
    assert reason(e, noise_hu=0.0) is None


def test_not_measured_is_not_uniform():
    assert reason(evidence(central=0.6, mean_hu=300.0, interior_sd_hu=None)) is None


def test_limits_are_settings():
    assert reason(evidence(), min_volume_mm3=5000.0) == "too_small"
    assert reason(evidence(), free_reach_mm=40.0) == "out_of_reach"


def test_the_first_reason_is_the_surest():
    everything = evidence(body=0.1, near_metal=1.0, volume_mm3=1.0, head_distance_mm=400.0, spine=1.0, shaft=1.0)
    assert reason(everything) == "outside_body"


class TestLowEndOfALesion:
    #: A shell on the neck beside a bridge; broad-based, alone it is an osteophyte.
    SHELL = grown_on_bone(
        volume_mm3=3900.0, reach_mm=8.5, foot_mm2=730.0, head_distance_mm=23.0, mean_hu=520.0, beneath_hu=700.0
    )

    def test_alone_it_is_an_osteophyte(self):
        assert reason(self.SHELL) == "osteophyte"
        assert may_continue(self.SHELL, "osteophyte", SETTINGS)

    @pytest.mark.parametrize(
        "change",
        [
            {"volume_mm3": 1900.0},
            {"reach_mm": 7.9},
            {"mean_hu": 701.0},
            {"beneath_hu": None},
            {"joined": False},
            {"spine": 0.6},
        ],
    )
    def test_what_is_small_low_or_dense_like_cortex_does_not(self, change):
        assert not may_continue(msgspec.structs.replace(self.SHELL, **change), "osteophyte", SETTINGS)

    @pytest.mark.parametrize("other", sorted(set(EXCLUSIONS) - {"osteophyte", "native_bone"}))
    def test_nor_what_is_set_aside_for_another_reason(self, other):
        assert not may_continue(self.SHELL, other, SETTINGS)


class TestSlenderness:
    def test_is_reach_over_the_radius_of_the_foot(self):
        foot = grown_on_bone(foot_mm2=3.14159265 * 25, reach_mm=20.0)
        assert foot.slenderness == pytest.approx(4.0)

    def test_of_what_is_free_is_infinite(self):
        assert evidence().slenderness == float("inf")
        assert evidence(reach_mm=None).slenderness == float("inf")


@pytest.mark.parametrize("name", EXCLUSIONS)
def test_the_record_says_what_was_seen(name):
    e = evidence(side="right", volume_mm3=123.456, max_hu=707.04)
    record = exclude(name, e.side, e.volume_mm3, np.array([1.0, 2.0, 3.0]), e.max_hu)
    assert (record.reason, record.message, record.side) == (name, EXCLUSIONS[name], "right")
    assert (record.volume_mm3, record.max_hu, record.centroid_lps_mm) == (123.5, 707.0, (1.0, 2.0, 3.0))
