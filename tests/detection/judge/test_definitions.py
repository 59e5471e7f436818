"""What is no finding by definition: the first rule that holds is given, and none hangs on what another looks at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_detection import MUSCLE_HU, evidence, frames, grown_on_bone, made_anatomy, region
from phantoms import ball

from ho_detect.anatomy.metal.metal import Metal, Zone
from ho_detect.detection.candidates import Candidate
from ho_detect.detection.clear_of_metal import STANDS_OUT
from ho_detect.detection.judge.definitions import DEFINITIONS, defined, plainly_elsewhere
from ho_detect.detection.judge.excluded import EXCLUSIONS
from ho_detect.image.grid import Grid
from ho_detect.settings import Settings

SETTINGS = Settings()
JUDGE = SETTINGS.judge
SHAPE = (30, 30, 30)
WHOLE = tuple(slice(0, n) for n in SHAPE)


def test_each_reason_has_its_words():
    assert {reason for reason, _ in DEFINITIONS} <= EXCLUSIONS.keys()


def test_ossification_and_a_spur_are_left_to_be_judged():
    assert defined(evidence(), SETTINGS) is None
    assert defined(grown_on_bone(), SETTINGS) is None


@pytest.mark.parametrize(
    ("field", "inside", "outside", "reason"),
    [
        ("volume_mm3", JUDGE.min_volume_mm3, JUDGE.min_volume_mm3 - 0.1, "too_small"),
        ("thickness_mm", JUDGE.min_thickness_mm, JUDGE.min_thickness_mm - 0.1, "too_small"),
        ("head_distance_mm", JUDGE.free_reach_mm, JUDGE.free_reach_mm + 0.1, "out_of_reach"),
        ("body", JUDGE.mostly, JUDGE.mostly - 0.01, "outside_body"),
        ("near_metal", JUDGE.zone_share, JUDGE.zone_share + 0.01, "near_metal"),
        ("across", JUDGE.mostly, JUDGE.mostly + 0.01, "other_side"),
        ("organ", JUDGE.mostly, JUDGE.mostly + 0.01, "given_organ"),
        ("away", JUDGE.mostly, JUDGE.mostly + 0.01, "pelvic_cavity"),
        ("shaft", JUDGE.mostly, JUDGE.mostly + 0.01, "native_bone"),
    ],
)
def test_each_limit_is_that_of_its_setting(field, inside, outside, reason):
    assert defined(evidence(**{field: inside}), SETTINGS) is None
    assert defined(evidence(**{field: outside}), SETTINGS) == reason


def test_what_stands_out_of_muscle_by_less_than_four_times_the_artefact_is_hidden_by_it():
    assert defined(evidence(mean_hu=MUSCLE_HU + 1.02 * STANDS_OUT * 40.0, artefact_hu=40.0), SETTINGS) is None
    assert defined(evidence(mean_hu=MUSCLE_HU + 0.98 * STANDS_OUT * 40.0, artefact_hu=40.0), SETTINGS) == "near_metal"
    assert defined(evidence(mean_hu=MUSCLE_HU - 20.0, artefact_hu=0.0), SETTINGS) is None  # no metal


def test_what_is_grown_from_bone_may_be_thin_and_reach_as_far_as_the_region():
    assert defined(grown_on_bone(thickness_mm=0.5, head_distance_mm=SETTINGS.detection.reach_mm), SETTINGS) is None
    far = grown_on_bone(head_distance_mm=SETTINGS.detection.reach_mm + 0.1)
    assert defined(far, SETTINGS) == "out_of_reach"


def test_a_bridge_and_what_touches_the_femur_are_no_native_bone_and_no_content_of_the_pelvis():
    bridge = {"touching": ("femur", "pelvis"), "shaft": 1.0}
    assert defined(grown_on_bone(**bridge), SETTINGS) is None
    assert defined(grown_on_bone(away=1.0), SETTINGS) is None
    assert defined(grown_on_bone(away=1.0, touching=("pelvis",)), SETTINGS) == "pelvic_cavity"
    beside_bowel = {"air": 0.2, "cavity": 0.3}
    assert defined(grown_on_bone(**beside_bowel, touching=("femur", "pelvis")), SETTINGS) is None
    assert defined(grown_on_bone(**beside_bowel, touching=("pelvis",)), SETTINGS) == "pelvic_cavity"


@pytest.mark.parametrize("joined", [False, True])
def test_what_is_as_dense_as_blood_in_this_scan_and_as_uniform_is_contrast_whatever_its_form(joined):
    made = grown_on_bone if joined else evidence
    blood = {"blood": 0.9, "interior_sd_hu": 8.0, "noise_hu": 6.0}
    assert defined(made(**blood), SETTINGS) == "contrast"
    assert defined(made(**blood | {"blood": 0.4}), SETTINGS) is None
    assert defined(made(**blood | {"interior_sd_hu": 60.0}), SETTINGS) is None


@pytest.mark.parametrize("no_vessel", [{"length_mm": 20.0}, {"round_share": 0.3}, {"interior_sd_hu": 90.0}])
def test_what_is_long_round_and_as_uniform_as_blood_is_contrast_wherever_it_runs(no_vessel):
    blood = {"volume_mm3": 3000.0, "length_mm": 60.0, "round_share": 0.95, "interior_sd_hu": 20.0, "noise_hu": 12.0}
    assert defined(evidence(**blood), SETTINGS) == "contrast"
    assert defined(evidence(**blood | no_vessel), SETTINGS) is None
    # new bone that stands on bone may be nearly as uniform
    assert defined(grown_on_bone(**blood), SETTINGS) is None
    assert defined(grown_on_bone(**blood | {"interior_sd_hu": 12.0}), SETTINGS) == "contrast"


@pytest.mark.parametrize("joined", [False, True])
def test_what_is_round_over_many_times_its_width_is_a_vessel_whatever_streaks_cross_it(joined):
    tube = {"volume_mm3": 3000.0, "length_mm": 120.0, "round_share": 0.9, "interior_sd_hu": 90.0, "joined": joined}
    assert defined(evidence(**tube), SETTINGS) == "contrast"
    assert defined(evidence(**tube | {"round_share": 0.4}), SETTINGS) is None
    assert defined(evidence(**tube | {"volume_mm3": 30000.0}), SETTINGS) is None


def test_what_lies_free_in_muscle_where_the_sacrum_is_may_be_in_the_piriformis():
    assert defined(evidence(spine=1.0, muscle=0.9), SETTINGS) is None
    assert defined(evidence(spine=1.0, muscle=0.5), SETTINGS) == "native_bone"


def test_the_first_rule_that_holds_is_given():
    assert defined(evidence(body=0.0, volume_mm3=1.0, head_distance_mm=500.0), SETTINGS) == "outside_body"
    assert defined(evidence(volume_mm3=1.0, head_distance_mm=500.0), SETTINGS) == "too_small"


class TestPlainly:
    def looked_at(self, away_mm, *, joined=False, metal=None):
        """A ball beside a left hip, its nearest voxel about so far in front of the center of the head."""
        frame = frames()["left"]
        origin = frame.center + np.array([-15.0, -away_mm - 20.0, -15.0])
        mask = ball(SHAPE, (15, 15, 15), 5.0)
        found = replace(
            region(np.where(mask, 700.0, MUSCLE_HU)), grid=Grid.axial(SHAPE, (1.0, 1.0, 1.0), tuple(origin))
        )
        here = made_anatomy(landmarks=(frame,), metal=metal or Metal())
        return plainly_elsewhere(found, Candidate(WHOLE, mask, joined=joined), here, SETTINGS), mask

    def test_what_lies_beyond_the_reach_is_excluded_with_its_volume(self):
        found, mask = self.looked_at(JUDGE.free_reach_mm + 3.0)
        assert (found.reason, found.side, found.max_hu) == ("out_of_reach", "left", 700.0)
        assert found.volume_mm3 == mask.sum()

    def test_what_lies_within_is_left(self):
        assert self.looked_at(JUDGE.free_reach_mm - 3.0)[0] is None
        assert self.looked_at(45.0, joined=True)[0] is None

    def test_the_reach_of_what_is_joined_is_that_of_the_region(self):
        assert SETTINGS.detection.reach_mm > JUDGE.free_reach_mm + 6.0
        assert self.looked_at(JUDGE.free_reach_mm + 3.0, joined=True)[0] is None
        assert self.looked_at(SETTINGS.detection.reach_mm + 3.0, joined=True)[0].reason == "out_of_reach"

    def test_what_metal_hides_is_not_plain(self):
        everywhere = Grid.axial((2, 2, 2), (400.0,) * 3, (-200.0,) * 3)
        nothing, hidden = np.zeros((2, 2, 2), np.float32), np.ones((2, 2, 2), bool)
        metal = Metal(500.0, zone=Zone(everywhere, nothing, nothing, hidden))
        assert self.looked_at(JUDGE.free_reach_mm + 3.0, metal=metal)[0] is None


def test_a_layer_on_the_shaft_beyond_the_model_that_is_fainter_than_the_cortex_is_judged():
    """A sheet of 15 mL, all of it in view on a followed shaft, had been native bone by definition."""
    layer = {"shaft": 1.0, "underlying_hu": 860.0, "cortex_hu": 900.0}
    assert defined(grown_on_bone(mean_hu=400.0, **layer), SETTINGS) is None
    assert defined(grown_on_bone(mean_hu=800.0, **layer), SETTINGS) == "native_bone"
    assert defined(grown_on_bone(mean_hu=400.0, **layer | {"cortex_hu": None}), SETTINGS) == "native_bone"
