"""Lesions and joints to what is said of each hip."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ho_detect.anatomy.find import Anatomy
from ho_detect.anatomy.hip_joint import HipJoint
from ho_detect.anatomy.joint.joint_state import JointState
from ho_detect.anatomy.regions.muscle_names import MuscleVolume
from ho_detect.anatomy.user_masks.muscle import added_up, has_muscles
from ho_detect.detection.detect import Judgement
from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.grade.systems import GRADES, brooker, femur_pelvis_gap_mm
from ho_detect.detection.judge.excluded import UNDECIDED, Excluded
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.flags import Null, flag, null
from ho_detect.image.sides import SIDES
from ho_detect.settings import DetectionSettings, Settings


def grade_hips(anatomy: Anatomy, judgement: Judgement, settings: Settings) -> tuple[Hip, ...]:
    """Say of each side, left first, what was found there; a side without a joint is not in view."""
    by_side = {h.joint.side: h.joint for h in anatomy.hips}
    return tuple(
        _grade(by_side[side], anatomy, judgement.lesions, judgement.excluded, settings)
        if side in by_side
        else Hip(side=side, status="not_in_view", reasons=(flag("hip_not_in_view"),))
        for side in SIDES
    )


def _grade(
    joint: HipJoint,
    anatomy: Anatomy,
    lesions: tuple[Lesion, ...],
    excluded: tuple[Excluded, ...],
    settings: Settings,
) -> Hip:
    mine = [x for x in lesions if x.side == joint.side]
    states = anatomy.joint_states
    state = states.get(joint.side, JointState())
    other = states.get("right" if joint.side == "left" else "left", JointState())
    known = Hip(
        side=joint.side,
        status=joint.status,
        center_lps_mm=joint.center_lps_mm,
        head_radius_mm=joint.head_radius_mm,
        residual_mm=joint.residual_mm,
        score=joint.score,
        coverage=joint.coverage,
        hidden_share=joint.hidden_share,
        head_hu_difference=_difference(state.head_mean_hu, other.head_mean_hu),
        neck_hu_difference=_difference(state.neck_mean_hu, other.neck_mean_hu),
        reasons=joint.reasons,
        **msgspec.structs.asdict(state),
    )
    if joint.status == "not_assessable" and not mine:
        return known
    undecided = [x for x in excluded if x.side == joint.side and x.reason in UNDECIDED]
    weighty = [x for x in undecided if x.volume_mm3 >= settings.judge.undecided_mm3 or x.bridging]
    doubts = tuple(flag("set_aside_undecided", reason) for reason in sorted({x.reason for x in weighty}))
    seen = joint.status == "partly_in_view" and (joint.coverage or 0.0) >= settings.judge.least_coverage
    whole = joint.status in ("assessed", "assessed_beside_metal") or seen
    # what metal hides is no more seen than what is out of view
    complete = whole and not weighty and 1.0 - joint.hidden_share >= settings.judge.least_coverage
    graded = whole and bool(mine or complete)
    bridging, on_bone = any(len(x.attached_to) == 2 for x in mine), any(x.attached_to for x in mine)
    gaps = [gap for x in mine if (gap := femur_pelvis_gap_mm(x)) is not None]
    # what metal hides may bridge
    at_most = "IV" if joint.hidden_share > 0.0 else _at_most(mine, weighty, settings.detection)
    said = msgspec.structs.replace(
        known,
        finding="present" if mine else "absent" if complete else "indeterminate",
        n_lesions=len(mine),
        muscle_volumes_mm3=_by_muscle(mine, anatomy),
        total_volume_mm3=round(sum(x.volume_mm3 for x in mine), 1),
        undecided_volume_mm3=round(sum(x.volume_mm3 for x in undecided), 1),
        total_volume_second_threshold_mm3=round(sum(x.volume_second_threshold_mm3 for x in mine), 1),
        sectors=tuple(sorted({x.sector for x in mine})),
        bridging=True if bridging else False if whole else None,
        min_gap_mm=min(gaps, default=None),
        brooker_ct_at_most=at_most if whole or bridging else None,
        grades_at_least=joint.hidden_share > 0.0,
        reasons=(*joint.reasons, *doubts),
        **{g.name: g.function(mine, settings.detection) for g in GRADES if graded or (bridging and g.of_a_bridge)},
    )
    return msgspec.structs.replace(said, not_said=tuple(_nulls(said, complete=graded, on_bone=on_bone)))


def _nulls(hip: Hip, *, complete: bool, on_bone: bool) -> Iterator[Null]:
    """Give each null of a hip in view its reason."""
    doubt = hip.reasons[0].code if hip.reasons else "fit_failed"
    hidden = hip.status in ("not_assessable", "assessed_beside_metal")
    no_type = "no_type_fits" if hip.n_lesions else "no_lesion"
    no_gap = "beyond_reach" if on_bone else "no_lesion_on_bone" if hip.n_lesions else "no_lesion"
    of_bone = doubt if hidden else "part_not_in_view"
    of_space = doubt if hidden else "roof_not_in_view" if hip.joint_space_resolved is None else "not_separable"
    why = {
        "residual_mm": doubt if hidden else "head_cut_by_view",
        "muscle_volumes_mm3": "no_muscle_masks",
        "bridging": doubt,
        "min_gap_mm": no_gap,
        **{g.name: no_type if complete else doubt for g in GRADES},
        "brooker_ct_at_most": doubt,
        "grades_at_least": doubt,
        "head_mean_hu": of_bone,
        "neck_mean_hu": of_bone,
        "head_hu_difference": of_bone if hip.head_mean_hu is None else "no_other_hip",
        "neck_hu_difference": of_bone if hip.neck_mean_hu is None else "no_other_hip",
        "joint_space_min_mm": of_space,
        "joint_space_mean_mm": of_space,
        "joint_space_resolved": of_space,
    }
    return (null(name, code) for name, code in why.items() if getattr(hip, name) is None)


def _by_muscle(lesions: list[Lesion], anatomy: Anatomy) -> tuple[MuscleVolume, ...] | None:
    known = [x.muscle_volumes_mm3 for x in lesions if x.muscle_volumes_mm3 is not None]
    return added_up(known) if known or has_muscles(anatomy.user_masks) else None


def _difference(here: float | None, there: float | None) -> float | None:
    return None if here is None or there is None else round(here - there, 1)


def _at_most(lesions: list[Lesion], undecided: list[Excluded], settings: DetectionSettings) -> str:
    """Return the Brooker class if all that is undecided were ossification.

    What is undecided and joined with bone may leave any gap: III at most where it does not bridge; what is free is an
    island.
    """
    classes = ["0", "I", "II", "III", "IV"]
    every = [brooker(lesions, settings)]
    every += ["IV" if x.bridging else "I" if x.height_mm is None else "III" for x in undecided]
    return max(every, key=classes.index)
