"""What is said of one hip, as a record."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ho_detect.anatomy.hip_joint import Status
from ho_detect.anatomy.regions.muscle_names import MuscleVolume
from ho_detect.detection.grade.systems import GRADES
from ho_detect.flags import Flag, Null
from ho_detect.image.sides import Point, Sector, Side

Finding = Literal["present", "absent", "indeterminate"]


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    side: Side
    status: Status
    finding: Annotated[Finding | None, Meta(description="null where the hip is not in view or not assessable")] = None
    n_lesions: int | None = None
    total_volume_mm3: float | None = None
    total_volume_second_threshold_mm3: float | None = None
    muscle_volumes_mm3: tuple[MuscleVolume, ...] | None = None
    undecided_volume_mm3: float | None = None
    sectors: tuple[Sector, ...] = ()
    bridging: Annotated[bool | None, Meta(description="One lesion in contact with both femur and pelvis")] = None
    min_gap_mm: Annotated[
        float | None,
        Meta(description="Minimum femur-pelvis gap left by one lesion on bone or two that face each other, mm"),
    ] = None


#: One field for each system, of its grades.
_Graded: Any = msgspec.defstruct(
    "_Graded",
    [
        (g.name, Annotated[Literal[g.values] | None, Meta(description=f"{g.label} {g.word}, derived from CT")], None)
        for g in GRADES
    ],
    bases=(_Found,),
    module=__name__,
    frozen=True,
    kw_only=True,
)


class Hip(_Graded, frozen=True, kw_only=True):  # type: ignore[misc, call-arg]
    """What is said of one hip, with a field for each of the grades. ``null`` where it was not measured.

    ``reasons`` qualify the status and the finding; where the hip was assessed, ``not_said`` gives each null its own.
    """

    brooker_ct_at_most: Annotated[
        Literal["0", "I", "II", "III", "IV"] | None,
        Meta(description="Brooker class if all that is undecided were ossification, derived from CT"),
    ] = None
    grades_at_least: Annotated[
        bool | None, Meta(description="Metal hides part of the joint region: gap and grades are of what is seen")
    ] = None
    joint_space_min_mm: Annotated[
        float | None, Meta(description="Minimum of the joint space under the acetabular roof, mm")
    ] = None
    joint_space_mean_mm: Annotated[float | None, Meta(description="Mean width of the joint space there, mm")] = None
    joint_space_resolved: Annotated[
        float | None, Meta(description="Share of the roof where head and acetabulum are told apart, 0 to 1")
    ] = None
    head_mean_hu: Annotated[float | None, Meta(description="Trabecular bone of the head, HU, uncalibrated")] = None
    head_hu_difference: Annotated[float | None, Meta(description="head_mean_hu less that of the other side")] = None
    neck_mean_hu: Annotated[float | None, Meta(description="Trabecular bone of the neck, HU, uncalibrated")] = None
    neck_hu_difference: Annotated[float | None, Meta(description="neck_mean_hu less that of the other side")] = None
    center_lps_mm: Annotated[Point | None, Meta(description="Femoral head center, LPS mm")] = None
    head_radius_mm: float | None = None
    residual_mm: Annotated[float | None, Meta(description="Robust distance of head surface to the sphere, mm")] = None
    score: Annotated[float | None, Meta(description="Share of the expected bone surface found, 0 to 1")] = None
    coverage: Annotated[float | None, Meta(description="Share of the joint region (60 mm) in view, 0 to 1")] = None
    hidden_share: Annotated[
        float | None, Meta(description="Share of the joint region hidden by metal and its artefact, 0 to 1")
    ] = None
    reasons: tuple[Flag, ...] = ()
    not_said: Annotated[tuple[Null, ...], Meta(description="Why each null of an assessed hip is null")] = ()
