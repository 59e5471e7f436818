"""A part of an implant as the record has it: its name, extent and axis."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.metal.cells import CELL_MM, CELL_MM3
from ho_detect.anatomy.metal.cup import Cup
from ho_detect.anatomy.metal.follow_rod import Rod
from ho_detect.anatomy.metal.record import ImplantPart, PartKind
from ho_detect.anatomy.metal.wires import circle_of
from ho_detect.image.grid import FloatArray, Sphere
from ho_detect.image.sides import Point, Side

#: A plate is so much wider than thick, and so wide, mm: plates of the hip are 10 to 20 mm wide and 3 to 6 mm thick;
#: blooming makes them thicker.
_PLATE_RATIO, _PLATE_MM = 1.7, 11.0
#: A nail or a plate of the femur is so long and wide, mm, and runs so nearly along the shaft, degrees.
_LONG_MM, _WIDE_MM, _ALONG_SHAFT_DEG = 50.0, 7.0, 25.0
#: A plate runs less deep in bone, mm; the depth is looked at in so many places.
_ON_BONE_MM, _SAMPLES = 4.0, 21
#: A rod that is thinner than this, with its blooming, is a wire: those of bone have up to 2.5 mm diameter. mm
_WIRE_MM = 3.5
#: The length of a part leaves so much out at either end.
_ENDS = (0.005, 0.995)


def described_ball(points: FloatArray, head: Sphere, side: Side) -> ImplantPart:
    """Return a head. Its points are (n, 3) LPS mm, one for each cube."""
    return _part("head", side, points, head, None)


def described_cup(points: FloatArray, cup: Cup, side: Side) -> ImplantPart:
    """Return a cup with the axis out of its opening."""
    return _part("cup", side, points, cup.outside, _point(cup.axis))


def described_rod(rod: Rod, points: FloatArray, hips: tuple[HipAnatomy, ...]) -> ImplantPart:
    """Return a nail, plate, screw or wire.

    Parameters
    ----------
    points
        (n, 3) LPS mm of what is in it.
    hips
        In view.
    """
    return _extended(_kind_of(rod, hips), _nearest(hips, points).joint.side, points, rod)


def described_wire(points: FloatArray, hips: tuple[HipAnatomy, ...]) -> ImplantPart:
    """Return a loop of wire: its axis is the normal of its plane, its radius that of the loop."""
    center, normal, flat = circle_of(points)
    loop = Sphere(center, float(np.linalg.norm(flat, axis=1).mean()))
    side = _nearest(hips, points).joint.side
    return _part("wire", side, points, loop, _point(_down(normal)))


def described_stem(points: FloatArray, side: Side) -> ImplantPart:
    """Return a stem with its neck: the axis is that of most of its metal."""
    return _extended("stem", side, points, None)


def described_other(points: FloatArray, hips: tuple[HipAnatomy, ...]) -> ImplantPart:
    """Return what has none of the shapes."""
    return _extended("other", _nearest(hips, points).joint.side, points, None)


def _kind_of(rod: Rod, hips: tuple[HipAnatomy, ...]) -> PartKind:
    wide, thick = 2 * rod.half_mm
    if np.sqrt(wide * thick) < _WIRE_MM:
        return "wire"
    hip = _nearest(hips, rod.ends)
    on_bone = _depth_mm(rod, hip) < _ON_BONE_MM
    along = abs(float(rod.frame[0] @ hip.shaft.axis)) > np.cos(np.radians(_ALONG_SHAFT_DEG))
    if along and rod.length_mm >= _LONG_MM and wide >= _WIDE_MM:
        if on_bone:
            return "plate"
        if not hip.replaced:
            return "nail"
    # streaks in the slice make screws flat too, but those lie in bone
    return "plate" if on_bone and wide >= _PLATE_MM and wide > _PLATE_RATIO * thick else "screw"


def _depth_mm(rod: Rod, hip: HipAnatomy) -> float:
    """Return how deep in the nearest bone the middle of a rod runs, median along it; negative outside."""
    middle = rod.ends[0] + np.linspace(0.0, 1.0, _SAMPLES)[:, None] * (rod.ends[1] - rod.ends[0])
    vertices = np.concatenate([hip.femur.vertices, hip.hip_bone.vertices])
    normals = np.concatenate([hip.femur.normals, hip.hip_bone.normals])
    nearest = cKDTree(vertices).query(middle)[1]
    return float(np.median(((vertices[nearest] - middle) * normals[nearest]).sum(axis=1)))


def _nearest(hips: tuple[HipAnatomy, ...], points: FloatArray) -> HipAnatomy:
    center = points.mean(axis=0)
    return min(hips, key=lambda hip: float(np.linalg.norm(hip.center_lps_mm - center)))


def _extended(kind: PartKind, side: Side, points: FloatArray, rod: Rod | None) -> ImplantPart:
    """Return a part with the extent of its points along its axis."""
    center = points.mean(axis=0)
    value, vector = np.linalg.eigh(np.cov((points - center).T))
    axis = _down(vector[:, 2] if rod is None else rod.frame[0])
    along = (points - center) @ axis
    low, high = np.quantile(along, _ENDS)
    if rod is not None:
        # what crosses it belongs to another part, and so moves the mean
        center = center + (low + high) / 2 * axis
    half_mm = 2.0 * float(np.sqrt(max(value[1], 0.0))) if rod is None else float(rod.half_mm[0])
    return ImplantPart(
        kind=kind,
        side=side,
        volume_mm3=round(len(points) * CELL_MM3, 1),
        length_mm=round(float(high - low) + CELL_MM, 1),
        center_lps_mm=_point(center),
        axis_lps=_point(axis),
        radius_mm=round(half_mm, 1),
    )


def _part(kind: PartKind, side: Side, points: FloatArray, sphere: Sphere, axis: Point | None) -> ImplantPart:
    """Return a part that has a center and a radius."""
    return ImplantPart(
        kind=kind,
        side=side,
        volume_mm3=round(len(points) * CELL_MM3, 1),
        length_mm=round(2 * sphere.radius_mm, 1),
        center_lps_mm=_point(sphere.center_lps_mm),
        axis_lps=axis,
        radius_mm=round(sphere.radius_mm, 1),
    )


def _down(axis: FloatArray) -> FloatArray:
    """Return an axis as it points down; a level one as it points to the back, or to the left."""
    for component, sign in ((2, -1.0), (1, 1.0), (0, 1.0)):
        if abs(axis[component]) > 1e-6:
            return np.asarray(axis * sign * np.sign(axis[component]))
    return axis


def _point(values: FloatArray) -> Point:
    x, y, z = (round(float(v), 3) for v in values)
    return x, y, z
