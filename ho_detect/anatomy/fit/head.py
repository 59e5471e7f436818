"""A sphere refined on the edges of the femoral head, from the socket also where the fitted femur has missed it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ho_detect.anatomy.fit.shape_fit import edges_along
from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.image.grid import FloatArray, Sphere

#: How far along the radius edges are looked for, round after round, mm; convention, as in the fit of surfaces.
_REACHES_MM = (5.0, 4.0, 3.0, 3.0, 2.5, 2.5, 2.5)
#: Femoral heads of adults, and of what is taken for one on the way, mm.
_RADII_MM = (16.0, 30.0)
#: An edge so near is the head's, mm.
_ON_SPHERE_MM = 1.0
#: Pull towards no change: holds what few edges leave open.
_RIDGE_CENTER, _RIDGE_RADIUS = 1e-3, 1.0


@dataclass(frozen=True, eq=False)
class RefinedHead:
    """A sphere, and the share of its surface in view that has an edge within 1 mm."""

    sphere: Sphere
    seen: float


def refined_head(volume: WorkingVolume, start: Sphere, directions: FloatArray) -> RefinedHead:
    """Move and resize a sphere to the edges around it, robustly.

    Parameters
    ----------
    volume
        HU near the hip.
    start
        Within some 5 mm.
    directions
        (D, 3) LPS unit vectors from the center to the joint surface: away from the neck.
    """
    center, radius_mm = np.asarray(start.center_lps_mm, np.float64), start.radius_mm
    design = np.column_stack([directions, np.ones(len(directions))])
    ridge = np.diag([_RIDGE_CENTER] * 3 + [_RIDGE_RADIUS])
    for reach_mm in _REACHES_MM:
        offset, _ = _edges(volume, center, radius_mm, directions, reach_mm)
        seen = ~np.isnan(offset)
        residual = np.where(seen, offset, 0.0)
        trust = np.where(seen, np.maximum(1.0 - (residual / (0.9 * reach_mm)) ** 2, 0.0) ** 2, 0.0)
        weighed = design * trust[:, None]
        change = np.linalg.solve(design.T @ weighed + ridge, weighed.T @ residual)
        center, radius_mm = center + change[:3], float(np.clip(radius_mm + change[3], *_RADII_MM))
    offset, strength = _edges(volume, center, radius_mm, directions, _REACHES_MM[-1])
    in_view = ~np.isnan(strength)
    near = np.abs(np.nan_to_num(offset, nan=np.inf)) < _ON_SPHERE_MM
    return RefinedHead(Sphere(center, radius_mm), float((near & in_view).sum() / max(int(in_view.sum()), 1)))


def _edges(
    volume: WorkingVolume, center: FloatArray, radius_mm: float, directions: FloatArray, reach_mm: float
) -> tuple[FloatArray, FloatArray]:
    whole = np.ones(len(directions), bool)
    return edges_along(volume, center + radius_mm * directions, directions, whole, whole, reach_mm)
