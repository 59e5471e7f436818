"""Findings in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.grade.systems import GRADES
from ho_detect.detection.judge.excluded import EXCLUSIONS, GROUPS, Excluded, group_of
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.results.record import FindingsRecord


def record_sentences(record: FindingsRecord) -> Iterator[str]:
    """Say what was found at each hip, of each lesion, of what is not counted, then what qualifies it."""
    yield from map(hip_sentence, record.hips)
    yield from map(lesion_sentence, record.lesions)
    yield from excluded_sentences(record.excluded)
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
        found = [f"ossification present{part}, {_amount(hip)}", *_undecided(hip), *_extent(hip)]
    elif hip.finding == "absent":
        found = [f"no ossification found{' in the part that is in view' if part else ''}", *_undecided(hip)]
    else:
        found = [f"indeterminate{part}" + (f" ({reasons})" if reasons else ""), *_undecided(hip), *_grades(hip)]
    return "; ".join([*found, *_joint_space(hip)])


def _amount(hip: Hip) -> str:
    n = hip.n_lesions
    lesions = "" if n is None else f"{n} lesion{'' if n == 1 else 's'}"
    volume = "" if hip.total_volume_mm3 is None else millilitres(hip.total_volume_mm3)
    return ", ".join(w for w in (lesions, volume, " and ".join(hip.sectors)) if w)


def _undecided(hip: Hip) -> list[str]:
    """Say the volume that may be ossification and is not counted, where there is any."""
    return [f"{millilitres(hip.undecided_volume_mm3)} undecided, not counted"] if hip.undecided_volume_mm3 else []


def _extent(hip: Hip) -> list[str]:
    words = []
    if hip.bridging:
        words.append("bridges femur and pelvis")
    elif hip.min_gap_mm is not None:
        words.append(f"minimum femur–pelvis gap {hip.min_gap_mm:.0f} mm")
    return words + _grades(hip)


def _grades(hip: Hip) -> list[str]:
    """Say the grades, and what they are at most where something undecided could change them."""
    said = []
    for grade in GRADES:
        value, most = getattr(hip, grade.name), getattr(hip, f"{grade.name}_at_most", None)
        at_most = [f"at most {most} with what is undecided"] if most is not None and most != value else []
        if value is not None or at_most:
            said.append(f"{grade.label} " + ", ".join([*([value] if value is not None else []), *at_most]))
    return [", ".join(said) + " (from CT)"] if said else []


def _joint_space(hip: Hip) -> list[str]:
    if hip.joint_space_resolved is None:
        return []
    if hip.joint_space_mean_mm is None:
        return ["joint space not measurable"]
    least = "not measurable" if hip.joint_space_min_mm is None else f"{hip.joint_space_min_mm:.1f} mm"
    return [f"joint space {hip.joint_space_mean_mm:.1f} mm, minimum {least}"]


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
        f"{millilitres(lesion.volume_mm3)}, maximum diameter {lesion.max_diameter_mm:.0f} mm",
        f"axial {lesion.axial_long_mm:.0f} x {lesion.axial_short_mm:.0f} mm",
        f"mean {lesion.mean_hu:.0f} HU",
        *([lesion.maturity] if lesion.maturity else []),
        contact,
        *(["cut at the zone around metal"] if lesion.cut_at_metal_zone else []),
        *(["denser inside than at its rim: for a reader to look at"] if lesion.atypical_pattern else []),
    ]
    if lesion.confidence is not None:
        words.append(f"probability of ossification {probability_words(lesion.confidence)}")
    return f"Lesion {lesion.id}: " + ", ".join(words) + "."


def excluded_sentences(excluded: Iterable[Excluded]) -> Iterator[str]:
    """Say each thing that is undecided, each bony outgrowth beside the joint, and how many others are not counted."""
    things = sorted(excluded, key=lambda e: (GROUPS.index(group_of(e.reason)), -e.volume_mm3))
    told = [e for e in things if group_of(e.reason) in _GROUP_WORDS]
    yield from (f"{_GROUP_WORDS[group_of(e.reason)]}: {_excluded_words(e)}." for e in told)
    counts = Counter(e.reason for e in things if e not in told)
    if counts:
        said = "; ".join(f"{n} x {EXCLUSIONS.get(reason, reason)}" for reason, n in counts.items())
        yield f"Detected, not counted: {said}."


_GROUP_WORDS = {
    "reader": "Dropped by a reader",
    "undecided": "Undecided, not counted",
    "outgrowth": "Bony outgrowth beside the joint, not counted",
}


def _excluded_words(thing: Excluded) -> str:
    size = [
        *([thing.side] if thing.side else []),
        millilitres(thing.volume_mm3),
        *([f"height {thing.height_mm:.0f} mm"] if thing.height_mm is not None else []),
        *([f"base {thing.base_mm:.0f} mm"] if thing.base_mm is not None else []),
    ]
    because = f" ({thing.because})" if thing.because else ""
    given = "" if thing.probability is None else f"; probability of ossification {probability_words(thing.probability)}"
    return f"{', '.join(size)}; {thing.message}{because}{given}"


def probability_words(probability: float | None) -> str:
    """Write a probability with two digits, and never as certain; what was not judged is so by definition.

    >>> probability_words(0.034), probability_words(0.0004), probability_words(0.998), probability_words(None)
    ('0.03', '<0.01', '>0.99', 'by definition')
    """
    if probability is None:
        return "by definition"
    if probability < 0.01:
        return "<0.01"
    return ">0.99" if probability > 0.99 else f"{probability:.2f}"


def millilitres(volume_mm3: float) -> str:
    """Write a volume in mL, with the digits it deserves.

    >>> millilitres(84.2), millilitres(3520), millilitres(41260)
    ('0.08 mL', '3.5 mL', '41 mL')
    """
    ml = volume_mm3 / 1000
    digits = 2 if ml < 1 else 1 if ml < 10 else 0
    return f"{ml:.{digits}f} mL"
