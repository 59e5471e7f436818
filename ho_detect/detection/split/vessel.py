"""Ossification that lies against a vessel with contrast medium, split from it.

Where vessels were followed their lumens are cut out; elsewhere what is thicker than a vessel is taken off the tube.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from scipy import ndimage as ndi

from ho_detect.anatomy.regions.vessels import FilledVessels, in_blood
from ho_detect.detection.candidates import Candidate, Region, points_of
from ho_detect.image.grid import FloatArray

#: A smaller part of a lumen is left where it is, mm³. Convention.
_LEAST_MM3 = 100.0
#: What is given back around a thick part, beyond its own depth, mm.
_RIM_MM = 1.0


def split_from_blood(region: Region, candidate: Candidate, filled: Collection[FilledVessels]) -> list[Candidate]:
    """Return a candidate's part in followed vessels, and the pieces beside it; none where it has no part there.

    Pieces smaller than what is split stay with the vessel: nothing is lost.
    """
    in_lumen = in_blood(filled, points_of(region, candidate)) if filled else np.zeros(0, bool)
    least = _LEAST_MM3 / region.grid.voxel_volume_mm3
    if in_lumen.sum() < least:
        return []
    outside = candidate.mask.copy()
    outside[candidate.mask] = ~in_lumen
    label, _ = ndi.label(outside)
    beside = [label == k for k in np.flatnonzero(np.bincount(label.ravel())[1:] >= least) + 1]
    if not beside:
        return []
    vessel = candidate.mask & ~np.any(beside, axis=0)
    return [replace(candidate, mask=mask, is_split=True) for mask in (vessel, *beside)]


def thicker_than_vessel(
    candidate: Candidate, spacing_mm: FloatArray, radius_mm: float
) -> tuple[list[Candidate], Candidate]:
    """Return the parts of a candidate that are thicker than a tube, and what is left of it.

    Parameters
    ----------
    spacing_mm
        (3,) of the mask's axes.
    radius_mm
        Of the largest vessel.
    """
    depth = ndi.distance_transform_edt(np.pad(candidate.mask, 1), sampling=spacing_mm)[1:-1, 1:-1, 1:-1]
    label, n = ndi.label(depth > radius_mm)
    if n == 0:
        return [], candidate
    deepest = ndi.maximum(depth, label, np.arange(n + 1))
    away, at = ndi.distance_transform_edt(label == 0, sampling=spacing_mm, return_indices=True)
    nearest = label[tuple(at)]
    own = candidate.mask & (away <= np.asarray(deepest)[nearest] + _RIM_MM)
    parts = [replace(candidate, mask=own & (nearest == k), is_split=True) for k in range(1, n + 1)]
    return parts, replace(candidate, mask=candidate.mask & ~own, is_split=True)
