"""One lesion as a record."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ho_detect.anatomy.regions.muscle_names import MuscleGroup, MuscleSource, MuscleVolume
from ho_detect.flags import Null
from ho_detect.image.sides import Artery, Bone, Point, Sector, Side

#: Nothing; the external iliac and femoral artery of its side, by contrast medium.
Vessels = Literal["not_assessed", "artery_followed"]
#: By the judgement; by a reader, with the outline that was found; by a reader who drew the outline.
CountedBy = Literal["software", "reader", "reader_outline"]
Maturity = Literal["mature", "intermediate", "immature"]


class Lesion(msgspec.Struct, frozen=True, kw_only=True):
    """One ossification, measured. ``null`` where a value could not be measured; ``not_said`` says why."""

    id: Annotated[int, Meta(description="Value in the label map")]
    side: Side
    sector: Annotated[Sector, Meta(description="Larger axial component of centroid seen from the head center")]
    muscle_region: Annotated[MuscleGroup | None, Meta(description="Muscle group that most of it lies in; approximate")]
    muscle_region_source: Annotated[
        MuscleSource, Meta(description="By position to the bones, or by user-supplied masks")
    ]
    volume_mm3: float
    muscle_volumes_mm3: tuple[MuscleVolume, ...] | None = None
    volume_second_threshold_mm3: Annotated[float, Meta(description="Part above the second threshold")]
    centroid_lps_mm: Point
    extent_lps_mm: Annotated[Point, Meta(description="Size of the bounding box along LPS x, y, z, mm")]
    max_diameter_mm: Annotated[float, Meta(description="Largest diameter in any direction, edge to edge, mm")]
    thickness_mm: Annotated[
        float, Meta(description="Diameter of the largest ball inside of it, mm, lucent core left out")
    ]
    axial_long_mm: Annotated[float, Meta(description="Largest diameter in the slice where it is largest, mm")]
    axial_short_mm: Annotated[float, Meta(description="Extent across that diameter in the same slice, mm")]
    surface_area_mm2: Annotated[float, Meta(description="Surface area by Crofton's formula, mm2")]
    sphericity: Annotated[float, Meta(description="Surface of the ball of equal volume over its own, 0 to 1")]
    mean_hu: float
    sd_hu: float
    median_hu: float
    p95_hu: float
    max_hu: float
    boundary_hu: Annotated[float, Meta(description="HU of the outline: half way from muscle to the rim")]
    rim_hu: Annotated[float, Meta(description="Median of the peak HU of the rim, within the outer 2 mm")]
    core_hu: Annotated[float | None, Meta(description="Median HU inside of the rim; null without a core")]
    maturity: Annotated[Maturity | None, Meta(description="By the rim; convention, see settings")]
    zonal_index: Annotated[float | None, Meta(description="(rim - core) / rim median HU; null without a core")]
    atypical_pattern: Annotated[
        bool | None, Meta(description="Dense core in a faint rim: for a reader to look at; null without a core")
    ]
    cut_at_metal_zone: Annotated[
        bool, Meta(description="It goes on in the zone around metal: all values are of what lies outside of it")
    ] = False
    attached_to: tuple[Bone, ...]
    contact_femur_mm2: Annotated[float, Meta(description="Area of contact with the femur, mm2; 0 if not attached")]
    contact_femur_mm: Annotated[float, Meta(description="Largest length of that contact, mm")]
    contact_pelvis_mm2: Annotated[float, Meta(description="Area of contact with the pelvis, mm2; 0 if not attached")]
    contact_pelvis_mm: Annotated[float, Meta(description="Largest length of that contact, mm")]
    gap_femur_mm: Annotated[float | None, Meta(description="Smallest distance to the same side's femur, mm")]
    gap_pelvis_mm: Annotated[float | None, Meta(description="Smallest distance to the pelvis, mm")]
    gap_opposing_mm: Annotated[
        float | None, Meta(description="Smallest distance to a lesion grown from the opposing bone, mm")
    ] = None
    distance_to_head_center_mm: Annotated[float, Meta(description="Centroid to femoral head center, mm")]
    distance_to_neck_mm: Annotated[float | None, Meta(description="Smallest distance to the femoral neck, mm")]
    distance_to_capsule_mm: Annotated[
        float | None,
        Meta(description="Smallest distance to head or neck, mm: about the region that the joint capsule encloses"),
    ]
    vessels: Annotated[Vessels, Meta(description="What was followed of vessels: only what contrast medium fills")]
    gap_artery_mm: Annotated[float | None, Meta(description="Smallest distance to the lumen of that artery, mm")] = None
    artery: Annotated[Artery | None, Meta(description="Which part of it is nearest")] = None
    sciatic_corridor_mm3: Annotated[
        float | None, Meta(description="Its volume where the sciatic nerve may run; the nerve is not seen")
    ] = None
    muscle_fraction: Annotated[float | None, Meta(description="Share of muscle 1.5 to 6.5 mm around it, 0 to 1")]
    fat_fraction: Annotated[float | None, Meta(description="Share of fat there")]
    bone_fraction: Annotated[float | None, Meta(description="Share of bone, or of what is as dense, there")]
    air_fraction: Annotated[float | None, Meta(description="Share of air there")]
    confidence: Annotated[
        float | None, Meta(description="Probability of ossification by the fitted judgement, 0 to 1")
    ] = None
    counted_by: Annotated[CountedBy, Meta(description="Whose word it is that it is counted, with whose outline")] = (
        "software"
    )
    not_said: Annotated[tuple[Null, ...], Meta(description="Why each null is null")] = ()
