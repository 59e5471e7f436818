"""Findings in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.grade.systems import GRADES
from ho_detect.detection.judge.excluded import EXCLUSIONS, Excluded
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.results.record import FindingsRecord


def record_sentences(record: FindingsRecord) -> Iterator[str]:
    """Say what was found at each hip, then of each lesion, then what qualifies it."""
    yield from map(hip_sentence, record.hips)
    yield from map(lesion_sentence, record.lesions)
    if record.excluded:
        yield excluded_sentence(record.excluded)
    yield from (f"Note: {f.message}." for f in record.flags)


def hip_sentence(hip: Hip) -> str:
    """Say what was found at one hip, the finding first."""
    return f"{hip.side.capitalize()} hip: {_hip_words(hip)}."


def _hip_words(hip: Hip) -> str:
    reasons = "; ".join(r.message for r in hip.reasons)
    if hip.status == "not_in_view":
        return "not in view"
    hidden = "not assessable" + (f" ({reasons})" if reasons else "")
    if hip.status == "not_assessable" and hip.finding != "present":
        return hidden
    part = {"partly_in_view": ", partly in view", "not_assessable": f", the rest {hidden}"}.get(hip.status, "")
    if hip.finding == "present":
        return "; ".join([f"ossification present{part}, {_amount(hip)}", *_extent(hip), *_joint_space(hip)])
    if hip.finding == "absent":
        return "; ".join([f"no ossification found{' in the part that is in view' if part else ''}", *_joint_space(hip)])
    return "; ".join([f"indeterminate{part}" + (f" ({reasons})" if reasons else ""), *_joint_space(hip)])


def _amount(hip: Hip) -> str:
    n = hip.n_lesions
    lesions = "" if n is None else f"{n} lesion{'' if n == 1 else 's'}"
    volume = "" if hip.total_volume_mm3 is None else millilitres(hip.total_volume_mm3)
    return ", ".join(w for w in (lesions, volume, " and ".join(hip.sectors)) if w)


def _extent(hip: Hip) -> list[str]:
    words = []
    if hip.bridging:
        words.append("bridges femur and pelvis")
    elif hip.min_gap_mm is not None:
        words.append(f"smallest gap {hip.min_gap_mm:.0f} mm")
    given = ((grade.label, getattr(hip, grade.name)) for grade in GRADES)
    grades = [f"{label} {value}" for label, value in given if value is not None]
    if grades:
        words.append(", ".join(grades) + " (from CT)")
    return words


def _joint_space(hip: Hip) -> list[str]:
    if hip.joint_space_resolved is None:
        return []
    if hip.joint_space_mean_mm is None:
        return ["joint space not separable"]
    least = "not separable" if hip.joint_space_min_mm is None else f"{hip.joint_space_min_mm:.1f} mm"
    return [f"joint space {hip.joint_space_mean_mm:.1f} mm, narrowest {least}"]


#: Muscle groups in words.
MUSCLES: dict[str, str] = {
    "iliopsoas_rectus_femoris": "iliopsoas or rectus femoris",
    "gluteus_medius_minimus": "gluteus medius or minimus",
    "gluteus_maximus": "gluteus maximus",
    "external_rotators": "external rotators",
    "adductors_obturators": "adductors or obturators",
    "hamstrings": "hamstrings",
    "vasti": "vasti",
}


def lesion_sentence(lesion: Lesion) -> str:
    """Say where one lesion is, how large, how dense, and what it touches."""
    contact = "attached to " + " and ".join(lesion.attached_to) if lesion.attached_to else "free in soft tissue"
    words = [
        f"{lesion.side}, {lesion.sector}",
        *([f"about the {MUSCLES[lesion.muscle_region]}"] if lesion.muscle_region else []),
        f"{millilitres(lesion.volume_mm3)}, {lesion.max_diameter_mm:.0f} mm long",
        f"axial {lesion.axial_long_mm:.0f} x {lesion.axial_short_mm:.0f} mm",
        f"mean {lesion.mean_hu:.0f} HU",
        *([lesion.maturity] if lesion.maturity else []),
        contact,
        *(["cut at the zone around metal"] if lesion.cut_at_metal_zone else []),
        *(["denser inside than at its rim: for a reader to look at"] if lesion.atypical_pattern else []),
    ]
    return f"Lesion {lesion.id}: " + ", ".join(words) + "."


def excluded_sentence(excluded: Iterable[Excluded]) -> str:
    """Count what was set aside, by reason; empty when nothing was."""
    counts = Counter(e.reason for e in excluded)
    if not counts:
        return ""
    said = "; ".join(f"{n} x {EXCLUSIONS.get(reason, reason)}" for reason, n in sorted(counts.items()))
    return f"Set aside: {said}."


def millilitres(volume_mm3: float) -> str:
    """Write a volume in mL, with the digits it deserves.

    >>> millilitres(84.2), millilitres(3520), millilitres(41260)
    ('0.08 mL', '3.5 mL', '41 mL')
    """
    ml = volume_mm3 / 1000
    digits = 2 if ml < 1 else 1 if ml < 10 else 0
    return f"{ml:.{digits}f} mL"
