"""Candidates to what is kept and what is set aside, each with its reason."""

from __future__ import annotations

from collections.abc import Callable

from ho_detect.detection.evidence import Evidence
from ho_detect.detection.judge.excluded import EXCLUSIONS, Excluded
from ho_detect.detection.judge.mimic_settings import MimicSettings
from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import Side

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
        # a thick slice blurs the end of a bone into the next: joined with it, but not on its surface
        return e.joined and e.reach_mm is not None and e.reach_mm < s.blurred_mm
    least_mm = s.joint_reach_mm if e.head_distance_mm <= s.joint_margin_mm else s.min_reach_mm
    slender = e.slenderness >= s.min_slenderness and e.reach_mm >= least_mm
    slender |= e.slenderness >= s.tall_slenderness and e.reach_mm >= s.tall_reach_mm
    far_mm = s.bridge_reach_mm if e.touching == ("femur", "pelvis") else s.massive_reach_mm
    massive = e.volume_mm3 >= s.massive_mm3 and e.reach_mm >= far_mm
    return not (slender or massive or _stout(e, s) or _sheet(e, s, least_mm) or _faint_bridge(e, s) or _on_cortex(e, s))


def _stout(e: Evidence, s: MimicSettings) -> bool:
    """As wide as tall, and thick: crests, tubercles and osteophytes are lower, or thinner."""
    thick = e.thickness_mm >= s.stout_mm and e.solidity >= s.stout_solidity
    least_mm = s.joint_reach_mm if e.head_distance_mm <= s.joint_margin_mm else s.stout_reach_mm
    return thick and e.slenderness >= s.stout_slenderness and (e.reach_mm or 0.0) >= least_mm


def _sheet(e: Evidence, s: MimicSettings, least_mm: float) -> bool:
    """Large bone fainter than what it covers: the cortex beneath is whole, or much denser.

    Native bone that the fit missed is as dense as what lies beneath it, or denser: there lies marrow.
    """
    if e.beneath_hu is None or e.volume_mm3 < s.sheet_mm3 or (e.reach_mm or 0.0) < least_mm:
        return False
    whole = "femur" in e.touching and e.beneath_hu >= s.whole_cortex_hu
    return e.mean_hu <= (s.whole_share if whole else s.sheet_share) * e.beneath_hu


def _faint_bridge(e: Evidence, s: MimicSettings) -> bool:
    """Bone between femur and pelvis, fainter than both: osteophytes of either are as dense as what they grow on."""
    both = e.touching == ("femur", "pelvis") and (e.reach_mm or 0.0) >= s.joint_reach_mm
    faint = e.beneath_hu is not None and e.mean_hu <= s.bridge_share * e.beneath_hu
    return both and faint and e.volume_mm3 >= s.bridge_mm3


def _on_cortex(e: Evidence, s: MimicSettings) -> bool:
    """Faint bone on the dense cortex of a shaft: grown on it, however broad its foot.

    Native bone is densest outside.
    """
    cortex = e.beneath_hu is not None and e.beneath_hu >= s.cortex_hu and e.mean_hu <= s.faint_share * e.beneath_hu
    tall = e.reach_mm is not None and e.reach_mm >= s.faint_reach_mm and e.volume_mm3 >= s.faint_mm3
    return cortex and tall and e.head_distance_mm >= s.shaft_mm


def may_continue(e: Evidence, reason: str, s: MimicSettings) -> bool:
    """Whether broad-based bone may be the low end of a lesion beside it: large, tall, no denser than its ground."""
    if reason not in ("osteophyte", "native_bone") or not _stands_on_bone(e) or e.spine > 0.5:
        return False
    tall = (e.reach_mm or 0.0) >= s.continued_reach_mm and e.volume_mm3 >= s.continued_mm3
    return tall and e.beneath_hu is not None and e.mean_hu <= e.beneath_hu


def _native_process(e: Evidence, s: MimicSettings, _: float) -> bool:
    """The ischial spine with the ligament that inserts there: longer in many people than any model has it."""
    small = e.volume_mm3 < s.massive_mm3 and "femur" not in e.touching
    small &= e.volume_mm3 < s.spine_mm3 or e.solidity < s.stout_solidity
    return e.joined and small and e.ischial_spine_mm < s.spine_margin_mm and e.slenderness < s.spine_slenderness


