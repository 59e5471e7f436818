"""The record of a comparison: ``comparison.json``."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ho_detect.acquisition.volume.hu_volume import SeriesRecord
from ho_detect.detection.measure.lesion import Maturity
from ho_detect.flags import Flag, Null
from ho_detect.followup.matching import Change
from ho_detect.followup.repeatability import Interval
from ho_detect.image.sides import Bone, Side
from ho_detect.results.record import Software

SCHEMA_VERSION = "2.2"

Row = tuple[float, float, float]
ChangeInterval = Annotated[
    Interval | None, Meta(description="95 % interval of the change in mm3, by what two scans differ without any")
]
Percent = Annotated[float | None, Meta(description="Later less earlier, in percent of the earlier")]


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """How well one bone of the earlier study was brought onto the same bone of the later."""

    side: Side
    bone: Bone
    good: Annotated[bool, Meta(description="Good enough to compare places by, see settings.follow_up")]
    residual_mm: Annotated[float | None, Meta(description="Median distance of bone edges; null where none meet")]
    found: Annotated[float, Meta(description="Share of the earlier edges that meet one in the later study, 0 to 1")]
    seen: Annotated[float, Meta(description="Share of the bone's surface seen in both studies, 0 to 1")]
    turned_deg: Annotated[float, Meta(description="Turn of the bone between the scans")]
    rotation: Annotated[
        tuple[Row, Row, Row] | None,
        Meta(description="later = rotation · earlier + offset, LPS mm; null before version 2.1"),
    ] = None
    offset_mm: Annotated[Row | None, Meta(description="Of that motion")] = None


class LesionChange(msgspec.Struct, frozen=True, kw_only=True):
    """One ossification in both studies, or in one of them. Volumes and HU are as each study has them."""

    side: Side
    change: Annotated[
        Change | None, Meta(description="null where the studies do not show whether it was there; not_said says why")
    ]
    earlier_ids: Annotated[tuple[int, ...], Meta(description="Values in the label map of the earlier study")]
    later_ids: Annotated[tuple[int, ...], Meta(description="Values in the label map of the later study")]
    earlier_volume_mm3: float | None = None
    later_volume_mm3: float | None = None
    volume_change_mm3: float | None = None
    volume_change_percent: Percent = None
    volume_change_interval_mm3: ChangeInterval = None
    earlier_mean_hu: float | None = None
    later_mean_hu: float | None = None
    mean_hu_change: float | None = None
    earlier_maturity: Annotated[Maturity | None, Meta(description="Of the largest of them")] = None
    later_maturity: Annotated[Maturity | None, Meta(description="Of the largest of them")] = None
    overlap: Annotated[float | None, Meta(description="Share of the one in or beside the other, 0 to 1")] = None
    registered_by: Annotated[Bone | None, Meta(description="Bone by which places were compared")] = None
    not_said: Annotated[tuple[Null, ...], Meta(description="Why the change is null")] = ()


class HipChange(msgspec.Struct, frozen=True, kw_only=True):
    """One hip in both studies."""

    side: Side
    comparable: Annotated[bool, Meta(description="Whether the totals may be compared")]
    reasons: Annotated[tuple[Flag, ...], Meta(description="Why not")] = ()
    earlier_volume_mm3: float | None = None
    later_volume_mm3: float | None = None
    volume_change_mm3: Annotated[float | None, Meta(description="null where the hips are not comparable")] = None
    volume_change_percent: Annotated[
        float | None, Meta(description="In percent of the earlier; null without ossification in the earlier study")
    ] = None
    volume_change_interval_mm3: ChangeInterval = None
    earlier_mean_hu: Annotated[float | None, Meta(description="Of all its lesions; null without one")] = None
    later_mean_hu: Annotated[float | None, Meta(description="Of all its lesions; null without one")] = None
    mean_hu_change: float | None = None
    earlier_min_gap_mm: Annotated[float | None, Meta(description="null where no lesion is attached to bone")] = None
    later_min_gap_mm: Annotated[float | None, Meta(description="null where no lesion is attached to bone")] = None
    earlier_grades: Annotated[dict[str, str | None], Meta(description="By the name of each grade of a hip")] = {}
    later_grades: Annotated[dict[str, str | None], Meta(description="By the name of each grade of a hip")] = {}
    changes: Annotated[dict[str, int], Meta(description="How many of its lesions are matched, new, gone")] = {}


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """``comparison.json``."""

    schema_version: str = SCHEMA_VERSION
    software: Software
    status: Literal["comparable", "partly_comparable", "not_comparable"]
    flags: tuple[Flag, ...]
    statements: tuple[Flag, ...]
    interval_days: Annotated[int | None, Meta(description="By the study dates; null where they are not stated")]
    earlier: SeriesRecord
    later: SeriesRecord
    registration: tuple[Registration, ...]
    hips: tuple[HipChange, ...]
    lesions: tuple[LesionChange, ...]
