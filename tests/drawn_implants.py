"""Implants drawn into the left hip of the person of :mod:`model_hips`: each part a shape, blurred a little."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
from made_detection import anatomy
from phantoms import volume
from scipy import ndimage as ndi

from ho_detect.anatomy.metal.parts import find_parts
from ho_detect.anatomy.metal.voxels import find_metal_voxels
from ho_detect.image.grid import Grid
from ho_detect.settings import AnatomySettings

HIP = anatomy("left")
HEAD = HIP.center_lps_mm
#: The shaft, from the height of the lesser trochanter down to where it was last seen.
DOWN, END = HIP.shaft.axis, HIP.shaft.end_lps_mm
#: From the trochanter down the canal.
IN_CANAL = (END - 135 * DOWN, END - 20 * DOWN)
GRID = Grid.axial((150, 130, 130), (1.5, 1.0, 1.0), (40.0, -60.0, -165.0))
_AT = GRID.to_lps(np.argwhere(np.ones(GRID.shape, bool)))


def rod(start, end, radius):
    """A cylinder with round ends."""
    start, way = np.array(start, float), np.subtract(end, start)
    share = np.clip((_AT - start) @ way / (way @ way), 0, 1)
    return np.linalg.norm(_AT - start - share[:, None] * way, axis=1) <= radius


def bar(start, end, across, half_width, half_thickness):
    """A flat bar, wide along ``across``."""
    way = np.subtract(end, start)
    axis = way / np.linalg.norm(way)
    wide = across - (across @ axis) * axis
    wide /= np.linalg.norm(wide)
    local = (_AT - start) @ np.stack([axis, wide, np.cross(axis, wide)]).T
    inside = (local[:, 0] >= 0) & (local[:, 0] <= np.linalg.norm(way))
    return inside & (np.abs(local[:, 1]) <= half_width) & (np.abs(local[:, 2]) <= half_thickness)


def ball(radius, center=HEAD):
    """A ball."""
    return np.linalg.norm(_AT - center, axis=1) <= radius


def shell(outer, inner, axis, center=HEAD):
    """Half a hollow ball that opens along an axis."""
    away = np.linalg.norm(_AT - center, axis=1)
    return (away <= outer) & (away >= inner) & ((_AT - center) @ axis <= 0)


def loop(center, radius, wire=1.4):
    """A level ring of wire."""
    way = _AT - center
    return np.hypot(np.hypot(way[:, 0], way[:, 1]) - radius, way[:, 2]) <= wire


def scanned(*shapes, hu=8000.0, top=3071.0, blur_mm=0.7):
    """A CT of the shapes in muscle, clipped as 12 bits do unless ``top`` is higher."""
    inside = np.any([np.zeros(len(_AT), bool), *shapes], axis=0).reshape(GRID.shape)
    spread = [blur_mm / s for s in GRID.spacing_mm]
    return volume(np.minimum(ndi.gaussian_filter(np.where(inside, hu, 55.0), spread), top), grid=GRID)


def parts_of(ct, hips=None, head_mm=None):
    """The parts found in a CT, in the left hip; with the radius of a head of metal that hip is replaced."""
    hips = (replaced(HIP, head_mm),) if hips is None else hips
    metal = find_metal_voxels(ct, AnatomySettings())
    return find_parts(ct, metal, metal.pieces.count * ct.grid.voxel_volume_mm3 >= 150.0, hips)


def replaced(hip, head_mm):
    """That hip with a head of metal; as it is without."""
    if head_mm is None:
        return hip
    return replace(hip, joint=msgspec.structs.replace(hip.joint, head_radius_mm=head_mm), replaced=True)


def moved(hip, by_mm):
    """That hip elsewhere."""
    center = tuple((hip.center_lps_mm + by_mm).tolist())
    bones = {
        name: replace(getattr(hip, name), vertices=getattr(hip, name).vertices + by_mm)
        for name in ("femur", "hip_bone")
    }
    shaft = replace(hip.shaft, end_lps_mm=hip.shaft.end_lps_mm + by_mm)
    return replace(hip, joint=msgspec.structs.replace(hip.joint, center_lps_mm=center), shaft=shaft, **bones)


#: Out of a cup that looks down, to the side and forward.
OPENING = np.array([0.6, -0.4, -0.7]) / np.linalg.norm([0.6, -0.4, -0.7])
_NECK_END = IN_CANAL[0] + 25 * DOWN
STEM = rod(HEAD, _NECK_END, 6.0) | rod(_NECK_END, IN_CANAL[1], 6.5)
NAIL = rod(*IN_CANAL, 5.5)
#: From the middle of the canal into the head.
HEAD_SCREW = rod(IN_CANAL[0] + 60 * DOWN, HEAD, 4.5)
LATERAL = np.array([1.0, 0.0, 0.0])


def lateral_of(share):
    """Where a plate lies: off the lateral surface of the femur, a share of the way down the canal."""
    middle = IN_CANAL[0] + share * (IN_CANAL[1] - IN_CANAL[0])
    vertices = HIP.femur.vertices
    near = vertices[np.abs(vertices[:, 2] - middle[2]) < 4.0]
    return np.array([near[:, 0].max() + 3.0, middle[1], middle[2]])


PLATE_ENDS = lateral_of(0.5), lateral_of(0.95)
PLATE = bar(*PLATE_ENDS, np.array([0.0, 1.0, 0.0]), 7.5, 2.4)
PLATE_SCREWS = tuple(
    (p := PLATE_ENDS[0] + share * (PLATE_ENDS[1] - PLATE_ENDS[0]), p - 34 * LATERAL) for share in (0.25, 0.6, 0.9)
)
