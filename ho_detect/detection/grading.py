"""Lesions and joints to what is said of each hip."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ho_detect.anatomy.hip_joint import Point, Side, Status
from ho_detect.detection.lesions import Sector
from ho_detect.flags import Flag

Finding = Literal["present", "absent", "indeterminate"]


class Hip(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one hip. ``null`` where it was not measured; ``reasons`` say why."""

    side: Side
    status: Status
    center_lps_mm: Annotated[Point | None, Meta(description="Femoral head center, LPS mm")]
    head_radius_mm: float | None
    residual_mm: Annotated[float | None, Meta(description="Robust distance of head surface to the sphere, mm")]
    score: Annotated[float | None, Meta(description="Share of the expected bone surface found, 0 to 1")]
    coverage: Annotated[float | None, Meta(description="Share of the joint region (60 mm) in view, 0 to 1")]
    finding: Annotated[Finding | None, Meta(description="null where the hip is not in view or not assessable")]
    n_lesions: int | None
    total_volume_mm3: float | None
    total_volume_second_threshold_mm3: float | None
    sectors: tuple[Sector, ...]
    bridging: bool | None
    min_gap_mm: Annotated[float | None, Meta(description="Smallest femur-pelvis gap through ossification, mm")]
    brooker_ct: Literal["0", "I", "II", "III", "IV"] | None
    della_valle_ct: Literal["A", "B", "C"] | None
    mavrogenis: Literal["1", "2", "3", "4"] | None
    reasons: tuple[Flag, ...]
