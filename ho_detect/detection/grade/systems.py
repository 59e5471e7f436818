"""The systems by which a hip is graded: each one entry of a list, which record, tables, reports and pages read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ho_detect.detection.measure.lesion import Lesion
from ho_detect.settings import DetectionSettings


@dataclass(frozen=True)
class Grade:
    """One grading system.

    Parameters
    ----------
    name
        Field of the record and column of the table.
    label, word
        As in "Brooker class IV".
    values
        The grades there are, least first.
    function
        Lesions of a hip and settings to its grade; None where no grade fits.
    of_a_bridge
        Whether a bridge alone decides it, whatever else of the hip is not seen.
    definition, source
        For the documentation.
    """

    name: str
    label: str
    word: str
    values: tuple[str, ...]
    function: Callable[[list[Lesion], DetectionSettings], str | None]
    of_a_bridge: bool
    definition: str
    source: str


def femur_pelvis_gap_mm(lesion: Lesion) -> float | None:
    """What a lesion leaves open between femur and pelvis, mm: the sum of its distances to both.

    0 for a bridge; for a spur the distance from its tip to the opposing bone, or to what has grown from there towards
    it where that is nearer. None where neither was measured, and for an island: what it leaves open on both sides,
    added up, says nothing of the joint's motion.
    """
    if not lesion.attached_to:
        return None
    across = None
    if lesion.gap_femur_mm is not None and lesion.gap_pelvis_mm is not None:
        across = round(lesion.gap_femur_mm + lesion.gap_pelvis_mm, 2)
    return min((gap for gap in (across, lesion.gap_opposing_mm) if gap is not None), default=None)


def brooker(lesions: list[Lesion], settings: DetectionSettings) -> str:
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


def della_valle(lesions: list[Lesion], settings: DetectionSettings) -> str:
    """Return the CT-derived Della Valle class.

    A: none, or islands below 1 cm; B: larger islands, or spurs that leave at least 1 cm; C: spurs that leave less, or
    ankylosis. (Della Valle et al. 2002.)
    """
    spurs = [x for x in lesions if x.attached_to]
    if spurs and _shortest(spurs) < settings.short_gap_mm:
        return "C"
    return "B" if spurs or any(x.max_diameter_mm >= settings.short_gap_mm for x in lesions) else "A"


def mavrogenis(lesions: list[Lesion], settings: DetectionSettings) -> str | None:  # noqa: ARG001 - as all of them
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


GRADES: tuple[Grade, ...] = (
    Grade(
        "brooker_ct",
        "Brooker",
        "class",
        ("0", "I", "II", "III", "IV"),
        brooker,
        True,
        "0 none, I islands, II spurs that leave 1 cm or more to the opposing bone or to what grows from there, III "
        "less, IV a bridge. Derived from CT: it may differ from the grade on film.",
        "Brooker 1973; CT and film differ: PMC6047644",
    ),
    Grade(
        "della_valle_ct",
        "Della Valle",
        "class",
        ("A", "B", "C"),
        della_valle,
        True,
        "A none or islands below 1 cm, B islands from 1 cm or spurs that leave 1 cm or more, C spurs that leave less, "
        "or a bridge.",
        "Della Valle 2002",
    ),
    Grade(
        "mavrogenis",
        "Mavrogenis",
        "type",
        ("1", "2", "3", "4"),
        mavrogenis,
        False,
        "1 anterior, 2 posterior, 3 anteromedial, 4 circumferential: three sectors, or front and back. Without the "
        "clinical suffix.",
        "10.1007/s10195-012-0193-z",
    ),
)
