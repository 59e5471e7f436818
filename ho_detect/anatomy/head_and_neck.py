"""Femoral head and neck by place: their surface, their interior, and how dense that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.acquisition.volume import HuVolume
from ho_detect.anatomy.hip_joint import HipJoint
from ho_detect.anatomy.native_bone import BoneDistance
from ho_detect.geometry import FloatArray

#: The neck is what of the femur lies so far from the head center, in head radii: a ball about the head cuts the femur
#: there through the neck alone; the tip of the greater trochanter lies at 1.8. Convention, seen on the mean of the
#: shape model.
_NECK_RADII = (1.2, 1.6)
#: Spongy bone begins so deep under the surface: past the cortex and its blur. Convention.
_CORTEX_MM = 4.0
#: With less of head or neck in view no mean is given. Convention.
_MIN_IN_VIEW = 0.95


@dataclass(frozen=True, eq=False)
class HeadAndNeck:
    """Points about 1.5 mm apart, (n, 3) LPS mm.

    Parameters
    ----------
    head, neck
        Inside of both, deeper than the cortex.
    head_surface, neck_surface
        On the surface of both.
    """

    head: FloatArray
    neck: FloatArray
    head_surface: FloatArray
    neck_surface: FloatArray


def head_and_neck(joint: HipJoint, femur: BoneDistance) -> HeadAndNeck:
    """Part the expected femur near its head by distance from the head center.

    Parameters
    ----------
    joint
        In view: with a center and a radius.
    femur
        Distance field of the same hip's femur.
    """
    center, radius_mm = np.array(joint.center_lps_mm), float(joint.head_radius_mm or 0.0)
    box = femur.grid.box_around(center, _NECK_RADII[1] * radius_mm + 2.0)
    grid, mm = femur.grid.crop(box), femur.mm[box]
    index = np.argwhere(mm <= 0.0)
    points, depth = grid.to_lps(index), -mm[tuple(index.T)]
    away = np.linalg.norm(points - center, axis=1) / radius_mm
    in_head, in_neck = away <= 1.0, (away >= _NECK_RADII[0]) & (away <= _NECK_RADII[1])
    deep, outermost = depth >= _CORTEX_MM, depth < grid.spacing_mm[0]
    surface = [
        points[part] + depth[part, None] * femur.outward(points[part])
        for part in (in_head & outermost, in_neck & outermost)
    ]
    return HeadAndNeck(points[in_head & deep], points[in_neck & deep], *surface)


def mean_hu(volume: HuVolume, points: FloatArray) -> float | None:
    """Mean HU at points, linear between voxels; None where fewer than 95 % of them are in view, or there are none."""
    index = volume.grid.to_index(points)
    inside = volume.grid.contains(points)
    if not len(points) or inside.mean() < _MIN_IN_VIEW:
        return None
    return float(sampled(volume, index[inside]).mean())


def sampled(volume: HuVolume, index: FloatArray) -> NDArray[np.float32]:
    """HU at (n, 3) fractional indices, linear between voxels, the nearest voxel's beyond the outermost centers."""
    low = np.maximum(np.floor(index.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(index.max(axis=0)).astype(int) + 1, volume.hu.shape)
    near = volume.hu[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    return np.asarray(ndi.map_coordinates(near, (index - low).T, output=np.float32, order=1, mode="nearest"))
