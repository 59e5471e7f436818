"""Candidates that touch each other to one: a bridge may stand out from two bones with a low saddle between."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ho_detect.detection.candidates import Candidate
from ho_detect.image.grid import FloatArray
from ho_detect.image.morphology import neighbours

Box = tuple[slice, slice, slice]


def merged(candidates: list[Candidate], voxel_mm2: float, contact_mm2: float) -> list[Candidate]:
    """Join candidates that are 26-neighbours over at least ``contact_mm2``, and those joined with them.

    Parameters
    ----------
    voxel_mm2
        Area of a voxel's face, for counting contacts.

    Returns
    -------
    As many or fewer, in the order of their first parts; one that touches none is the same object.
    """
    group = list(range(len(candidates)))
    for a, first in enumerate(candidates):
        for b in range(a):
            if group[a] != group[b] and _contact(first, candidates[b]) * voxel_mm2 >= contact_mm2:
                joined = {group[a], group[b]}
                group = [min(joined) if g in joined else g for g in group]
    return [
        _union([c for c, g in zip(candidates, group, strict=True) if g == number]) for number in dict.fromkeys(group)
    ]


def lies_beside(points: FloatArray, others: list[FloatArray], limit_mm: float) -> bool:
    """Whether any of (n, 3) points lies within a limit of any of several (m, 3) sets, mm."""
    tree = cKDTree(points)
    return any(bool(np.isfinite(tree.query(o, distance_upper_bound=limit_mm)[0]).any()) for o in others)


def _contact(a: Candidate, b: Candidate) -> int:
    """Voxels of ``b`` that are neighbours of ``a``."""
    wider = tuple(slice(max(s.start - 1, 0), s.stop + 1) for s in a.box)
    common = tuple(slice(max(s.start, t.start), min(s.stop, t.stop)) for s, t in zip(wider, b.box, strict=True))
    if any(s.start >= s.stop for s in common):
        return 0
    box = _hull([a.box, b.box])
    near = neighbours(_placed(a.mask, a.box, box))
    return int((near & _placed(b.mask, b.box, box)).sum())


def _union(parts: list[Candidate]) -> Candidate:
    if len(parts) == 1:
        return parts[0]
    box = _hull([p.box for p in parts])
    mask = np.logical_or.reduce([_placed(p.mask, p.box, box) for p in parts])
    cut_at_hu = min((p.boundary_hu for p in parts if p.boundary_hu is not None), default=None)
    return Candidate(box, mask, any(p.joined for p in parts), boundary_hu=cut_at_hu)


def _hull(boxes: list[Box]) -> Box:
    a, b, c = (slice(min(s.start for s in axis), max(s.stop for s in axis)) for axis in zip(*boxes, strict=True))
    return a, b, c


def _placed(mask: NDArray[np.bool_], box: Box, within: Box) -> NDArray[np.bool_]:
    """Return the mask of one box in the array of a box around it."""
    out = np.zeros([s.stop - s.start for s in within], bool)
    out[tuple(slice(s.start - w.start, s.stop - w.start) for s, w in zip(box, within, strict=True))] = mask
    return out
