"""What is said of a hip follows from its lesions alone, and nothing is said of what was not seen."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_detection import anatomy, made_anatomy
from made_findings import make_excluded, make_lesion

from ho_detect.anatomy.hip_joint import HipJoint
from ho_detect.anatomy.joint.joint_state import JointState
from ho_detect.detection.detect import Judgement, Kept
from ho_detect.detection.grade.grades import grade_hips
from ho_detect.detection.grade.systems import brooker, della_valle, femur_pelvis_gap_mm, mavrogenis
from ho_detect.detection.judge.excluded import EXCLUSIONS, UNDECIDED
from ho_detect.flags import flag
from ho_detect.settings import Settings

SETTINGS = Settings()
_GAPS = st.none() | st.floats(0.01, 150.0)


def island(**changes):
    return make_lesion(**{"gap_femur_mm": 8.0, "gap_pelvis_mm": 6.0, "max_diameter_mm": 20.0} | changes)


def spur(gap_mm, bone="femur", **changes):
    gaps = {"gap_femur_mm": 0.0, "gap_pelvis_mm": gap_mm}
    if bone == "pelvis":
        gaps = {"gap_femur_mm": gap_mm, "gap_pelvis_mm": 0.0}
    return make_lesion(attached_to=(bone,), **gaps, **changes)


def bridge(**changes):
    return make_lesion(attached_to=("femur", "pelvis"), gap_femur_mm=0.0, gap_pelvis_mm=0.0, **changes)


def joint(side="left", status="assessed", **changes):
    center = (90.0 if side == "left" else -90.0, 0.0, 0.0)
    return HipJoint(side=side, status=status, center_lps_mm=center, head_radius_mm=24.0, residual_mm=0.5, **changes)


def replaced(aside, **changes):
    return msgspec.structs.replace(aside, **changes)


def graded_hips(joints, lesions=(), excluded=(), states=None):
    hips = tuple(replace(anatomy(j.side), joint=j) for j in joints)
    kept = tuple(Kept(lesion, None) for lesion in lesions)
    return grade_hips(
        made_anatomy(hips=hips, joint_states=states or {}), Judgement(None, kept, tuple(excluded)), SETTINGS
    )


def graded(lesions=(), excluded=(), status="assessed", **changes):
    """The left hip."""
    return graded_hips((joint(status=status, **changes),), tuple(lesions), tuple(excluded))[0]


class TestClasses:
    @pytest.mark.parametrize(
        ("lesions", "classes"),
        [
            ([], ("0", "A")),
            ([island(max_diameter_mm=9.9)], ("I", "A")),
            ([island(max_diameter_mm=10.0)], ("I", "B")),
            # free ossification is an island however near to bone it lies
            ([island(gap_femur_mm=0.5, gap_pelvis_mm=1.0, max_diameter_mm=9.0)], ("I", "A")),
            ([spur(10.0)], ("II", "B")),
            ([spur(9.99)], ("III", "C")),
            ([spur(10.0, "pelvis")], ("II", "B")),
            ([spur(9.99, "pelvis")], ("III", "C")),
            # too far to have been measured is far
            ([spur(None)], ("II", "B")),
            ([spur(30.0), spur(4.0, "pelvis")], ("III", "C")),
            ([spur(30.0), island(gap_femur_mm=1.0, gap_pelvis_mm=1.0)], ("II", "B")),
            ([bridge()], ("IV", "C")),
            ([bridge(), spur(30.0), island()], ("IV", "C")),
        ],
    )
    def test_brooker_and_della_valle(self, lesions, classes):
        assert (brooker(lesions, SETTINGS.detection), della_valle(lesions, SETTINGS.detection)) == classes
        assert (brooker(lesions[::-1], SETTINGS.detection), della_valle(lesions[::-1], SETTINGS.detection)) == classes

    @pytest.mark.parametrize(
        ("sectors", "kind"),
        [
            ("", None),
            ("anterior", "1"),
            ("posterior", "2"),
            ("anterior medial", "3"),
            ("anterior posterior", "4"),
            ("anterior medial lateral", "4"),
            ("posterior medial lateral", "4"),
            ("anterior posterior medial lateral", "4"),
            ("medial", None),
            ("lateral", None),
            ("medial lateral", None),
            ("anterior lateral", None),
            ("posterior medial", None),
            ("posterior lateral", None),
        ],
    )
    def test_mavrogenis(self, sectors, kind):
        lesions = [island(sector=s) for s in sectors.split()]
        assert mavrogenis(lesions, SETTINGS) == kind
        assert mavrogenis(lesions * 2, SETTINGS) == kind

    def test_the_limit_is_a_setting(self):
        assert brooker([spur(12.0)], SETTINGS.detection.replaced(short_gap_mm=15.0)) == "III"

    def test_gap_is_what_one_lesion_leaves_open(self):
        assert femur_pelvis_gap_mm(spur(3.25)) == 3.25
        assert femur_pelvis_gap_mm(bridge()) == 0.0
        assert femur_pelvis_gap_mm(spur(None)) is None

    @given(femur=_GAPS, pelvis=_GAPS)
    def test_an_island_leaves_no_gap_between_the_bones_however_near_they_are(self, femur, pelvis):
        assert femur_pelvis_gap_mm(island(gap_femur_mm=femur, gap_pelvis_mm=pelvis)) is None


class TestHip:
    def test_both_sides_left_first(self):
        hips = graded_hips((joint("right"), joint("left")))
        assert [h.side for h in hips] == ["left", "right"]

    def test_a_lesion_counts_for_its_side_only(self):
        lesions = (island(side="right", volume_mm3=100.0), bridge(side="left"))
        left, right = graded_hips((joint("left"), joint("right")), lesions)
        assert (left.brooker_ct, right.brooker_ct) == ("IV", "I")
        assert (left.n_lesions, right.n_lesions) == (1, 1)
        assert right.total_volume_mm3 == 100.0
        assert (left.bridging, right.bridging) == (True, False)

    def test_nothing_found_is_absent(self):
        hip = graded()
        assert (hip.finding, hip.n_lesions, hip.total_volume_mm3, hip.bridging) == ("absent", 0, 0.0, False)
        assert (hip.brooker_ct, hip.della_valle_ct, hip.mavrogenis, hip.min_gap_mm) == ("0", "A", None, None)
        assert hip.sectors == ()
        assert hip.reasons == ()

    def test_totals(self):
        parts = [island(volume_mm3=100.0, volume_second_threshold_mm3=60.0), spur(25.0, volume_mm3=50.5)]
        hip = graded([*parts, bridge(volume_mm3=10.0, sector="medial")])
        assert hip.finding == "present"
        assert hip.n_lesions == 3
        assert hip.total_volume_mm3 == 160.5
        assert hip.total_volume_second_threshold_mm3 == 60.0 + 2 * make_lesion().volume_second_threshold_mm3
        assert hip.sectors == ("anterior", "medial")
        assert hip.min_gap_mm == 0.0
        assert hip.bridging is True

    def test_smallest_of_the_gaps_that_were_measured(self):
        assert graded([spur(None), spur(25.0), spur(31.0, "pelvis")]).min_gap_mm == 25.0
        assert graded([spur(None)]).min_gap_mm is None

    @given(
        gaps=st.lists(st.tuples(_GAPS, _GAPS), min_size=1, max_size=4),
        spurs=st.lists(st.tuples(_GAPS, st.sampled_from(("femur", "pelvis"))), max_size=3),
    )
    def test_islands_change_no_gap(self, gaps, spurs):
        on_bone = [spur(mm, bone) for mm, bone in spurs]
        islands = [island(gap_femur_mm=a, gap_pelvis_mm=b) for a, b in gaps]
        assert graded([*islands, *on_bone]).min_gap_mm == graded(on_bone).min_gap_mm


class TestWhatWasNotSeen:
    def test_a_side_without_a_joint_is_not_in_view(self):
        _, right = graded_hips((joint("left"),), (island(),))
        assert right.status == "not_in_view"
        assert [r.code for r in right.reasons] == ["hip_not_in_view"]
        measured = set(right.__struct_fields__) - {"side", "status", "reasons", "sectors", "not_said"}
        assert all(getattr(right, name) is None for name in measured)

    def test_nothing_is_said_behind_metal(self):
        reason = flag("hidden_by_metal")
        hip = graded(status="not_assessable", reasons=(reason,))
        assert hip.status == "not_assessable"
        assert hip.center_lps_mm is not None
        assert hip.reasons == (reason,)
        said = ("finding", "n_lesions", "total_volume_mm3", "bridging", "min_gap_mm", "brooker_ct", "mavrogenis")
        assert all(getattr(hip, name) is None for name in said)

    @pytest.mark.parametrize("status", ["partly_in_view", "not_assessable"])
    def test_what_was_found_in_a_part_is_present_without_a_class(self, status):
        hip = graded([island()], status=status)
        assert (hip.finding, hip.n_lesions) == ("present", 1)
        assert (hip.brooker_ct, hip.della_valle_ct, hip.mavrogenis, hip.bridging) == (None,) * 4

    def test_a_part_without_a_lesion_is_no_absence(self):
        hip = graded(status="partly_in_view")
        assert hip.finding == "indeterminate"
        assert (hip.brooker_ct, hip.bridging) == (None, None)

    @pytest.mark.parametrize(
        ("coverage", "finding"), [(0.95, "absent"), (0.8, "indeterminate"), (None, "indeterminate")]
    )
    def test_a_hip_that_is_nearly_whole_in_view_can_be_free_of_lesions(self, coverage, finding):
        hip = graded(status="partly_in_view", coverage=coverage, reasons=(flag("hip_cut_by_view"),))
        assert (hip.finding, hip.status) == (finding, "partly_in_view")
        assert [r.code for r in hip.reasons] == ["hip_cut_by_view"]

    @pytest.mark.parametrize(("hidden", "finding", "grade"), [(0.05, "absent", "0"), (0.3, "indeterminate", None)])
    def test_what_metal_hides_is_no_more_seen_than_what_is_out_of_view(self, hidden, finding, grade):
        hip = graded(status="assessed_beside_metal", hidden_share=hidden, reasons=(flag("hidden_by_metal"),))
        assert (hip.finding, hip.brooker_ct, hip.brooker_ct_at_most) == (finding, grade, "IV")
        assert hip.grades_at_least
        ill = graded([island()], status="assessed_beside_metal", hidden_share=hidden)
        assert (ill.finding, ill.brooker_ct) == ("present", "I")

    def test_nothing_seen_later_can_lower_a_bridge(self):
        hip = graded([bridge()], status="partly_in_view")
        assert (hip.brooker_ct, hip.della_valle_ct, hip.bridging) == ("IV", "C", True)
        # another lesion out of view could change the pattern
        assert hip.mavrogenis is None

    @pytest.mark.parametrize("reason", EXCLUSIONS)
    def test_only_what_is_undecided_casts_doubt(self, reason):
        aside = replaced(make_excluded(reason), volume_mm3=600.0)  # on the right
        left, right = graded_hips((joint("left"), joint("right")), (), (aside,))
        assert left.finding == "absent"
        if reason in UNDECIDED:
            assert right.finding == "indeterminate"
            assert [r.code for r in right.reasons] == ["set_aside_undecided"]
            assert reason in right.reasons[0].message
            assert right.brooker_ct is None
            assert (right.brooker_ct_at_most, right.undecided_volume_mm3) == ("I", 600.0)
        else:
            assert (right.finding, right.reasons) == ("absent", ())

    @pytest.mark.parametrize("reason", sorted(UNDECIDED))
    def test_small_undecided_things_do_not_change_the_answer(self, reason):
        hip = graded([], [make_excluded(reason, side="left")])
        assert (hip.finding, hip.brooker_ct, hip.brooker_ct_at_most, hip.reasons) == ("absent", "0", "0", ())
        assert hip.undecided_volume_mm3 == 55.0

    def test_a_small_undecided_thing_between_both_bones_does(self):
        hip = graded([], [replaced(make_excluded("native_unsure", side="left"), bridging=True, height_mm=8.0)])
        assert (hip.finding, hip.brooker_ct, hip.brooker_ct_at_most) == ("indeterminate", None, "IV")

    def test_beside_a_lesion_the_grade_is_given_with_what_it_could_be_at_most(self):
        aside = replaced(make_excluded("native_unsure"), volume_mm3=900.0, height_mm=9.0)
        hip = graded_hips((joint("right"),), (island(side="right"),), (aside,) * 2)[1]
        assert (hip.finding, hip.brooker_ct, hip.brooker_ct_at_most) == ("present", "I", "III")
        assert (hip.undecided_volume_mm3, len(hip.reasons)) == (1800.0, 1)


class TestNulls:
    STATES = (
        {},
        {"left": JointState(head_mean_hu=300.0, neck_mean_hu=200.0, joint_space_mean_mm=3.0, joint_space_resolved=0.7)},
        {"left": JointState(joint_space_resolved=0.2), "right": JointState(head_mean_hu=250.0)},
    )

    @pytest.mark.parametrize("lesions", [(), (island(),), (island(sector="lateral"),), (bridge(),), (spur(None),)])
    @pytest.mark.parametrize("status", ["assessed", "partly_in_view", "not_assessable"])
    @pytest.mark.parametrize("aside", [(), ("near_metal",)])
    @pytest.mark.parametrize("states", STATES)
    def test_each_has_its_reason_and_nothing_else_has(self, lesions, status, aside, states):
        why = {"partly_in_view": "hip_cut_by_view", "not_assessable": "hidden_by_metal"}
        reasons = (flag(why[status]),) if status in why else ()
        excluded = tuple(replaced(make_excluded(r, side="left"), volume_mm3=600.0) for r in aside)
        here = joint(status=status, reasons=reasons, score=0.9, coverage=1.0)
        hip = graded_hips((here,), lesions, excluded, states)[0]
        nulls = {name for name, value in msgspec.structs.asdict(hip).items() if value is None}
        if hip.finding is None:  # nothing is said at all: the status has the reason
            assert hip.not_said == ()
            assert [r.code for r in hip.reasons] == ["hidden_by_metal"]
        else:
            assert {n.field for n in hip.not_said} == nulls

    def test_reasons_are_the_true_ones(self):
        def why(hip):
            return {n.field: n.code for n in hip.not_said}

        assert why(graded())["mavrogenis"] == "no_lesion"
        assert why(graded([island(sector="lateral")]))["mavrogenis"] == "no_type_fits"
        cut = graded([island()], status="partly_in_view", reasons=(flag("hip_cut_by_view"),))
        assert why(cut)["brooker_ct"] == why(cut)["mavrogenis"] == "hip_cut_by_view"
        doubted = graded([], [replaced(make_excluded("native_unsure", side="left"), volume_mm3=600.0)])
        assert why(doubted)["della_valle_ct"] == "set_aside_undecided"
        assert why(graded())["min_gap_mm"] == "no_lesion"
        assert why(graded([island()]))["min_gap_mm"] == "no_lesion_on_bone"
        assert why(graded([island(), spur(None)]))["min_gap_mm"] == "beyond_reach"
        assert "min_gap_mm" not in why(graded([island(), bridge()]))


class TestBoneAndJointSpace:
    def test_sides_are_compared(self):
        states = {"left": JointState(head_mean_hu=310.0, neck_mean_hu=200.0), "right": JointState(head_mean_hu=290.0)}
        left, right = graded_hips((joint("left"), joint("right")), states=states)
        assert (left.head_hu_difference, right.head_hu_difference) == (20.0, -20.0)
        assert (left.neck_hu_difference, right.neck_hu_difference) == (None, None)
        assert {n.field: n.code for n in left.not_said}["neck_hu_difference"] == "no_other_hip"
        assert {n.field: n.code for n in right.not_said}["neck_hu_difference"] == "part_not_in_view"

    def test_a_head_is_compared_with_none(self):
        states = {"left": JointState(head_mean_hu=310.0), "right": JointState(neck_mean_hu=200.0)}
        left, right = graded_hips((joint("left"), joint("right")), states=states)
        assert {n.field: n.code for n in left.not_said}["head_hu_difference"] == "no_other_hip"
        assert {n.field: n.code for n in right.not_said}["head_hu_difference"] == "part_not_in_view"

    @pytest.mark.parametrize(("resolved", "code"), [(None, "roof_not_in_view"), (0.3, "not_separable")])
    def test_what_is_not_separable_is_said(self, resolved, code):
        states = {"left": JointState(joint_space_resolved=resolved)}
        hip = graded_hips((joint("left"),), states=states)[0]
        assert {n.field: n.code for n in hip.not_said}["joint_space_mean_mm"] == code


class TestFacingSpurs:
    def test_the_gap_between_them_counts(self):
        facing = [spur(25.0, gap_opposing_mm=6.0), spur(30.0, "pelvis", gap_opposing_mm=6.0)]
        assert [femur_pelvis_gap_mm(x) for x in facing] == [6.0, 6.0]
        hip = graded(facing)
        assert (hip.min_gap_mm, hip.brooker_ct, hip.della_valle_ct, hip.bridging) == (6.0, "III", "C", False)

    def test_not_where_the_bone_itself_is_nearer(self):
        assert femur_pelvis_gap_mm(spur(4.0, gap_opposing_mm=6.0)) == 4.0
        assert femur_pelvis_gap_mm(spur(None, gap_opposing_mm=6.0)) == 6.0
