"""Candidates to what is kept and what is set aside, each with its reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from ho_detect.anatomy.hip_joint import Point, Side
from ho_detect.detection.evidence import Evidence
from ho_detect.settings import MimicSettings

#: Why something dense was set aside.
EXCLUSIONS: dict[str, str] = {
    "outside_body": "outside of the body: table, hand, object",
    "near_metal": "within the zone around metal that is not assessable",
    "too_small": "smaller or thinner than the smallest lesion reported",
    "out_of_reach": "farther from the joint than the stated reach",
    "other_side": "belongs to the other side, whose hip is not in view",
    "native_bone": "native bone: sacrum, spine, or the build of native bone",
    "osteophyte": "broad-based bone at the joint margin: osteophyte or enthesophyte",
    "native_unsure": "joined with bone that the fitted shape does not explain: cannot be told from native bone",
    "cut_native_bone": "joined with bone and cut by the edge of the field of view: cannot be told from native bone",
    "contrast": "as uniform as fluid: contrast medium in a vessel, the bladder or the bowel",
    "vessel_calcium": "thin or hollow calcium like that of an arterial wall",
    "pelvic_cavity": "inside the pelvic cavity, away from its wall: phlebolith, bowel or bladder content",
    "subcutaneous": "in subcutaneous fat, not in muscle: injection granuloma or skin calcification",
    "beside_joint": "small ossicle at the joint line: osteophyte, os acetabuli or fragment, cannot be told apart",
}
#: What was set aside without knowing that it is no ossification: the hip is not free of it.
UNDECIDED: frozenset[str] = frozenset({"near_metal", "native_unsure", "cut_native_bone", "beside_joint"})


class Excluded(msgspec.Struct, frozen=True, kw_only=True):
    """One dense thing that was seen and set aside."""

    reason: Annotated[str, Meta(description="Code, see EXCLUSIONS")]
    message: str
    side: Side | None
    volume_mm3: float
    centroid_lps_mm: Point
    max_hu: float


Rule = Callable[[Evidence, MimicSettings, float], bool]


def reason_to_set_aside(evidence: Evidence, settings: MimicSettings, noise_hu: float) -> str | None:
    """Return the first exclusion that holds, or None for ossification.

    Parameters
    ----------
    noise_hu
        Standard deviation of smoothed muscle: what uniform fluid shows at most twice of.
    """
    for reason, rule in _RULES:
        if rule(evidence, settings, noise_hu):
            return reason
    return None


def _too_small(e: Evidence, s: MimicSettings, _: float) -> bool:
    return e.volume_mm3 < s.min_volume_mm3 or (not e.joined and e.thickness_mm < s.min_thickness_mm)


def _stands_on_bone(e: Evidence) -> bool:
    return e.joined and e.foot_mm2 > 0 and e.reach_mm is not None


def _broad_based(e: Evidence, s: MimicSettings, _: float) -> bool:
    """Bone that hardly stands out of the native surface for the area it stands on: fit error, crest, tubercle."""
    if not _stands_on_bone(e) or e.reach_mm is None:
        return False
    slender = e.slenderness >= s.min_slenderness and e.reach_mm >= s.min_reach_mm
    massive = e.volume_mm3 >= s.massive_mm3 and e.reach_mm >= s.massive_reach_mm
    return not (slender or massive)


def _osteophyte(e: Evidence, s: MimicSettings, noise_hu: float) -> bool:
    return (
        _broad_based(e, s, noise_hu)
        and e.reach_mm is not None
        and e.reach_mm >= s.osteophyte_reach_mm
        and e.head_distance_mm <= s.joint_margin_mm
    )


def _uniform(e: Evidence, s: MimicSettings, noise_hu: float) -> bool:
    return e.interior_sd_hu is not None and e.interior_sd_hu < s.uniform_noise * noise_hu


def _contrast(e: Evidence, s: MimicSettings, noise_hu: float) -> bool:
    tube = e.length_mm >= s.tube_length_mm and e.volume_mm3 / e.length_mm < s.tube_area_mm2
    faint = e.mean_hu < s.contrast_hu
    organ = e.central > 0.5 or (e.cavity > 0.4 and ((e.reach_mm or 0.0) > s.cavity_reach_mm or e.at_border > 0.15))
    place = organ or (e.arterial > 0.6 and e.at_border > 0.15)
    long = e.length_mm >= 2 * s.tube_length_mm
    return (tube and e.arterial > 0.6 and (not e.touching or long or _uniform(e, s, noise_hu))) or (
        faint and place and _uniform(e, s, noise_hu)
    )


def _vessel_calcium(e: Evidence, s: MimicSettings, _: float) -> bool:
    """Thin or curved like part of a tube's wall where arteries run; both, anywhere."""
    thin = e.thickness_mm < s.plaque_mm
    wall = e.volume_mm3 < s.plaque_mm3 and e.solidity < s.plaque_solidity
    return not e.joined and ((e.arterial > 0.6 and (thin or wall)) or (thin and wall))


def _streak(e: Evidence, s: MimicSettings, _: float) -> bool:
    return e.metal_mm is not None and e.metal_mm < s.streak_reach_mm and e.max_hu < s.streak_hu


def _pelvic_cavity(e: Evidence, s: MimicSettings, _: float) -> bool:
    far = e.gap_mm is None or e.gap_mm > s.wall_gap_mm or (e.reach_mm or 0.0) > s.cavity_reach_mm
    return e.cavity > 0.5 and not e.touching and (far or e.volume_mm3 < s.phlebolith_mm3)


_RULES: tuple[tuple[str, Rule], ...] = (
    ("outside_body", lambda e, _s, _n: e.body < 0.5),
    ("near_metal", lambda e, _s, _n: e.near_metal > 0.2),
    ("near_metal", _streak),
    ("too_small", _too_small),
    ("out_of_reach", lambda e, s, _n: e.head_distance_mm > s.reach_mm),
    ("other_side", lambda e, s, _n: e.across > (0.5 if e.volume_mm3 < s.massive_mm3 else 0.2)),
    ("native_bone", lambda e, _s, _n: e.spine > 0.5 and e.touching != ("femur", "pelvis")),
    ("native_bone", lambda e, _s, _n: e.shaft > 0.5),
    ("contrast", _contrast),
    ("osteophyte", _osteophyte),
    ("native_bone", _broad_based),
    ("native_unsure", lambda e, s, _n: e.joined and (not e.reliable_fit or e.volume_mm3 > s.largest_mm3)),
    ("cut_native_bone", lambda e, _s, _n: e.at_border > 0.25),
    ("vessel_calcium", _vessel_calcium),
    ("pelvic_cavity", _pelvic_cavity),
    ("subcutaneous", lambda e, _s, _n: not e.touching and e.deep < 0.5 and e.fat > 0.5),
    (
        "beside_joint",
        lambda e, s, _n: not e.joined and e.head_distance_mm < s.ossicle_margin_mm and e.volume_mm3 < s.ossicle_mm3,
    ),
)


def exclude(evidence: Evidence, reason: str, centroid_lps_mm: Point) -> Excluded:
    """Return the record of what was set aside."""
    return Excluded(
        reason=reason,
        message=EXCLUSIONS[reason],
        side=evidence.side,
        volume_mm3=round(evidence.volume_mm3, 1),
        centroid_lps_mm=centroid_lps_mm,
        max_hu=round(evidence.max_hu, 1),
    )
