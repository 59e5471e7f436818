"""Ossification that stands among osteophytes, split from them: they are low, and as dense as what they grow on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ho_detect.anatomy.native.surfaces import FAR_MM
from ho_detect.detection.candidates import Candidate, Region
from ho_detect.image.components import label_components
from ho_detect.image.morphology import within
from ho_detect.settings import JudgeSettings

#: A base is wider than the part that stands on it by what that stands out, and this, mm.
_FOOT_MARGIN_MM = 1.5
#: Native bone so near is what they grow on, mm.
_UNDERLYING_MM = 4.0
#: Smaller ones are left with what they touch, mm³.
_LEAST_MM3 = 500.0


def split_from_osteophytes(region: Region, candidate: Candidate, settings: JudgeSettings) -> list[Candidate]:
    """Return the low dense bone beside what stands out of a candidate, and the rest; nothing where there is none.

    Low is what stands out no farther than ``low_mm``, beside is farther from what does than its base may
    extend. What is fainter than ``underlying_share`` of the underlying bone stays: a lesion may have a broad base.
    """
    mask, box, spacing = candidate.mask, candidate.box, region.grid.spacing_mm
    smooth, distance_mm = region.smooth[box], region.distance_mm[box]
    height_mm = settings.low_mm
    tall = mask & (distance_mm > height_mm) & (distance_mm < FAR_MM)
    if not tall.any():
        return []
    beside = label_components(smooth, region.low_hu, mask & ~within(tall, height_mm + _FOOT_MARGIN_MM, spacing))
    parts = []
    rest = mask
    for number in np.flatnonzero(beside.count * region.grid.voxel_volume_mm3 >= _LEAST_MM3):
        part = beside.paint(np.arange(len(beside)) == number)
        underlying = smooth[within(part, _UNDERLYING_MM, spacing) & (distance_mm <= 0.0)]
        if underlying.size and beside.mean_hu[number] > settings.underlying_share * underlying.mean():
            parts.append(replace(candidate, mask=part, is_split=True))
            rest = rest & ~part
    return [*parts, replace(candidate, mask=rest, is_split=True)] if parts else []
