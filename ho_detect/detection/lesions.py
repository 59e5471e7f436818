"""Outlined candidates to measured lesions."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from ho_detect.anatomy.hip_joint import Point, Side
from ho_detect.anatomy.landmarks import Landmarks
from ho_detect.detection.candidates import Region, points_of
from ho_detect.detection.evidence import Evidence
from ho_detect.detection.outline import Outlined
from ho_detect.geometry import FloatArray
from ho_detect.settings import DetectionSettings

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
    boundary_hu: Annotated[float, Meta(description="HU of the outline: half way from muscle to the rim")]
    maturity: Annotated[Maturity | None, Meta(description="By the rim; convention, see settings")]
    zonal_index: Annotated[float | None, Meta(description="(rim - core) / rim median HU; null without a core")]
    attached_to: tuple[Bone, ...]
    gap_femur_mm: Annotated[float | None, Meta(description="Smallest distance to the same side's femur, mm")]
    gap_pelvis_mm: Annotated[float | None, Meta(description="Smallest distance to the pelvis, mm")]
    distance_to_head_center_mm: Annotated[float, Meta(description="Centroid to femoral head center, mm")]
    muscle_fraction: Annotated[float | None, Meta(description="Share of muscle in the 5 mm around it, 0 to 1")]
    fat_fraction: Annotated[float | None, Meta(description="Share of fat in the 5 mm around it, 0 to 1")]
    confidence: Annotated[float | None, Meta(description="0 to 1, from the evidence; not a probability")]


def measure(
    region: Region, outlined: Outlined, evidence: Evidence, frame: Landmarks, number: int, settings: DetectionSettings
) -> Lesion:
    """Measure one lesion.

    Parameters
    ----------
    frame
        The hip that it belongs to.
    number
        Its id.
    """
    candidate = outlined.candidate
    mask, box = candidate.mask, candidate.box
    points = points_of(region, candidate)
    centroid = points.mean(axis=0)
    voxel = region.grid.voxel_volume_mm3
    values = region.hu[box][mask].astype(np.float64)
    rim_hu, core_hu = _rim_and_core(region, outlined, settings)
    touching = candidate.touching
    femur_mm, pelvis_mm = (_gap(region, points, frame.side, bone, touching) for bone in ("femur", "pelvis"))
    extent = np.ptp(points, axis=0) + np.abs(region.grid.affine[:3, :3]).sum(axis=1)
    return Lesion(
        id=number,
        side=frame.side,
        sector=sector_of(frame.local_mm(centroid[None])[0]),
        volume_mm3=round(float(mask.sum()) * voxel, 1),
        volume_second_threshold_mm3=round(float((values >= settings.second_threshold_hu).sum()) * voxel, 1),
        centroid_lps_mm=_point(centroid),
        extent_lps_mm=_point(extent),
        max_diameter_mm=round(_max_diameter_mm(points), 2),
        mean_hu=round(float(values.mean()), 1),
        sd_hu=round(float(values.std()), 1),
        median_hu=round(float(np.median(values)), 1),
        p95_hu=round(float(np.percentile(values, 95)), 1),
        max_hu=round(float(values.max()), 1),
        boundary_hu=round(outlined.boundary_hu, 1),
        maturity=maturity_of(rim_hu, settings),
        zonal_index=None if core_hu is None or rim_hu <= 0 else round((rim_hu - core_hu) / rim_hu, 3),
        attached_to=tuple(b for b in ("femur", "pelvis") if b in touching),
        gap_femur_mm=femur_mm,
        gap_pelvis_mm=pelvis_mm,
        distance_to_head_center_mm=round(float(np.linalg.norm(centroid - frame.center)), 2),
        muscle_fraction=round(evidence.muscle, 3),
        fat_fraction=round(evidence.fat, 3),
        confidence=round(confidence_of(evidence, region.low_hu), 3),
    )


def sector_of(local_mm: FloatArray) -> Sector:
    """Return the sector of an offset (lateral, posterior, superior) from the head center, mm.

    The larger of the two axial components decides (clinical convention, see docs).

    >>> sector_of(np.array([-5.0, 20.0, 90.0]))
    'posterior'
    """
    lateral, posterior, _ = local_mm
    if abs(posterior) >= abs(lateral):
        return "posterior" if posterior > 0 else "anterior"
    return "lateral" if lateral > 0 else "medial"


def maturity_of(rim_hu: float, settings: DetectionSettings) -> Maturity:
    """Return the stage by the median HU of the rim."""
    if rim_hu >= settings.mature_rim_hu:
        return "mature"
    return "intermediate" if rim_hu >= settings.immature_rim_hu else "immature"


def confidence_of(evidence: Evidence, low_hu: float) -> float:
    """Return 0 to 1 from size, density, form and surroundings; a ranking, not a probability.

    The product of four factors, each one half where its evidence is as weak as it gets for what is kept.
    """
    size = _rising(evidence.thickness_mm, 3.0, 8.0)
    density = _rising(evidence.max_hu - low_hu, 60.0, 250.0)
    form = 1.0 if not evidence.joined else _rising(evidence.slenderness, 1.5, 2.5)
    place = _rising(evidence.muscle + evidence.fat, 0.3, 0.7) * (1.0 - 0.5 * evidence.cavity)
    return size * density * form * place


def _rising(value: float, low: float, high: float) -> float:
    return 0.5 + 0.5 * float(np.clip((value - low) / (high - low), 0.0, 1.0))


def _rim_and_core(region: Region, outlined: Outlined, settings: DetectionSettings) -> tuple[float, float | None]:
    """Median HU of the rim, past the partial-volume layer, and of the core; None without a core.

    Depth counts from soft tissue: where the lesion stands on bone there is no rim.
    """
    mask, box = outlined.candidate.mask, outlined.candidate.box
    spacing = np.array(region.grid.spacing_mm)
    native = region.distance_mm[box] <= 0.0
    solid = np.pad(mask | native, 1, mode="edge")
    depth = ndi.distance_transform_edt(solid, sampling=spacing)[1:-1, 1:-1, 1:-1]
    hu = region.hu[box]
    deepest = float(depth[mask].max())
    blur = min(settings.blur_mm, 0.5 * deepest)
    rim = hu[mask & (depth > blur) & (depth <= blur + settings.rim_mm)]
    core = hu[mask & (depth > blur + settings.rim_mm + settings.blur_mm)]
    rim_hu = float(np.median(rim)) if rim.size else float(np.median(hu[mask]))
    return rim_hu, float(np.median(core)) if core.size >= 10 else None


def _gap(region: Region, points: FloatArray, side: Side, bone: str, touching: tuple[str, ...]) -> float | None:
    """Smallest distance of a lesion to the native surface of one bone of its side; 0 where they touch.

    None where the lesion lies farther than the field around that bone reaches.
    """
    if bone in touching:
        return 0.0
    field = next(b for b in region.bones if b.side == side and b.bone == bone)
    at = ndi.map_coordinates(field.mm, field.grid.to_index(points).T, order=1, mode="constant", cval=np.inf)
    nearest = float(at.min())
    return round(max(nearest, 0.0), 2) if np.isfinite(nearest) else None


def _max_diameter_mm(points: FloatArray) -> float:
    """Largest distance between two points: between corners of their convex hull."""
    try:
        points = points[ConvexHull(points).vertices]
    except QhullError:  # all points in one plane or on one line: few enough to compare
        points = points[:: max(1, len(points) // 2000)]
    return float(pdist(points).max()) if len(points) > 1 else 0.0


def _point(values: NDArray[np.float64]) -> Point:
    x, y, z = (round(float(v), 2) for v in values)
    return x, y, z