def _osteophyte(e: Evidence, s: MimicSettings, noise_hu: float) -> bool:
    return (
        _broad_based(e, s, noise_hu)
        and e.reach_mm is not None
        and e.reach_mm >= s.osteophyte_reach_mm
        and e.head_distance_mm <= s.joint_margin_mm
    )


def _uniform(e: Evidence, s: MimicSettings, noise_hu: float) -> bool:
    return e.interior_sd_hu is not None and e.interior_sd_hu < s.uniform_noise * noise_hu


def is_vessel(e: Evidence, s: MimicSettings) -> bool:
    """A long thin tube where the iliac and femoral vessels run, or from there into the pelvic cavity."""
    course = e.arterial > 0.6 or (e.arterial > 0.3 and e.arterial + e.cavity > 0.7)
    return e.length_mm >= s.tube_length_mm and e.volume_mm3 / e.length_mm < s.tube_area_mm2 and course


def _contrast(e: Evidence, s: MimicSettings, noise_hu: float) -> bool:
    faint = e.mean_hu < s.contrast_hu
    # what stands on bone at the side of the cavity may be grown there; bladder and bowel do not touch the femur
    organ = e.central > (0.7 if e.touching else 0.5) or (
        e.cavity > 0.4 and ((e.reach_mm or 0.0) > s.cavity_reach_mm or e.at_border > 0.15)
    )
    place = organ or (e.arterial > 0.6 and e.at_border > 0.15)
    long = e.length_mm >= 2 * s.tube_length_mm
    return (is_vessel(e, s) and (not e.touching or long or _uniform(e, s, noise_hu))) or (
        faint and place and "femur" not in e.touching and _uniform(e, s, noise_hu)
    )


def _vessel_calcium(e: Evidence, s: MimicSettings, _: float) -> bool:
    """Thin or curved like part of a tube's wall where arteries run; both, anywhere; or a speck in fat, as theirs is."""
    thin = e.thickness_mm < s.plaque_mm
    wall = e.volume_mm3 < s.plaque_mm3 and e.solidity < s.plaque_solidity
    wall |= e.arterial > 0.9 and e.volume_mm3 < s.ring_mm3 and e.solidity < s.ring_solidity
    wall |= e.arterial > 0.9 and e.volume_mm3 < s.massive_mm3 and e.solidity < 0.5 * s.plaque_solidity
    speck = e.volume_mm3 < s.speck_mm3 and e.thickness_mm < s.vessel_radius_mm and e.fat > s.speck_fat
    speck &= e.deep > 0.5 and e.cavity < 0.5
    return not e.joined and (speck or (e.arterial > 0.6 and (thin or wall)) or (thin and wall))


def _spine(e: Evidence, s: MimicSettings, _: float) -> bool:
    """Where spine and sacrum are, and not all within muscle: the piriformis begins there."""
    in_muscle = not e.joined and e.muscle > s.spine_muscle and e.at_border <= s.cut_share
    return e.spine > (0.7 if e.touching == ("femur", "pelvis") else 0.5) and not in_muscle


def _shell(e: Evidence, s: MimicSettings, _: float) -> bool:
    """Beyond a cleft, with no cortex beneath: rather the cortex itself, left outside by the fit, over marrow."""
    low = e.cleft and e.reach_mm is not None and e.reach_mm < s.massive_reach_mm
    return low and e.beneath_hu is not None and e.beneath_hu < s.marrow_share * e.mean_hu


def in_metal_zone(e: Evidence, s: MimicSettings, _: float = 0.0) -> bool:
    """Too much of it lies in the zone around metal for the whole of it to be judged."""
    return e.near_metal > s.zone_share


def _streak(e: Evidence, s: MimicSettings, _: float) -> bool:
    """Faint and not compact, or a strand that is faint but for the bone that it runs over, or a flat or frayed one."""
    compact = e.thickness_mm >= s.compact_mm and e.solidity >= s.compact_solidity
    strand = e.thickness_mm < s.strand_mm and e.mean_hu < s.strand_hu
    flat = e.length_mm < s.frayed_mm and e.volume_mm3 > e.length_mm**3
    strand |= e.thickness_mm < s.frayed_mm and (flat or e.solidity < s.frayed_solidity)
    return (
        e.metal_mm is not None
        and e.metal_mm < s.streak_reach_mm
        and ((e.max_hu < s.streak_hu and not compact) or strand)
    )


