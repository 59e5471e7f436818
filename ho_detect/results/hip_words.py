"""One hip in a sentence: the answer first, then how much, how mature, how large, where, and what qualifies it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ho_detect.anatomy.metal.record import MetalRecord, PartKind
from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.grade.systems import GRADES
from ho_detect.detection.judge.excluded import EXCLUSIONS
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.flags import Flag
from ho_detect.image.sides import Side
from ho_detect.results.lesion_words import contact_words, list_words, millilitres, where_words


def hip_sentence(hip: Hip, lesions: Sequence[Lesion]) -> str:
    """Say what was found at one hip.

    Parameters
    ----------
    lesions
        Those of the record; what lies at the other hip is left out.
    """
    mine = [x for x in lesions if x.side == hip.side]
    return f"{hip.side.capitalize()} hip: {_hip_words(hip, mine)}."


def reason_words(reason: Flag) -> str:
    """Say what qualifies a hip; a code in its detail is said in words.

    >>> from ho_detect.flags import flag
    >>> reason_words(flag("set_aside_undecided", "mimic_unsure"))
    'undecided: ossification and what only looks like it cannot be told apart'
    """
    detail = reason.message.rpartition(" (")[2].removesuffix(")")
    if reason.code == "set_aside_undecided" and detail in EXCLUSIONS:
        return f"undecided: {EXCLUSIONS[detail]}"
    return reason.message


def metal_words(side: Side, metal: MetalRecord | None) -> str:
    """Say which parts of implants lie at one hip; empty where there are none.

    >>> metal_words("left", None)
    ''
    """
    kinds = Counter(part.kind for part in (metal.parts if metal is not None else ()) if part.side == side)
    if not kinds:
        return ""
    return "metal: " + list_words([_PARTS[kind] + ("" if n == 1 else f" ({n})") for kind, n in kinds.items()])


#: Parts of implants in words.
_PARTS: dict[PartKind, str] = {
    "head": "prosthetic head",
    "cup": "cup",
    "stem": "stem",
    "nail": "nail",
    "plate": "plate",
    "screw": "screw",
    "wire": "wire",
    "other": "another part",
}


def _hip_words(hip: Hip, lesions: list[Lesion]) -> str:
    reasons = "; ".join(map(reason_words, hip.reasons))
    if hip.status == "not_in_view":
        return "not in view"
    hidden = "not assessable" + (f": {reasons}" if reasons else "")
    if hip.status == "not_assessable" and hip.finding != "present":
        return hidden
    if hip.finding == "present":
        part = ", partly in view" if hip.status == "partly_in_view" else ""
        said = [f"ossification present{part}, {_amount(hip, lesions)}", *_largest(lesions), *_undecided(hip)]
        said += [*_gap(hip), *_grades(hip)]
        said += [f"the rest {hidden}"] if hip.status == "not_assessable" else []
    elif hip.finding == "absent":
        part = " in the part that is in view" if hip.status == "partly_in_view" else ""
        part += " beside metal" if hip.hidden_share else ""
        said = [f"no ossification found{part}", *_undecided(hip)]
    else:
        part = ", partly in view" if hip.status == "partly_in_view" else ""
        said = [f"indeterminate{part}" + (f": {reasons}" if reasons else ""), *_undecided(hip), *_grades(hip)]
    return "; ".join([*said, *_hidden(hip), *_joint_space(hip)])


def _amount(hip: Hip, lesions: list[Lesion]) -> str:
    """Say number and volume, and of a single lesion all the rest."""
    n = hip.n_lesions
    number = [] if n is None else [f"{n} lesion{'' if n == 1 else 's'}"]
    volume = [] if hip.total_volume_mm3 is None else [millilitres(hip.total_volume_mm3)]
    if len(lesions) == 1:
        return ", ".join([*number, *volume, *_maturity(lesions), *_size_and_place(lesions[0])])
    return ", ".join([*number, *volume, *_maturity(lesions), *([list_words(hip.sectors)] if hip.sectors else [])])


def _maturity(lesions: list[Lesion]) -> list[str]:
    """Say what the density of the rims means: of several lesions each word with its number."""
    counts = Counter(x.maturity for x in lesions if x.maturity is not None)
    if not counts:
        return []
    words = [word if len(lesions) == 1 or n == len(lesions) else f"{n} {word}" for word, n in counts.most_common()]
    return [list_words(words) + " by rim density"]


def _size_and_place(lesion: Lesion) -> list[str]:
    return [f"maximum diameter {lesion.max_diameter_mm:.0f} mm", where_words(lesion), contact_words(lesion)]


def _largest(lesions: list[Lesion]) -> list[str]:
    """Say size and place of the largest of several lesions."""
    if len(lesions) < 2:
        return []
    largest = max(lesions, key=lambda x: x.volume_mm3)
    words = [millilitres(largest.volume_mm3), *_size_and_place(largest)]
    return [f"the largest, lesion {largest.id}: {', '.join(words)}"]


def _undecided(hip: Hip) -> list[str]:
    """Say the volume that may be ossification and is not counted, where there is any."""
    return [f"{millilitres(hip.undecided_volume_mm3)} undecided, not counted"] if hip.undecided_volume_mm3 else []


def _gap(hip: Hip) -> list[str]:
    if hip.bridging:
        return ["bridges femur and pelvis"]
    if hip.min_gap_mm is None:
        return []
    most = "at most " if hip.grades_at_least else ""
    return [f"minimum femur–pelvis gap {most}{hip.min_gap_mm:.0f} mm"]


def _grades(hip: Hip) -> list[str]:
    """Say the grades; what they are at most with what is undecided, or that they are the least with what is hidden."""
    said = []
    for grade in GRADES:
        value, most = getattr(hip, grade.name), getattr(hip, f"{grade.name}_at_most", None)
        if hip.grades_at_least:
            least = "at least " if grade.word == "class" else ""
            said += [] if value is None else [f"{grade.label} {least}{value}"]
            continue
        at_most = [f"at most {most} with what is undecided"] if most is not None and most != value else []
        if value is not None or at_most:
            said.append(f"{grade.label} " + ", ".join([*([value] if value is not None else []), *at_most]))
    return [", ".join(said) + " (from CT)"] if said else []


def _hidden(hip: Hip) -> list[str]:
    if not hip.hidden_share or hip.status == "not_assessable":
        return []
    return [f"metal hides {100 * hip.hidden_share:.0f} % of the joint region"]


def _joint_space(hip: Hip) -> list[str]:
    if hip.joint_space_resolved is None:
        return []
    if hip.joint_space_mean_mm is None:
        return ["joint space not measurable"]
    least = "not measurable" if hip.joint_space_min_mm is None else f"{hip.joint_space_min_mm:.1f} mm"
    return [f"joint space {hip.joint_space_mean_mm:.1f} mm, minimum {least}"]
