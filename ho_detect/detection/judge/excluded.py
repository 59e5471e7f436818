"""What was detected and not counted, as a record, with the reasons there are."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import Point, Side

#: Why something dense is not counted.
EXCLUSIONS: dict[str, str] = {
    "outside_body": "outside of the body: table, hand, object",
    "near_metal": "hidden by the artefact of metal, or no denser than that makes soft tissue",
    "too_small": "smaller or thinner than the smallest lesion reported",
    "out_of_reach": "farther from the joint than the stated reach",
    "other_side": "belongs to the other side, whose hip is not in view",
    "native_bone": "native bone: sacrum, spine, or the build of native bone",
    "osteophyte": "bony outgrowth at the joint margin: osteophyte or enthesophyte",
    "native_unsure": "joined with bone: ossification and native bone cannot be told apart",
    "cut_native_bone": "cut by the edge of the field of view: ossification and native bone cannot be told apart",
    "mimic_unsure": "ossification and what only looks like it cannot be told apart",
    "contrast": "contrast medium in a vessel, the bladder or the bowel",
    "vessel_calcium": "thin or hollow calcium like that of an arterial wall",
    "given_organ": "inside a vessel, the bladder or the bowel by user-supplied anatomy masks",
    "pelvic_cavity": "inside the abdominal or pelvic cavity: bowel or bladder content, phlebolith",
    "subcutaneous": "in subcutaneous fat, not in muscle: injection granuloma or skin calcification",
    "unlikely": "not of the build of ossification",
    "dropped_by_reader": "found to be ossification by the software, and dropped by a reader",
}
#: What is not counted without knowing that it is no ossification.
UNDECIDED: frozenset[str] = frozenset({"native_unsure", "cut_native_bone", "mimic_unsure"})

#: In the order in which readers are shown what is not counted.
Group = Literal["reader", "undecided", "outgrowth", "mimic", "elsewhere"]
GROUPS: tuple[Group, ...] = get_args(Group)
_ELSEWHERE = frozenset({"near_metal", "native_bone", "outside_body", "too_small", "out_of_reach", "other_side"})


def group_of(reason: str) -> Group:
    """Return what kind of thing is not counted under a reason; one of another version's record is a mimic.

    >>> group_of("native_unsure"), group_of("osteophyte"), group_of("contrast"), group_of("near_metal")
    ('undecided', 'outgrowth', 'mimic', 'elsewhere')
    """
    if reason == "dropped_by_reader":
        return "reader"
    if reason in UNDECIDED:
        return "undecided"
    if reason == "osteophyte":
        return "outgrowth"
    return "elsewhere" if reason in _ELSEWHERE else "mimic"


class Specks(msgspec.Struct, frozen=True, kw_only=True):
    """Excluded things that are too small to be listed one by one."""

    reason: Annotated[str, Meta(description="Code, see EXCLUSIONS")]
    n: Annotated[int, Meta(description="How many there are")]
    volume_mm3: Annotated[float, Meta(description="Of all of them together")]


def counted(specks: Iterable[tuple[str, float]]) -> tuple[Specks, ...]:
    """Count things of which reason and volume in mm³ are known, by reason.

    >>> [(s.reason, s.n, s.volume_mm3) for s in counted([("too_small", 2.0), ("near_metal", 3.0), ("too_small", 1.5)])]
    [('near_metal', 1, 3.0), ('too_small', 2, 3.5)]
    """
    volumes: dict[str, list[float]] = {}
    for reason, volume_mm3 in specks:
        volumes.setdefault(reason, []).append(volume_mm3)
    # added exactly: the order in which they are found says nothing
    return tuple(
        Specks(reason=reason, n=len(found), volume_mm3=round(math.fsum(found), 1))
        for reason, found in sorted(volumes.items())
    )


class Excluded(msgspec.Struct, frozen=True, kw_only=True):
    """One dense thing that was detected and not counted."""

    reason: Annotated[str, Meta(description="Code, see EXCLUSIONS")]
    message: str
    side: Side | None
    volume_mm3: float
    centroid_lps_mm: Point
    max_hu: float
    probability: Annotated[
        float | None, Meta(description="Of ossification, 0 to 1; null for what is none by definition")
    ] = None
    because: Annotated[str, Meta(description="The features that pulled most, in words")] = ""
    height_mm: Annotated[float | None, Meta(description="Height above the native surface; null for what is free")] = (
        None
    )
    base_mm2: Annotated[float | None, Meta(description="Area of its base on native bone; null if free")] = None
    bridging: Annotated[bool, Meta(description="In contact with both femur and pelvis")] = False
    number: Annotated[
        int | None, Meta(description="On the page, in detected.nii.gz and for ho-detect amend; null before version 2.1")
    ] = None

    @property
    def base_mm(self) -> float | None:
        """Diameter of the circle whose area is that of the base, mm; None for what is free."""
        return None if self.base_mm2 is None else 2.0 * math.sqrt(self.base_mm2 / math.pi)


def numbered(excluded: Iterable[Excluded]) -> tuple[Excluded, ...]:
    """Number what is not counted as readers see it: by kind, the largest first; the order stays."""
    things = tuple(excluded)
    shown = sorted(range(len(things)), key=lambda k: (GROUPS.index(group_of(things[k].reason)), -things[k].volume_mm3))
    number = {place: n for n, place in enumerate(shown, 1)}
    return tuple(msgspec.structs.replace(thing, number=number[k]) for k, thing in enumerate(things))


def exclude(reason: str, side: Side, volume_mm3: float, centroid_lps_mm: FloatArray, max_hu: float) -> Excluded:
    """Return the record of what is no finding by definition."""
    x, y, z = (round(float(v), 2) for v in centroid_lps_mm)
    return Excluded(
        reason=reason,
        message=EXCLUSIONS[reason],
        side=side,
        volume_mm3=round(volume_mm3, 1),
        centroid_lps_mm=(x, y, z),
        max_hu=round(max_hu, 1),
    )