def _cut(e: Evidence, s: MimicSettings, noise_hu: float) -> bool:
    """Cut by the edge of the view, where bone, vessels and bowel enter it, and not plainly something else.

    What lies free in muscle, off the native surfaces or seen to be parted from them, is none of them if it lies off the
    places of vessels and bowel or is denser than contrast medium in places and not uniform; bone that stands out far
    for its foot is no native bone that the fit has missed, cut or not.
    """
    if e.at_border <= s.cut_share:
        return False
    elsewhere = e.cavity < 0.3 and e.arterial < 0.5
    bony = e.max_hu > s.contrast_hu and e.thickness_mm > s.vessel_radius_mm and not _uniform(e, s, noise_hu)
    in_muscle = not e.joined and e.muscle > s.cut_muscle and (elsewhere or bony)
    clear_of_bone = e.cleft or e.gap_mm is None or e.gap_mm > s.cut_gap_mm
    slender = e.slenderness >= s.cut_slenderness and (e.reach_mm or 0.0) >= s.cut_reach_mm
    stands_out = _stands_on_bone(e) and (slender or (e.inner_reach_mm or 0.0) >= s.cut_reach_mm)
    return not ((in_muscle and clear_of_bone) or stands_out)


def _pelvic_cavity(e: Evidence, s: MimicSettings, _: float) -> bool:
    far = e.gap_mm is None or e.gap_mm > s.wall_gap_mm or (e.reach_mm or 0.0) > s.cavity_reach_mm
    return e.cavity > 0.5 and not e.touching and (far or e.volume_mm3 < s.phlebolith_mm3)


def _subcutaneous(e: Evidence, s: MimicSettings, _: float) -> bool:
    """In fat: beneath the skin, wherever no muscle is near, or as small as a granuloma at the fascia."""
    beneath = e.deep < 0.5 and e.fat > 0.5
    small = not e.joined and e.volume_mm3 < s.granuloma_mm3 and e.fat > s.granuloma_fat
    return not e.touching and (beneath or small or (e.fat > s.fat_share and e.muscle < s.no_muscle))


_RULES: tuple[tuple[str, Rule], ...] = (
    ("outside_body", lambda e, _s, _n: e.body < 0.5),
    ("near_metal", in_metal_zone),
    ("near_metal", _streak),
    ("too_small", _too_small),
    ("out_of_reach", lambda e, s, _n: e.head_distance_mm > (s.reach_mm if e.joined else s.free_reach_mm)),
    ("other_side", lambda e, s, _n: e.across > (0.5 if e.volume_mm3 < s.massive_mm3 else 0.2)),
    ("native_bone", _spine),
    ("native_bone", lambda e, _s, _n: e.other_bone > 0.5 and e.touching != ("femur", "pelvis")),
    ("native_bone", lambda e, _s, _n: e.shaft > 0.5),
    ("given_organ", lambda e, _s, _n: e.organ > 0.5),
    ("contrast", _contrast),
    ("osteophyte", _osteophyte),
    ("native_bone", _broad_based),
    ("native_bone", _native_process),
    ("native_unsure", _shell),
    ("native_unsure", lambda e, s, _n: e.joined and (not e.reliable_fit or e.volume_mm3 > s.largest_mm3)),
    ("cut_native_bone", _cut),
    ("vessel_calcium", _vessel_calcium),
    ("pelvic_cavity", _pelvic_cavity),
    ("subcutaneous", _subcutaneous),
    (
        "beside_joint",
        lambda e, s, _n: not e.joined and e.head_distance_mm < s.ossicle_margin_mm and e.volume_mm3 < s.ossicle_mm3,
    ),
)


def exclude(reason: str, side: Side, volume_mm3: float, centroid_lps_mm: FloatArray, max_hu: float) -> Excluded:
    """Return the record of what was set aside."""
    x, y, z = (round(float(v), 2) for v in centroid_lps_mm)
    return Excluded(
        reason=reason,
        message=EXCLUSIONS[reason],
        side=side,
        volume_mm3=round(volume_mm3, 1),
        centroid_lps_mm=(x, y, z),
        max_hu=round(max_hu, 1),
    )
