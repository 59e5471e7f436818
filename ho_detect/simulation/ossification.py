"""Heterotopic ossification painted into a body, and its voxels labelled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import Sector, Side
from ho_detect.simulation.canvas import Canvas
from ho_detect.simulation.fields import blend_in, coverage
from ho_detect.simulation.growth import VESSEL_GAP_MM, grow
from ho_detect.simulation.growth_plans import Ossification
from ho_detect.simulation.maturity import attenuation, ragged

#: Islets smaller than this are not part of a ragged lesion, mm3.
_ISLET_MM3 = 40.0


def _islets(mask: NDArray[np.bool_], least: float) -> NDArray[np.bool_]:
    """Return what of a mask is of at least so many voxels together."""
    from scipy.ndimage import label

    parts, _ = label(mask, np.ones((3, 3, 3), np.bool_))
    size = np.bincount(parts.ravel())
    size[0] = 0
    large: NDArray[np.bool_] = (size >= least)[parts]
    return large


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from scipy.ndimage import label

    parts, count = label(mask, np.ones((3, 3, 3), np.bool_))
    if count < 2:
        return mask
    size = np.bincount(parts.ravel())
    size[0] = 0
    largest: NDArray[np.bool_] = parts == int(np.argmax(size))
    return largest


def paint_ossification(canvas: Canvas, plan: Ossification) -> int | None:
    """Paint one ossification and label its voxels.

    Returns
    -------
    int or None
        Its label on the canvas, or None when none of it lies in view.
    """
    from scipy.ndimage import binary_dilation

    grown = grow(canvas, plan)
    if grown is None:
        return None
    box, d = grown
    if plan.maturity == "mixed":
        d = ragged(canvas.rng, canvas.grid.crop(box), d)
    d = np.maximum(np.maximum(d, canvas.skin[box] + 4), VESSEL_GAP_MM - canvas.vessels[box])
    solid = canvas.solid(box)
    mask = (d < 0) & (solid > 0) & (canvas.lesions[box] == 0)
    voxel = canvas.grid.voxel_volume_mm3
    mask = _islets(mask, _ISLET_MM3 / voxel) if plan.maturity == "mixed" else _largest(mask)
    if mask.sum() * voxel < _ISLET_MM3:
        return None
    share = coverage(d, canvas.width_mm) * (1 - coverage(solid, canvas.width_mm))
    share *= binary_dilation(mask, np.ones((3, 3, 3), np.bool_))
    blend_in(canvas.hu[box], attenuation(canvas.rng, canvas.grid.crop(box), d, plan.maturity), share)
    label = int(canvas.lesions.max()) + 1
    canvas.lesions[box][mask] = label
    return label


def axial_sector(side: Side, head_lps_mm: FloatArray, centroid_lps_mm: FloatArray) -> Sector:
    """Return the larger axial component of the centroid as seen from the head center.

    >>> axial_sector("left", np.zeros(3), np.array([5.0, -20.0, 90.0]))
    'anterior'
    """
    x, y = (centroid_lps_mm - head_lps_mm)[:2]
    if abs(y) >= abs(x):
        return "posterior" if y > 0 else "anterior"
    return "lateral" if (x > 0) == (side == "left") else "medial"
