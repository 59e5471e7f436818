"""Lesions and joints to what is said of each hip."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ho_detect.anatomy.find import Anatomy
from ho_detect.anatomy.hip_joint import HipJoint
from ho_detect.anatomy.joint.joint_state import JointState
from ho_detect.detection.detect import Judgement
from ho_detect.detection.grade.hip import Brooker, DellaValle, Hip, Mavrogenis
from ho_detect.detection.judge.excluded import UNDECIDED, Excluded
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.flags import Null, flag, null
from ho_detect.image.sides import SIDES, Side
from ho_detect.settings import DetectionSettings


def grade_hips(anatomy: Anatomy, judgement: Judgement, settings: DetectionSettings) -> tuple[Hip, ...]:
    """Say of each side, left first, what was found there; a side without a joint is not in view."""
    by_side = {h.joint.side: h.joint for h in anatomy.hips}
    return tuple(
        _grade(by_side[side], anatomy.joint_states, judgement.lesions, judgement.excluded, settings)
        if side in by_side
        else Hip(side=side, status="not_in_view", reasons=(flag("hip_not_in_view"),))
        for side in SIDES
    )


def _grade(
    joint: HipJoint,
    states: dict[Side, JointState],
    lesions: tuple[Lesion, ...],
    excluded: tuple[Excluded, ...],
    settings: DetectionSettings,
) -> Hip:
    mine = [x for x in lesions if x.side == joint.side]
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
        head_hu_difference=_difference(state.head_mean_hu, other.head_mean_hu),
        neck_hu_difference=_difference(state.neck_mean_hu, other.neck_mean_hu),
        reasons=joint.reasons,
        **msgspec.structs.asdict(state),
    )
    if joint.status == "not_assessable" and not mine:
        return known
    undecided = sorted({x.reason for x in excluded if x.side == joint.side and x.reason in UNDECIDED})
    doubts = tuple(flag("set_aside_undecided", reason) for reason in undecided)
    whole = joint.status == "assessed"
    complete = whole and not undecided
    bridging = any(len(x.attached_to) == 2 for x in mine)
    gaps = [gap for x in mine if (gap := femur_pelvis_gap_mm(x)) is not None]
    said = msgspec.structs.replace(
        known,
        finding="present" if mine else "absent" if complete else "indeterminate",
        n_lesions=len(mine),
        total_volume_mm3=round(sum(x.volume_mm3 for x in mine), 1),
        total_volume_second_threshold_mm3=round(sum(x.volume_second_threshold_mm3 for x in mine), 1),
        sectors=tuple(sorted({x.sector for x in mine})),
        bridging=True if bridging else False if whole else None,
        min_gap_mm=min(gaps, default=None),
        brooker_ct=brooker(mine, settings) if complete or bridging else None,
        della_valle_ct=della_valle(mine, settings) if complete or bridging else None,
        mavrogenis=mavrogenis(mine) if complete else None,
        reasons=(*joint.reasons, *doubts),
    )
    return msgspec.structs.replace(said, not_said=tuple(_nulls(said, complete=complete)))


def _nulls(hip: Hip, *, complete: bool) -> Iterator[Null]:
    """Give each null of a hip in view its reason."""
    doubt = hip.reasons[0].code if hip.reasons else "fit_failed"
    hidden = hip.status == "not_assessable"
    no_type = "no_type_fits" if hip.n_lesions else "no_lesion"
    of_bone = doubt if hidden else "part_not_in_view"
    of_space = doubt if hidden else "roof_not_in_view" if hip.joint_space_resolved is None else "not_separable"
    why = {
        "residual_mm": doubt if hidden else "head_cut_by_view",
        "bridging": doubt,
        "min_gap_mm": "beyond_reach" if hip.n_lesions else "no_lesion",
        "brooker_ct": doubt,
        "della_valle_ct": doubt,
        "mavrogenis": no_type if complete else doubt,
        "head_mean_hu": of_bone,
        "neck_mean_hu": of_bone,
        "head_hu_difference": of_bone if hip.head_mean_hu is None else "no_other_hip",
        "neck_hu_difference": of_bone if hip.neck_mean_hu is None else "no_other_hip",
        "joint_space_min_mm": of_space,
        "joint_space_mean_mm": of_space,
        "joint_space_resolved": of_space,
    }
    return (null(name, code) for name, code in why.items() if getattr(hip, name) is None)


def _difference(here: float | None, there: float | None) -> float | None:
    return None if here is None or there is None else round(here - there, 1)


def femur_pelvis_gap_mm(lesion: Lesion) -> float | None:
    """What a lesion leaves open between femur and pelvis, mm: the sum of its distances to both.

    0 for a bridge; for a spur the distance from its tip to the opposing bone, or to what has grown from there towards
    it where that is nearer. None where neither was measured.
    """
    across = None
    if lesion.gap_femur_mm is not None and lesion.gap_pelvis_mm is not None:
        across = round(lesion.gap_femur_mm + lesion.gap_pelvis_mm, 2)
    return min((gap for gap in (across, lesion.gap_opposing_mm) if gap is not None), default=None)


def brooker(lesions: list[Lesion], settings: DetectionSettings) -> Brooker:
    """Return the CT-derived Brooker class.

    Brooker et al. 1973 as in the clinical reference: I islands, II spurs with at least 1 cm between opposing bone
    surfaces, III less than 1 cm, IV apparent ankylosis, read as a bridge.
    """
    if not lesions:
        return "0"
    if any(len(x.attached_to) == 2 for x in lesions):
        return "IV"
    spurs = [x for x in lesions if x.attached_to]
    if not spurs:
        return "I"
    return "III" if _shortest(spurs) < settings.short_gap_mm else "II"


def della_valle(lesions: list[Lesion], settings: DetectionSettings) -> DellaValle:
    """Return the CT-derived Della Valle class.

    A: none, or islands below 1 cm; B: larger islands, or spurs that leave at least 1 cm; C: spurs that leave less, or
    ankylosis. (Della Valle et al. 2002.)
    """
    spurs = [x for x in lesions if x.attached_to]
    if spurs and _shortest(spurs) < settings.short_gap_mm:
        return "C"
    return "B" if spurs or any(x.max_diameter_mm >= settings.short_gap_mm for x in lesions) else "A"


def mavrogenis(lesions: list[Lesion]) -> Mavrogenis | None:
    """Return the CT-derived Mavrogenis type (10.1007/s10195-012-0193-z), None where no type fits.

    1 anterior, 2 posterior, 3 anteromedial, 4 circumferential (read as three sectors or more, or front and back).
    """
    sectors = {x.sector for x in lesions}
    if len(sectors) >= 3 or {"anterior", "posterior"} <= sectors:
        return "4"
    if sectors == {"anterior", "medial"}:
        return "3"
    if sectors == {"anterior"}:
        return "1"
    return "2" if sectors == {"posterior"} else None


def _shortest(spurs: list[Lesion]) -> float:
    """Shortest gap left by spurs; one not measured lies beyond the field, so it is long."""
    gaps = [gap for x in spurs if (gap := femur_pelvis_gap_mm(x)) is not None]
    return min(gaps, default=float("inf"))
