"""Labels and HU to measured lesions."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ho_detect.anatomy.hip_joint import Point, Side

Sector = Literal["anterior", "posterior", "medial", "lateral"]
Maturity = Literal["mature", "intermediate", "immature"]
Bone = Literal["femur", "pelvis"]


class Lesion(msgspec.Struct, frozen=True, kw_only=True):
    """One ossification, measured. ``null`` where a value could not be measured."""

    id: Annotated[int, Meta(description="Value in the label map")]
    side: Side
    sector: Annotated[Sector, Meta(description="Larger axial component of centroid seen from the head center")]
    volume_mm3: float
    volume_second_threshold_mm3: Annotated[float, Meta(description="Part above the second threshold")]
    centroid_lps_mm: Point
    extent_lps_mm: Annotated[Point, Meta(description="Size of the bounding box along LPS x, y, z, mm")]
    max_diameter_mm: Annotated[float, Meta(description="Largest distance between two of its points, mm")]
    mean_hu: float
    sd_hu: float
    median_hu: float
    p95_hu: float
    max_hu: float
    maturity: Annotated[Maturity | None, Meta(description="By the rim; convention, see settings")]
    zonal_index: Annotated[float | None, Meta(description="(rim - core) / rim median HU; null without a core")]
    attached_to: tuple[Bone, ...]
    gap_femur_mm: Annotated[float | None, Meta(description="Smallest distance to the same side's femur, mm")]
    gap_pelvis_mm: Annotated[float | None, Meta(description="Smallest distance to the pelvis, mm")]
    distance_to_head_center_mm: Annotated[float, Meta(description="Centroid to femoral head center, mm")]
    muscle_fraction: Annotated[float | None, Meta(description="Share of muscle in the 5 mm around it, 0 to 1")]
    fat_fraction: Annotated[float | None, Meta(description="Share of fat in the 5 mm around it, 0 to 1")]
    confidence: Annotated[float | None, Meta(description="0 to 1, from the evidence; not a probability")]
