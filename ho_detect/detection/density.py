"""Density by depth: rim and core of a lesion, its stage, and whether its zones are the wrong way round."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ho_detect.detection.candidates import Region
from ho_detect.detection.outline import Outlined
from ho_detect.distance import distance_to
from ho_detect.settings import DetectionSettings

Maturity = Literal["mature", "intermediate", "immature"]
#: A core of fewer voxels has no median to speak of.
_MIN_CORE_VOXELS = 10


def rim_and_core(region: Region, outlined: Outlined, settings: DetectionSettings) -> tuple[float, float | None]:
    """Median HU of the rim, past the partial-volume layer, and of the core; None without a core.

    Depth counts from soft tissue: where the lesion stands on bone there is no rim.
    """
    mask, box = outlined.candidate.mask, outlined.candidate.box
    native = region.distance_mm[box] <= 0.0
    deep_mm = 2 * settings.blur_mm + settings.rim_mm
    depth = distance_to(~(mask | native), deep_mm, region.grid.spacing_mm)
    hu = region.hu[box]
    deepest = float(depth[mask].max())
    blur = min(settings.blur_mm, 0.5 * deepest)
    rim = hu[mask & (depth > blur) & (depth <= blur + settings.rim_mm)]
    core = hu[mask & (depth > blur + settings.rim_mm + settings.blur_mm)]
    rim_hu = float(np.median(rim)) if rim.size else float(np.median(hu[mask]))
    return rim_hu, float(np.median(core)) if core.size >= _MIN_CORE_VOXELS else None


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
