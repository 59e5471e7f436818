"""One hip joint as a record; left and right are told apart by patient coordinates: +x is the patient's left."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from ho_detect.flags import Flag
from ho_detect.image.grid import FloatArray

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")
Status = Literal["assessed", "partly_in_view", "not_in_view", "not_assessable"]
Point = tuple[float, float, float]


def mirror_of(side: Side) -> FloatArray:
    """Return the (3,) signs that take a hip of that side to a left one."""
    return np.array([-1.0, 1.0, 1.0]) if side == "right" else np.ones(3)


class HipJoint(msgspec.Struct, frozen=True, kw_only=True):
    """One hip joint as found on the CT."""

    side: Side
    status: Status
    center_lps_mm: Annotated[Point | None, Meta(description="Femoral head center, LPS mm")] = None
    head_radius_mm: float | None = None
    residual_mm: Annotated[float | None, Meta(description="Robust distance of head surface to the sphere, mm")] = None
    score: Annotated[float | None, Meta(description="Share of the expected bone surface found, 0 to 1")] = None
    coverage: Annotated[float | None, Meta(description="Share of the joint region (60 mm) in view, 0 to 1")] = None
    reasons: tuple[Flag, ...] = ()
