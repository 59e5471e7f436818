"""Whether soft tissue lies between a lesion and the bone that it seems to touch.

The scan blurs a cleft of 2 to 3 mm until both sides are joined at half their height. In the scan itself, along the way
from inside the bone to the lesion, it is a dip between two heights; where a lesion stands on bone there is none, and
its lucent core lies farther up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ho_detect.detection.measure.shape import bounding_box

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
#: Places of contact are looked at in cells so large, mm: one place alone is noise.
_CELL_MM = 8.0
#: From inside to outside of the native surface, in layers, mm; a way leads from a place of contact, so far beside it.
_FROM_MM, _TO_MM, _LAYER_MM, _BESIDE_MM = -5.0, 7.0, 0.75, 1.5
#: A layer with fewer voxels says nothing.
_LEAST = 6
#: A dip lies so far outside of the native surface, whose fit may be off by a millimetre, and between heights so far in
#: and out of it, mm.
_DIP_MM, _IN_MM, _OUT_MM = (-1.5, 2.0), 4.0, 3.75
#: It is lower than this share of the lower of both heights, over muscle, and that is at least so high, HU. Of 182
#: contacts of simulated lesions that stand on bone none is across such dips by more than 0.53 of its area.
_DEEP, _HIGH_HU = 0.4, 100.0
#: Without so large a share of it as low there is no cleft: most contacts are not looked at any closer.
_SOME_LOW = 0.2


@dataclass(frozen=True, eq=False)
class Clefts:
    """The clefts beneath a lesion's contact with one bone.

    Parameters
    ----------
    share
        Of the contact that lies across a cleft, 0 to 1.
    beneath
        (Z, Y, X) voxels on the bone's side of them.
    """

    share: float
    beneath: BoolArray


def clefts_beneath(
    hu: NDArray[np.int16],
    distance_mm: NDArray[np.float32],
    mask: BoolArray,
    contact: BoolArray,
    muscle_hu: float,
    spacing_mm: tuple[float, float, float],
) -> Clefts:
    """Look for clefts between a lesion and native bone.

    Parameters
    ----------
    hu
        (Z, Y, X) as scanned: what is smoothed has closed them.
    distance_mm
        (Z, Y, X) to the nearest native surface, positive outside.
    mask, contact
        (Z, Y, X) voxels of the lesion, and those of the bone that it touches, at least one.
    """
    beneath = np.zeros(mask.shape, bool)
    between = contact | (mask & (distance_mm < _DIP_MM[1]))
    height_hu = np.percentile(hu[mask], 90) - muscle_hu
    if (hu[between] < muscle_hu + _DEEP * height_hu).mean() < _SOME_LOW:
        return Clefts(0.0, beneath)
    near = bounding_box(contact, margin=math.ceil((_TO_MM + _BESIDE_MM) / min(spacing_mm)))
    hu, distance_mm, mask, contact = hu[near], distance_mm[near], mask[near], contact[near]
    places = np.argwhere(contact) * spacing_mm
    _, inverse = np.unique(np.floor(places / _CELL_MM), axis=0, return_inverse=True)
    cell = np.asarray(inverse).ravel()
    ways = (mask | contact | (distance_mm <= 0.0)) & (distance_mm > _FROM_MM) & (distance_mm < _TO_MM)
    voxels = np.argwhere(ways)
    away_mm, nearest = cKDTree(places).query(voxels * spacing_mm, distance_upper_bound=_TO_MM + _BESIDE_MM)
    depth_mm = distance_mm[ways].astype(float)
    # what is farther than that has no nearest place
    begin_mm = np.append(distance_mm[contact], 0.0)[nearest]
    on_way = away_mm < np.abs(depth_mm - begin_mm) + _BESIDE_MM
    voxels, depth_mm, cell_of = voxels[on_way], depth_mm[on_way], cell[np.asarray(nearest)[on_way]]
    height = hu[tuple(voxels.T)] - muscle_hu
    layer = ((depth_mm - _FROM_MM) / _LAYER_MM).astype(int)
    dip_mm = np.array([_dip_mm(height[cell_of == k], layer[cell_of == k]) for k in range(cell.max() + 1)])
    lowest_mm = np.where(np.isnan(dip_mm), -np.inf, dip_mm)
    beneath[near][tuple(voxels[depth_mm <= lowest_mm[cell_of]].T)] = True
    return Clefts(float(np.isfinite(dip_mm)[cell].mean()), beneath)


def _dip_mm(height: FloatArray, layer: NDArray[np.int64]) -> float:
    """Return how far outside of the native surface a cleft lies, mm; NaN where there is none."""
    n = round((_TO_MM - _FROM_MM) / _LAYER_MM)
    median = np.array([np.median(h) if len(h := height[layer == k]) >= _LEAST else np.nan for k in range(n)])
    at_mm = _FROM_MM + _LAYER_MM * (np.arange(n) + 0.5)
    seen = ~np.isnan(median)
    deepest, found_mm = _DEEP, float("nan")
    for dip, dip_mm in zip(median, at_mm, strict=True):
        inner, outer = seen & (at_mm < dip_mm) & (at_mm >= dip_mm - _IN_MM), seen & (at_mm > dip_mm)
        outer &= at_mm <= dip_mm + _OUT_MM
        if np.isnan(dip) or not _DIP_MM[0] <= dip_mm <= _DIP_MM[1] or not (inner.any() and outer.any()):
            continue
        lower = min(median[inner].max(), median[outer].max())
        if lower > _HIGH_HU and dip / lower < deepest:
            deepest, found_mm = dip / lower, float(dip_mm)
    return found_mm
