"""Femoral head and neck by place: their surface, their interior, and how dense that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.hip_joint import HipJoint
from ho_detect.anatomy.native.surfaces import BoneDistance
from ho_detect.image.grid import FloatArray
from ho_detect.settings import JointSettings


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


def head_and_neck(joint: HipJoint, femur: BoneDistance, settings: JointSettings) -> HeadAndNeck:
    """Part the expected femur near its head by distance from the head center.

    Parameters
    ----------
    joint
        With a center; without a radius there is no head, and no points.
    femur
        Distance field of the same hip's femur.
    """
    if joint.head_radius_mm is None:
        none = np.empty((0, 3))
        return HeadAndNeck(none, none, none, none)
    center, radius_mm = np.array(joint.center_lps_mm), joint.head_radius_mm
    near, far = settings.neck_radii
    box = femur.grid.box_around(center, far * radius_mm + 2.0)
    grid, mm = femur.grid.crop(box), femur.mm[box]
    index = np.argwhere(mm <= 0.0)
    points, depth = grid.to_lps(index), -mm[tuple(index.T)]
    away = np.linalg.norm(points - center, axis=1) / radius_mm
    in_head, in_neck = away <= 1.0, (away >= near) & (away <= far)
    deep, outermost = depth >= settings.cortex_mm, depth < grid.spacing_mm[0]
    surface = [
        points[part] + depth[part, None] * femur.outward(points[part])
        for part in (in_head & outermost, in_neck & outermost)
    ]
    return HeadAndNeck(points[in_head & deep], points[in_neck & deep], *surface)


def mean_hu(volume: HuVolume, points: FloatArray, least_in_view: float) -> float | None:
    """Mean HU at points, linear between voxels; None where too small a share of them is in view, or there are none."""
    index = volume.grid.to_index(points)
    inside = volume.grid.contains(points)
    if not len(points) or inside.mean() < least_in_view:
        return None
    return float(sampled(volume, index[inside]).mean())


def sampled(volume: HuVolume, index: FloatArray) -> NDArray[np.float32]:
    """HU at (n, 3) fractional indices, linear between voxels, the nearest voxel's beyond the outermost centers."""
    low = np.maximum(np.floor(index.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(index.max(axis=0)).astype(int) + 1, volume.hu.shape)
    near = volume.hu[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    return np.asarray(ndi.map_coordinates(near, (index - low).T, output=np.float32, order=1, mode="nearest"))
