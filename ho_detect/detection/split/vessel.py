"""Ossification that lies against a vessel with contrast medium, split from it: it is thicker than the vessel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage as ndi

from ho_detect.detection.candidates import Candidate
from ho_detect.image.grid import FloatArray

#: What is given back around a thick part, beyond its own depth, mm.
_RIM_MM = 1.0


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
