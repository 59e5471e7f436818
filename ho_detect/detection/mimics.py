"""Dense things near the joint that are not ossification, each with its reason."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from ho_detect.anatomy.hip_joint import Point, Side

#: Why something dense was set aside.
EXCLUSIONS: dict[str, str] = {
    "too_small": "smaller than the smallest lesion reported",
    "vessel_calcium": "flat or curved calcium on the course of an artery",
    "contrast": "contrast medium in a vessel, the bladder or the bowel",
    "pelvic_cavity": "inside the pelvic cavity: phlebolith, bowel or bladder content",
    "subcutaneous": "in subcutaneous fat, not in muscle: injection granuloma or skin calcification",
    "near_metal": "within the zone around metal that is not assessable",
    "beside_joint": "small ossicle beside the joint line: osteophyte, os acetabuli or fragment, cannot be told apart",
    "cut_native_bone": "native bone cut by the edge of the field of view",
    "native_bone": "has the build of native bone",
    "outside_body": "outside of the body: table, hand, object",
    "out_of_reach": "farther from the joint than the stated reach",
    "noise": "not denser than what noise makes",
}


class Excluded(msgspec.Struct, frozen=True, kw_only=True):
    """One dense thing that was seen and set aside."""

    reason: Annotated[str, Meta(description="Code, see EXCLUSIONS")]
    message: str
    side: Side | None
    volume_mm3: float
    centroid_lps_mm: Point
    max_hu: float
