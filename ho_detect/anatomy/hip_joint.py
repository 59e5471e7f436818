"""One hip joint as a record."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ho_detect.flags import Flag
from ho_detect.image.sides import Point, Side

Status = Literal["assessed", "assessed_beside_metal", "partly_in_view", "not_in_view", "not_assessable"]


class HipJoint(msgspec.Struct, frozen=True, kw_only=True):
    """One hip joint as found on the CT."""

    side: Side
    status: Status
    center_lps_mm: Annotated[Point | None, Meta(description="Femoral head center, LPS mm")] = None
    head_radius_mm: float | None = None
    residual_mm: Annotated[float | None, Meta(description="Robust distance of head surface to the sphere, mm")] = None
    score: Annotated[float | None, Meta(description="Share of the expected bone surface found, 0 to 1")] = None
    coverage: Annotated[float | None, Meta(description="Share of the joint region (60 mm) in view, 0 to 1")] = None
    hidden_share: Annotated[
        float, Meta(description="Share of the joint region hidden by metal and its artefact, 0 to 1")
    ] = 0.0
    reasons: tuple[Flag, ...] = ()
