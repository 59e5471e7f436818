"""One lesion in words: where it is, how large, how dense, and what it touches."""

from __future__ import annotations

from collections.abc import Sequence

from ho_detect.detection.measure.lesion import Lesion

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


def muscle_words(mask: str) -> str:
    """Name a muscle by the name of its mask.

    >>> muscle_words("gluteus_maximus_left"), muscle_words("none")
    ('left gluteus maximus', 'in none')
    """
    name, _, side = mask.rpartition("_")
    return f"{side} {name.replace('_', ' ')}" if name else f"in {mask}"


def lesion_sentence(lesion: Lesion) -> str:
    """Say where one lesion is, how large, how dense, and what it touches."""
    words = [
        f"{lesion.side}, {where_words(lesion)}",
        f"{millilitres(lesion.volume_mm3)}, maximum diameter {lesion.max_diameter_mm:.0f} mm",
        f"mean {lesion.mean_hu:.0f} HU",
        *([f"{lesion.maturity} by rim density"] if lesion.maturity else []),
        contact_words(lesion),
        *(["cut at the zone around metal: the least there is"] if lesion.cut_at_metal_zone else []),
        *(["denser inside than at its rim: for a reader to look at"] if lesion.atypical_pattern else []),
    ]
    if lesion.confidence is not None:
        words.append(f"probability of ossification {probability_words(lesion.confidence)}")
    return f"Lesion {lesion.id}: " + ", ".join(words) + "."


def list_words(words: Sequence[str]) -> str:
    """Write words as a list.

    >>> list_words(["femur"]), list_words(("femur", "pelvis")), list_words(["a", "b", "c"])
    ('femur', 'femur and pelvis', 'a, b and c')
    """
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last


def where_words(lesion: Lesion) -> str:
    """Say sector and muscle group."""
    return lesion.sector + (f", about the {MUSCLES[lesion.muscle_region]}" if lesion.muscle_region else "")


def contact_words(lesion: Lesion) -> str:
    """Say what it is attached to, and the gap to the other bone; of a free lesion the gap to the nearer bone alone."""
    gaps = {"femur": lesion.gap_femur_mm, "pelvis": lesion.gap_pelvis_mm}
    open_gaps = {bone: mm for bone, mm in gaps.items() if mm is not None and bone not in lesion.attached_to}
    nearest = min(open_gaps, key=lambda bone: open_gaps[bone], default=None)
    gap = "" if nearest is None else f", gap to the {nearest} {open_gaps[nearest]:.0f} mm"
    if lesion.attached_to:
        return "attached to " + " and ".join(lesion.attached_to) + gap
    return "free in soft tissue" + gap


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

    >>> millilitres(84.2), millilitres(3520), millilitres(41260), millilitres(2.0)
    ('0.08 mL', '3.5 mL', '41 mL', '<0.01 mL')
    """
    ml = volume_mm3 / 1000
    if 0 < ml < 0.005:
        return "<0.01 mL"
    digits = 0 if ml == 0 else 2 if ml < 1 else 1 if ml < 10 else 0
    return f"{ml:.{digits}f} mL"
