"""Outlined candidates to measured lesions."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from ho_detect.anatomy.find import Anatomy
from ho_detect.anatomy.user_masks.muscle import volumes_by_muscle
from ho_detect.detection.candidates import Region, points_of
from ho_detect.detection.evidence import Evidence
from ho_detect.detection.measure.contact import Contact, measure_contact
from ho_detect.detection.measure.density import atypical, maturity_of, rim_and_core, zonal_index_of
from ho_detect.detection.measure.gap import gap_to_bone_mm
from ho_detect.detection.measure.lesion import Lesion, Vessels
from ho_detect.detection.measure.shape import measure_shape, outermost
from ho_detect.detection.measure.vessels_and_nerve import in_corridor_mm3, near_artery
from ho_detect.detection.outline import Outlined
from ho_detect.flags import null
from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import Point, Sector
from ho_detect.settings import DetectionSettings

#: The muscle group is that of so many of a lesion's voxels, evenly taken.
_MUSCLE_SAMPLE = 400
#: A distance between surfaces is at most that of so many points of one.
_SOME = 50


def measure(
    region: Region,
    outlined: Outlined,
    evidence: Evidence,
    anatomy: Anatomy,
    number: int,
    settings: DetectionSettings,
) -> Lesion:
    """Measure one lesion.

    Parameters
    ----------
    evidence
        Its ``side`` is the hip that it belongs to.
    number
        Its id.
    """
    frame, place = anatomy.frame(evidence.side), anatomy.compartments[evidence.side]
    candidate = outlined.candidate
    mask, box = candidate.mask, candidate.box
    points = points_of(region, candidate)
    centroid = points.mean(axis=0)
    voxel = region.grid.voxel_volume_mm3
    values = region.hu[box][mask].astype(np.float64)
    shape = measure_shape(mask, region.grid.crop(box))
    rim_hu, core_hu = rim_and_core(region, outlined, settings)
    touching = candidate.touching
    contact = {bone: measure_contact(region, box, mask, at, bone) for bone, at in outlined.contact.items()}
    femur, pelvis = (contact.get(bone, Contact()) for bone in ("femur", "pelvis"))
    femur_mm, pelvis_mm = (
        gap_to_bone_mm(region, candidate, points, frame.side, bone, settings) for bone in ("femur", "pelvis")
    )
    outer = KDTree(region.grid.crop(box).to_lps(np.argwhere(outermost(mask))), balanced_tree=False)
    neck_mm = _distance(outer, place.femur.neck_surface)
    artery = near_artery(outer, frame.side, anatomy)
    muscle, known_by = place.muscles.region_of(points[:: 1 + len(points) // _MUSCLE_SAMPLE])
    extent = np.ptp(points, axis=0) + np.abs(region.grid.affine[:3, :3]).sum(axis=1)
    return with_reasons(
        Lesion(
            id=number,
            side=frame.side,
            sector=sector_of(frame.local_mm(centroid[None])[0]),
            muscle_region=muscle,
            muscle_region_source=known_by,
            volume_mm3=round(float(mask.sum()) * voxel, 1),
            muscle_volumes_mm3=volumes_by_muscle(anatomy.user_masks, points, voxel),
            volume_second_threshold_mm3=round(float((values >= settings.second_threshold_hu).sum()) * voxel, 1),
            centroid_lps_mm=_point(centroid),
            extent_lps_mm=_point(extent),
            max_diameter_mm=shape.max_diameter_mm,
            thickness_mm=round(evidence.thickness_mm, 2),
            axial_long_mm=shape.axial_long_mm,
            axial_short_mm=shape.axial_short_mm,
            surface_area_mm2=shape.surface_area_mm2,
            sphericity=shape.sphericity,
            mean_hu=round(float(values.mean()), 1),
            sd_hu=round(float(values.std()), 1),
            median_hu=round(float(np.median(values)), 1),
            p95_hu=round(float(np.percentile(values, 95)), 1),
            max_hu=round(float(values.max()), 1),
            boundary_hu=round(outlined.boundary_hu, 1),
            rim_hu=round(rim_hu, 1),
            core_hu=_rounded(core_hu, 1),
            maturity=maturity_of(rim_hu, settings),
            zonal_index=_rounded(zonal_index_of(rim_hu, core_hu), 3),
            atypical_pattern=atypical(rim_hu, core_hu, settings),
            cut_at_metal_zone=candidate.at_metal_zone,
            attached_to=tuple(b for b in ("femur", "pelvis") if b in touching),
            contact_femur_mm2=femur.area_mm2,
            contact_femur_mm=femur.length_mm,
            contact_pelvis_mm2=pelvis.area_mm2,
            contact_pelvis_mm=pelvis.length_mm,
            gap_femur_mm=femur_mm,
            gap_pelvis_mm=pelvis_mm,
            distance_to_head_center_mm=round(float(np.linalg.norm(centroid - frame.center)), 2),
            distance_to_neck_mm=neck_mm,
            distance_to_capsule_mm=_least(neck_mm, _distance(outer, place.femur.head_surface)),
            vessels=artery.vessels,
            gap_artery_mm=artery.gap_mm,
            artery=artery.name,
            sciatic_corridor_mm3=in_corridor_mm3(points, place.sciatic, float(mask.sum()) * voxel),
            muscle_fraction=_known(evidence.muscle, 3),
            fat_fraction=_known(evidence.fat, 3),
            bone_fraction=_known(evidence.bone, 3),
            air_fraction=_known(evidence.air, 3),
        )
    )


#: Why a field is null, where it is.
_WHY_NULL = {
    "muscle_region": "no_muscle_near",
    "muscle_volumes_mm3": "no_muscle_masks",
    "core_hu": "no_core",
    "zonal_index": "no_core",
    "atypical_pattern": "no_core",
    "gap_femur_mm": "beyond_reach",
    "gap_pelvis_mm": "beyond_reach",
    "gap_opposing_mm": "no_opposing_lesion",
    "distance_to_neck_mm": "fit_failed",
    "distance_to_capsule_mm": "fit_failed",
    "muscle_fraction": "no_surroundings",
    "fat_fraction": "no_surroundings",
    "bone_fraction": "no_surroundings",
    "air_fraction": "no_surroundings",
}
#: ... of the artery, by what was followed of it.
_WHY_NO_ARTERY: dict[Vessels, str] = {
    "not_assessed": "no_contrast_in_artery",
    "artery_followed": "artery_ends_there",
}


def with_reasons(lesion: Lesion) -> Lesion:
    """Give each null its reason."""
    why = _WHY_NULL | dict.fromkeys(("gap_artery_mm", "artery"), _WHY_NO_ARTERY[lesion.vessels])
    missing = [null(name, code) for name, code in why.items() if getattr(lesion, name) is None]
    return msgspec.structs.replace(lesion, not_said=tuple(missing))


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


def _point(values: NDArray[np.float64]) -> Point:
    x, y, z = (round(float(v), 2) for v in values)
    return x, y, z


def _distance(points: KDTree, surface: FloatArray) -> float | None:
    """Smallest distance between the points of a tree and (m, 3) points, mm; None where there are none of these."""
    if not len(surface):
        return None
    some = float(np.min(points.query(surface[:: 1 + len(surface) // _SOME])[0]))
    # it is not farther than that: most of the tree need not be looked at
    return round(float(np.min(points.query(surface, distance_upper_bound=np.nextafter(some, np.inf))[0])), 2)


def _least(*values: float | None) -> float | None:
    return min((v for v in values if v is not None), default=None)


def _known(value: float, digits: int) -> float | None:
    return None if np.isnan(value) else round(value, digits)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
