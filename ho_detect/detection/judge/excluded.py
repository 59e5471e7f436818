"""What was seen and set aside, as a record, with the reasons there are."""

from __future__ import annotations

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


class Excluded(msgspec.Struct, frozen=True, kw_only=True):
    """One dense thing that was seen and set aside."""

    reason: Annotated[str, Meta(description="Code, see EXCLUSIONS")]
    message: str
    side: Side | None
    volume_mm3: float
    centroid_lps_mm: Point
    max_hu: float
