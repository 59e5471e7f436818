"""The last step of a fit: smooth deformations that the few people of the shape model do not have.

A Gaussian process over the surface (Lüthi et al. 2018, IEEE TPAMI 40:1860) stands for what a model of 26 people lacks.
Edges that lie within the surface lead it: where it runs through soft tissue it is wrong, while bone outside of it may
have grown there.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from scipy.spatial.distance import cdist

from ho_detect.anatomy.fit.cover import beneath_cover
from ho_detect.anatomy.fit.shape_fit import Pose, SurfaceFit, described, edges_along, placed_at, step, trusted
from ho_detect.anatomy.fit.shape_model import BoneModel, femur_model, hip_bone_model
from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import Bone, Side, mirror_of

#: Standard deviation of a deformation, and over what distance places move together, mm. Convention.
_SD_MM, _TOGETHER_MM = 6.0, 45.0
#: So many of its modes hold nearly all of its variance.
_MODES = 60
#: The modes are those of about so many places of the surface.
_PLACES = 250
#: How far within the surface edges are looked for in each round, mm.
_WITHIN_MM = (10.0, 10.0, 8.0, 8.0, 6.0, 6.0, 5.0, 5.0)
#: ... of the femoral head, mm: deeper edges are those of its dense trabeculae, or of sclerosis.
_WITHIN_HEAD_MM = 4.5
#: How far outside of it they are followed, mm: the hip bone's wing is so thin that a wrong surface can lie beside both
#: of its cortices. Convention, chosen on simulated hips.
_OUTSIDE_MM: dict[Bone, tuple[float, ...]] = {
    "femur": (2.5,) * 8,
    "pelvis": (8.0, 8.0, 6.0, 5.0, 4.0, 3.0, 2.5, 2.5),
}


@lru_cache(maxsize=2)
def smooth_modes(model: BoneModel) -> FloatArray:
    """Return (K, V, 3) deformations of the surface of a model, mm per standard deviation, largest first."""
    some = model.mean[:: max(1, len(model.mean) // _PLACES)]
    covariance = np.exp(-0.5 * (cdist(model.mean, some) / _TOGETHER_MM) ** 2)
    value, vector = np.linalg.eigh(np.exp(-0.5 * (cdist(some, some) / _TOGETHER_MM) ** 2))
    value, vector = value[::-1][: _MODES // 3], vector[:, ::-1][:, : _MODES // 3]
    each = _SD_MM * covariance @ (vector / np.sqrt(value))  # Nyström's extension from some places to all
    modes = np.zeros((_MODES // 3, 3, len(model.mean), 3))
    for axis in range(3):
        modes[:, axis, :, axis] = each.T
    return np.ascontiguousarray(modes.reshape(-1, len(model.mean), 3))


def refined(volume: WorkingVolume, bone: Bone, fit: SurfaceFit, side: Side) -> SurfaceFit:
    """Return a fit whose surface has been moved smoothly to where the image shows the bone."""
    model, mirror = (femur_model() if bone == "femur" else hip_bone_model()), mirror_of(side)
    middle = fit.vertices.mean(axis=0) * mirror
    start = replace(model, mean=fit.vertices * mirror - middle, modes=smooth_modes(model))
    pose, weights = Pose(np.eye(3), 1.0, middle), np.zeros(_MODES)
    first = model.joint & (bone == "femur")
    for within_mm, outside_mm in zip(_WITHIN_MM, _OUTSIDE_MM[bone], strict=True):
        placed = placed_at(start, weights, pose)
        vertices, normals = placed.vertices * mirror, placed.normals * mirror
        offset, strength = edges_along(volume, vertices, normals, model.joint, first, within_mm)
        if first.any():
            offset[first], strength[first] = edges_along(
                volume, vertices[first], normals[first], model.joint[first], first[first], _WITHIN_HEAD_MM
            )
        if bone == "femur":
            offset = beneath_cover(volume, vertices, normals, offset)
        seen = ~np.isnan(offset)
        residual = np.where(seen, offset, 0.0)
        deepest = np.where(first, _WITHIN_HEAD_MM, within_mm)
        cut = np.where(residual > 0, outside_mm, 1.1 * deepest)
        pose, weights = step(start, placed, weights, _MODES, residual, trusted(residual, cut, seen, strength))
    fit = described(volume, start, placed_at(start, weights, pose), mirror, first)
    if bone == "femur":
        return replace(fit, offset_mm=beneath_cover(volume, fit.vertices, fit.normals, fit.offset_mm))
    return fit
