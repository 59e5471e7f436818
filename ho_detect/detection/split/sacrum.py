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
#: Smaller pieces of the rest, mm³, and those that lie nearer in the median, mm, are its ala, which reaches to the hip
#: bone.
_LEAST_REST_MM3, _ALA_MM = 1000.0, 15.0


def split_from_sacrum(region: Region, candidate: Candidate, frame: Landmarks) -> list[Candidate]:
    """Return what of a candidate lies where sacrum and spine are, and each piece of the rest; nothing without either.

    Parameters
    ----------
    frame
        Of the hip that the candidate belongs to.
    """
    mask = candidate.mask
    points = points_of(region, candidate)
    lateral_mm = frame.lateral_of_sacrum_mm(points)
    there = (lateral_mm < 0.0) & frame.spine_or_sacrum(points)
    voxel_mm3 = region.grid.voxel_volume_mm3
    if there.sum() * voxel_mm3 < _LEAST_MM3 or np.abs(frame.from_midline_mm(points[there])).min() > _MIDDLE_MM:
        return []
    outside = np.zeros(mask.shape, bool)
    outside[mask] = ~there
    away = np.zeros(mask.shape, np.float32)
    away[mask] = lateral_mm
    pieces = label_components(outside.view(np.uint8), 1.0)
    rest = []
    for number in np.flatnonzero(pieces.count * voxel_mm3 >= _LEAST_REST_MM3):
        piece = pieces.paint(np.arange(len(pieces)) == number)
        if np.median(away[piece]) > _ALA_MM:
            rest.append(piece)
    if not rest:
        return []
    sacrum = mask & ~np.logical_or.reduce(rest)
    return [replace(candidate, mask=sacrum, is_split=True), *(replace(candidate, mask=piece) for piece in rest)]
