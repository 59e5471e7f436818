"""Ossification that has reached sacrum or spine, split from them: no model says where those bones end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ho_detect.anatomy.regions.landmarks import Landmarks
from ho_detect.detection.candidates import Candidate, Region, points_of
from ho_detect.image.components import label_components

#: A piece of sacrum or spine is larger than this, mm³, ...
_LEAST_MM3 = 10_000.0
#: ... and comes so near to the midline, mm: what has grown in the piriformis ends before it.
_MIDDLE_MM = 10.0
#: Smaller pieces of the rest stay with the sacrum: its ala reaches out of where it is looked for, mm³.
_LEAST_REST_MM3 = 1000.0


def split_from_sacrum(region: Region, candidate: Candidate, frame: Landmarks) -> list[Candidate]:
    """Return what of a candidate lies where sacrum and spine are, and each piece of the rest; nothing without either.

    Parameters
    ----------
    frame
        Of the hip that the candidate belongs to.
    """
    mask = candidate.mask
    points = points_of(region, candidate)
    there = frame.tapered_sacrum(points)
    voxel_mm3 = region.grid.voxel_volume_mm3
    if there.sum() * voxel_mm3 < _LEAST_MM3 or np.abs(frame.from_midline_mm(points[there])).min() > _MIDDLE_MM:
        return []
    outside = np.zeros(mask.shape, bool)
    outside[mask] = ~there
    pieces = label_components(outside.view(np.uint8), 1.0)
    large = pieces.count * voxel_mm3 >= _LEAST_REST_MM3
    if not large.any():
        return []
    rest = [replace(candidate, mask=pieces.paint(np.arange(len(pieces)) == n)) for n in np.flatnonzero(large)]
    sacrum = replace(candidate, mask=mask & ~pieces.paint(large), is_split=True)
    return [sacrum, *rest]
