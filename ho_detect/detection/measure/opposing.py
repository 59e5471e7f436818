"""Gaps between lesions that grow towards each other, one from the femur and one from the pelvis."""

from __future__ import annotations

from itertools import combinations

import msgspec
import numpy as np

from ho_detect.detection.candidates import Candidate, Region
from ho_detect.detection.measure.gap import between_faces_mm
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.detection.measure.measure import with_reasons
from ho_detect.detection.measure.shape import outermost
from ho_detect.image.grid import FloatArray


def with_opposing_gaps(region: Region, lesions: list[Lesion], candidates: list[Candidate]) -> list[Lesion]:
    """Return the lesions with the smallest distance to what is grown from the opposing bone of the same hip.

    Between the faces of the nearest voxels: between their centers, less one voxel along that line.

    Parameters
    ----------
    candidates
        Of each lesion, its voxels.
    """
    gaps: dict[int, float] = {}
    for a, b in combinations(range(len(lesions)), 2):
        one, other = lesions[a], lesions[b]
        if one.side == other.side and {one.attached_to, other.attached_to} == {("femur",), ("pelvis",)}:
            mm = _gap_mm(region, candidates[a], candidates[b])
            for k in (a, b):
                gaps[k] = min(mm, gaps.get(k, np.inf))
    return [
        with_reasons(msgspec.structs.replace(lesion, gap_opposing_mm=round(gaps[k], 2))) if k in gaps else lesion
        for k, lesion in enumerate(lesions)
    ]


def _gap_mm(region: Region, one: Candidate, other: Candidate) -> float:
    return between_faces_mm(_outer(region, one), _outer(region, other), region.grid.affine[:3, :3])


def _outer(region: Region, candidate: Candidate) -> FloatArray:
    """Return the (n, 3) LPS mm of the outermost voxels."""
    return region.grid.crop(candidate.box).to_lps(np.argwhere(outermost(candidate.mask)))
