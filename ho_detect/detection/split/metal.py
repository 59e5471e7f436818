"""Ossification that reaches into the zone around metal, split there: what lies outside of it can be judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ho_detect.anatomy.regions.metal import Metal
from ho_detect.detection.candidates import Candidate, Region, points_of
from ho_detect.detection.outline import Outlined
from ho_detect.image.components import label_components

#: Smaller pieces are left to the zone: streaks leave many, mm³.
_LEAST_MM3 = 500.0


def split_at_metal_zone(
    region: Region, outlined: Outlined, metal: Metal, zone_mm: float, native_margin_mm: float
) -> list[Candidate]:
    """Return the larger pieces of an outlined candidate outside of the zone around metal, and the rest; none without.

    Parameters
    ----------
    zone_mm
        Distance from metal up to which nothing is judged.
    native_margin_mm
        What lies nearer to native bone is joined with it.
    """
    candidate = replace(outlined.candidate, is_split=True, boundary_hu=outlined.boundary_hu)
    mask, box = candidate.mask, candidate.box
    outside = np.zeros(mask.shape, bool)
    outside[mask] = metal.distance_to(points_of(region, candidate)) >= zone_mm
    pieces = label_components(outside, 1.0)
    large = np.flatnonzero(pieces.count * region.grid.voxel_volume_mm3 >= _LEAST_MM3)
    if not large.size:
        return []
    near = region.distance_mm[box] <= native_margin_mm
    parts, rest = [], mask
    for number in large:
        part = pieces.paint(np.arange(len(pieces)) == number)
        rest = rest & ~part
        joined = candidate.joined and bool((part & near).any())
        parts.append(replace(candidate, mask=part, joined=joined, touching=()))
    return [*parts, replace(candidate, mask=rest)] if rest.any() else parts
