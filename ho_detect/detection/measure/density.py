"""Density by depth: rim and core of a lesion, its stage, and whether its zones are the wrong way round."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ho_detect.detection.candidates import Region
from ho_detect.detection.measure.lesion import Maturity
from ho_detect.detection.outline import Outlined
from ho_detect.image.morphology import distance_to, within
from ho_detect.settings import DetectionSettings

#: A core of fewer voxels has no median to speak of.
_MIN_CORE_VOXELS = 10


def rim_and_core(region: Region, outlined: Outlined, settings: DetectionSettings) -> tuple[float, float | None]:
    """Median of the peak HU of the rim, and median HU of the core; None without a core.

    A rim is often thinner than the 2 mm that it may be deep, and is seen blurred: a median over all that depth would be
    one of rim, core and partial volume. So of each voxel at the surface the densest of it and its neighbours inward
    counts. Depth counts from soft tissue: where the lesion stands on bone there is no rim.
    """
    mask, box = outlined.candidate.mask, outlined.candidate.box
    spacing = region.grid.spacing_mm
    soft = ~(mask | (region.distance_mm[box] <= 0.0))
    depth = distance_to(soft, 2 * settings.blur_mm + settings.rim_mm, spacing)
    hu = region.hu[box]
    rim = mask & (depth <= settings.blur_mm + settings.rim_mm)
    peak = np.where(rim, hu, np.iinfo(hu.dtype).min)
    for _ in range(max(1, round(0.5 * settings.rim_mm / min(spacing)))):
        peak = _with_faces(peak)
    surface = rim & within(soft, 1.0, (1.0, 1.0, 1.0))
    core = hu[mask & (depth > settings.blur_mm + settings.rim_mm + settings.blur_mm)]
    rim_hu = float(np.median(peak[surface])) if surface.any() else float(np.median(hu[mask]))
    return rim_hu, float(np.median(core)) if core.size >= _MIN_CORE_VOXELS else None


def _with_faces(values: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return of each voxel the largest value of it and of those that share a face with it."""
    out = values.copy()
    for axis in range(3):
        to, of = np.moveaxis(out, axis, 0), np.moveaxis(values, axis, 0)
        np.maximum(to[1:], of[:-1], out=to[1:])
        np.maximum(to[:-1], of[1:], out=to[:-1])
    return out


def maturity_of(rim_hu: float, settings: DetectionSettings) -> Maturity:
    """Return the stage by the median HU of the rim."""
    if rim_hu >= settings.mature_rim_hu:
        return "mature"
    return "intermediate" if rim_hu >= settings.immature_rim_hu else "immature"


def zonal_index_of(rim_hu: float, core_hu: float | None) -> float | None:
    """Return (rim - core) / rim; None without a core."""
    return None if core_hu is None or rim_hu <= 0 else (rim_hu - core_hu) / rim_hu


def atypical(rim_hu: float, core_hu: float | None, settings: DetectionSettings) -> bool | None:
    """Whether a faint rim surrounds a dense core, the reverse of ossification's zones; None without a core.

    Myositis ossificans mineralises from outside in (clinical reference); how much denser counts is convention.
    """
    if core_hu is None:
        return None
    return rim_hu < settings.mature_rim_hu and core_hu - rim_hu >= settings.atypical_core_hu
