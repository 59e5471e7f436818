"""What was seen and set aside, as a record, with the reasons there are."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from ho_detect.image.sides import Point, Side

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
    "given_organ": "inside a vessel, the bladder or the bowel by the anatomy masks given",
    "pelvic_cavity": "inside the pelvic cavity, away from its wall: phlebolith, bowel or bladder content",
    "subcutaneous": "in subcutaneous fat, not in muscle: injection granuloma or skin calcification",
    "beside_joint": "small ossicle at the joint line: osteophyte, os acetabuli or fragment, cannot be told apart",
}
#: What was set aside without knowing that it is no ossification: the hip is not free of it.
UNDECIDED: frozenset[str] = frozenset({"near_metal", "native_unsure", "cut_native_bone", "beside_joint"})


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
    """One dense thing that was seen and set aside."""

    reason: Annotated[str, Meta(description="Code, see EXCLUSIONS")]
    message: str
    side: Side | None
    volume_mm3: float
    centroid_lps_mm: Point
    max_hu: float
