"""The judgement adds up features of fixed sign; what speaks for ossification never lowers its probability."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_detection import evidence, grown_on_bone

from ho_detect.detection.judge.excluded import EXCLUSIONS, UNDECIDED
from ho_detect.detection.judge.features import GROWN, OSSIFIED, values
from ho_detect.detection.judge.judge import beside_bone, judge, probabilities, weights
from ho_detect.settings import Settings

SETTINGS = Settings()
SHARE = st.floats(0.0, 1.0)
ANY = st.builds(
    evidence,
    volume_mm3=st.floats(40.0, 1e6),
    thickness_mm=st.floats(3.0, 80.0),
    solidity=SHARE,
    mean_hu=st.floats(100.0, 3000.0),
    interior_sd_hu=st.none() | st.floats(0.0, 500.0),
    head_distance_mm=st.floats(0.0, 110.0),
    reach_mm=st.none() | st.floats(0.0, 90.0),
    beyond_mm=st.none() | st.floats(-20.0, 90.0),
    underlying_hu=st.none() | st.floats(50.0, 1500.0),
    cortex_hu=st.none() | st.floats(-200.0, 1500.0),
    mirrored=st.none() | SHARE,
    base_mm2=st.floats(0.0, 5000.0),
    joined=st.booleans(),
    at_border=SHARE,
    arterial=SHARE,
    cavity=SHARE,
    fat=SHARE,
    base_seen=SHARE,
    on_bone=st.none() | SHARE,
    artefact_hu=st.floats(0.0, 1000.0),
)


class TestFeatures:
    @given(ANY)
    def test_each_lies_between_0_and_1(self, e):
        found = values(e)
        assert len(found) == len(GROWN) + len(OSSIFIED)
        known = [v for name, v in found.items() if e.joined or not name.startswith("grown")]
        assert len(known) >= len(OSSIFIED)
        assert all(0.0 <= v <= 1.0 for v in known)
        assert all(math.isnan(v) for name, v in found.items() if name.startswith("grown") and not e.joined)

    def test_names_are_unique(self):
        names = [[f.name for f in features] for features in (GROWN, OSSIFIED)]
        assert [len(set(n)) for n in names] == [len(n) for n in names]


class TestWeights:
    @pytest.mark.parametrize(("model", "features"), [("grown", GROWN), ("ossified", OSSIFIED)])
    def test_signs_are_those_of_the_features(self, model, features):
        fitted = getattr(weights(), model)
        assert set(fitted) <= {f.name for f in features}
        assert len(fitted) > 5
        assert [f.name for f in features if fitted.get(f.name, 0.0) * f.sign < 0.0] == []

    def test_there_are_few(self):
        used = [w for model in (weights().grown, weights().ossified) for w in model.values() if w]
        assert 10 <= len(used) <= 30


class TestJudge:
    @given(ANY)
    def test_the_decision_follows_from_the_probability(self, e):
        verdict = judge(e, SETTINGS)
        if verdict.probability is None:
            assert verdict.reason in EXCLUSIONS
            assert verdict.decision != "kept"
            return
        if beside_bone(e):
            assert verdict.decision != "kept"
            return
        expected = "kept" if verdict.probability >= SETTINGS.judge.keep else "undecided"
        if verdict.probability < SETTINGS.judge.exclude:
            expected = "excluded"
        assert verdict.decision == expected
        assert (verdict.reason in UNDECIDED) == (verdict.decision == "undecided")

    @given(ANY, st.floats(1.0, 5.0))
    def test_what_stands_out_farther_is_no_less_probable(self, e, times):
        if not e.joined or e.reach_mm is None or e.beyond_mm is None or e.beyond_mm < 0.0:
            return
        farther = msgspec.structs.replace(e, reach_mm=e.reach_mm * times, beyond_mm=e.beyond_mm * times)
        assert probabilities(farther, weights())[0] >= probabilities(e, weights())[0]

    def test_far_beyond_every_place_of_the_bone_is_not_native_however_large(self):
        mass = grown_on_bone(volume_mm3=565e3, beyond_mm=58.0, reach_mm=60.0, base_mm2=9000.0, on_bone=0.85)
        assert probabilities(mass, weights())[0] > 0.9
        assert judge(mass, SETTINGS).kept

    def test_a_process_that_marrow_goes_on_into_and_the_other_side_has_too_is_native(self):
        """As an iliac spine that no model has so large."""
        spine = grown_on_bone(
            touching=("pelvis",), volume_mm3=9e3, beyond_mm=18.0, reach_mm=20.0, base_mm2=700.0, thickness_mm=10.0,
            mean_hu=320.0, underlying_hu=270.0, cortex_hu=230.0, mirrored=0.7, solidity=0.3, base_seen=0.3,
        )  # fmt: skip
        assert judge(spine, SETTINGS).decision != "kept"
        one_sided = msgspec.structs.replace(spine, mirrored=0.0, cortex_hu=650.0)
        assert judge(one_sided, SETTINGS).kept

    def test_a_bridge_a_spur_and_an_island_are_kept(self):
        bridge = grown_on_bone(touching=("femur", "pelvis"), volume_mm3=45e3, beyond_mm=12.0)
        spur = grown_on_bone(beyond_mm=20.0, mean_hu=400.0)
        assert [judge(e, SETTINGS).decision for e in (bridge, evidence(), spur)] == ["kept"] * 3

    def test_low_dense_bone_at_the_joint_is_excluded_and_says_why(self):
        low = grown_on_bone(
            reach_mm=4.0, beyond_mm=1.0, base_mm2=300.0, mean_hu=430.0, underlying_hu=420.0, head_distance_mm=25.0,
            volume_mm3=400.0, thickness_mm=5.0, solidity=0.4,
        )  # fmt: skip
        verdict = judge(low, SETTINGS)
        assert (verdict.decision, verdict.reason) == ("excluded", "osteophyte")
        assert verdict.because

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"body": 0.3}, "outside_body"),
            ({"near_metal": 0.5, "artefact_hu": 120.0}, "near_metal"),
            ({"volume_mm3": 20.0}, "too_small"),
            ({"thickness_mm": 2.0}, "too_small"),
            ({"head_distance_mm": 125.0}, "out_of_reach"),
            ({"across": 0.8}, "other_side"),
            ({"organ": 0.8}, "given_organ"),
            ({"other_bone": 0.8}, "native_bone"),
            ({"cavity": 1.0, "away": 0.9}, "pelvic_cavity"),
            ({"cavity": 1.0, "away": 0.9, "joined": True, "touching": ("pelvis",)}, "pelvic_cavity"),
        ],
    )
    def test_definitions(self, changes, reason):
        verdict = judge(evidence(**changes), SETTINGS)
        assert (verdict.reason, verdict.probability, verdict.because) == (reason, None, "")

    def test_what_is_cut_by_the_view_and_unsure_says_so(self):
        cut = [
            judge(grown_on_bone(reach_mm=r, beyond_mm=r - 3.0, at_border=0.4, base_mm2=200.0, mean_hu=600.0), SETTINGS)
            for r in (3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 12.0)
        ]
        unsure = {v.reason for v in cut if v.decision == "undecided"}
        assert unsure == {"cut_native_bone"}

    def test_on_a_bone_that_is_fitted_wrongly_nothing_is_kept(self):
        """However far beyond: a surface beside its bone tells nothing of what stands there, nor that it is native."""
        wrong = {"beyond_mm": 30.0, "reach_mm": 35.0, "on_bone": 0.63, "volume_mm3": 80e3, "base_mm2": 2500.0}
        for solidity in (0.06, 0.4):
            verdict = judge(grown_on_bone(**wrong, solidity=solidity), SETTINGS)
            assert (verdict.decision, verdict.reason) == ("undecided", "native_unsure")
        free = judge(evidence(on_bone=0.63), SETTINGS)
        assert free.kept
