"""A planned ossification to its signed distances, in the room that bone, skin and vessels leave."""

from __future__ import annotations

import numpy as np

from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import SIDES, Side
from ho_detect.simulation.canvas import Canvas
from ho_detect.simulation.femur import neck_base, scale_of
from ho_detect.simulation.fields import Box, Field, box_of, smooth_noise
from ho_detect.simulation.growth_plans import Bridge, Encasing, Island, Ossification, Sheet, Spur
from ho_detect.simulation.muscles import Muscle, course
from ho_detect.simulation.render import render
from ho_detect.simulation.shapes import FAR, Ellipsoid, Frame, Shape, smooth_min, tube

#: Soft tissue left between a vessel and bone that grows around it, mm.
VESSEL_GAP_MM = np.float32(1.5)


def _nearest(canvas: Canvas, field: Field, target: FloatArray, *, half_mm: float = 110.0) -> FloatArray | None:
    """Return the point on a bone's surface nearest to a target, LPS mm, or None when none is in view."""
    box = box_of(canvas.grid, np.array([target - half_mm, target + half_mm]), 0.0)
    # nor where bone faces an implant inside of it
    near = np.argwhere((np.abs(field[box]) < canvas.width_mm) & (canvas.implant[box] > 2 * canvas.width_mm))
    points = canvas.grid.to_lps(near + [s.start for s in box])
    # bone grows beside the joint, not in it
    for side in SIDES:
        clear = canvas.person.hip(side).head_radius_mm + 7
        points = points[((points - canvas.frames.head_center(side)) ** 2).sum(1) > clear**2]
    if not len(points):
        return None
    best: FloatArray = points[np.argmin(((points - target) ** 2).sum(1))]
    return best


def _on_course(canvas: Canvas, side: Side, muscle: Muscle, along: float) -> tuple[FloatArray, FloatArray]:
    """Return a point on a muscle's course within reach of the hip and the direction of its fibres."""
    knots = course(canvas.person, canvas.frames, side, muscle)
    line = tube(knots, np.ones(len(knots)))
    away = np.sqrt(((line.samples - canvas.frames.head_center(side)) ** 2).sum(1))
    near = np.flatnonzero(away < max(95.0, away.min() + 15))
    i = near[min(int(along * len(near)), len(near) - 1)]
    return line.samples[i], line.axis[i]


def _in_muscle(canvas: Canvas, plan: Island, need_mm: float) -> tuple[FloatArray, FloatArray] | None:
    """Return a point well inside a muscle, near its course, with room to bone; or None when out of view."""
    target, fibre = _on_course(canvas, plan.side, plan.muscle, plan.along)
    box = box_of(canvas.grid, np.array([target - 45, target + 45]), 0.0)
    owned = canvas.muscles.of(plan.muscle, plan.side)[box] & (canvas.muscles.depth[box] < 0)
    owned &= (canvas.solid(box) > min(need_mm, FAR - 1)) & (canvas.skin[box] < -8)
    at = np.argwhere(owned)
    if not len(at):
        return None
    points = canvas.grid.to_lps(at + [s.start for s in box])
    away = np.sqrt(((points - target) ** 2).sum(1))
    # bone pushes vessels aside, it does not replace them
    away = np.where(canvas.vessels[box][owned] > min(need_mm, FAR - 1), away, away + 60)
    away = np.where(canvas.in_muscle[box][owned], away, away + 60)  # some of a muscle's room is fat under the skin
    cost = away + 1.5 * np.maximum(canvas.muscles.depth[box][owned], -12) + 4 * canvas.rng.random(len(at))
    return points[np.argmin(cost)], fibre


def _local_noise(canvas: Canvas, box: Box, length_mm: float) -> Field:
    return smooth_noise(canvas.rng, canvas.grid.crop(box), length_mm)


def _along(direction: FloatArray, at: FloatArray) -> Frame:
    """Return a frame whose third axis is ``direction``."""
    w = direction / np.sqrt((direction**2).sum())
    u = np.cross(w, [1.0, 0, 0] if abs(w[0]) < 0.8 else [0, 1.0, 0])
    u /= np.sqrt((u**2).sum())
    return Frame(np.stack([u, np.cross(w, u), w], axis=1), at)


def _island(canvas: Canvas, plan: Island) -> tuple[Box, Field] | None:
    radius = float((plan.volume_ml * 1000 / (4.19 * 1.6)) ** (1 / 3))
    spot = _in_muscle(canvas, plan, plan.clearance_mm + 0.7 * radius) or _in_muscle(canvas, plan, plan.clearance_mm + 2)
    if spot is None:
        return None
    center, fibre = spot
    p, q, r = (radius * np.array([1.0, 1.0, 1.6]) * canvas.rng.uniform(0.88, 1.12, 3)).tolist()
    box, d = render(Ellipsoid(_along(fibre, center), (p, q, r)), canvas.grid, margin_mm=max(6.0, 0.8 * radius))
    if not d.size:
        return None
    d = d + np.float32(0.16 * radius) * _local_noise(canvas, box, max(7.0, 1.1 * radius))
    free = np.maximum(plan.clearance_mm - canvas.solid(box), canvas.skin[box] + 6)
    free = np.maximum(free, VESSEL_GAP_MM - canvas.vessels[box])
    voxel, low, high = canvas.grid.voxel_volume_mm3, -radius, 0.8 * radius
    for _ in range(24):  # grow or shrink to the volume asked for
        middle = (low + high) / 2
        volume = float((np.maximum(d - np.float32(middle), free) < 0).sum()) * voxel
        low, high = (middle, high) if volume < plan.volume_ml * 1000 else (low, middle)
    grown: Field = np.maximum(d - np.float32(high), free)
    return box, grown


def _rod(
    canvas: Canvas, path: FloatArray, radii: FloatArray, warp: float, length_mm: float
) -> tuple[Box, Field] | None:
    shape: Shape = tube(path, radii)
    box, d = render(shape, canvas.grid, margin_mm=8.0)
    if not d.size:
        return None
    return box, d + np.float32(warp) * _local_noise(canvas, box, length_mm)


def _spur(canvas: Canvas, plan: Spur) -> tuple[Box, Field] | None:
    host = canvas.skeleton.femur[plan.side] if plan.origin == "femur" else canvas.skeleton.hip_bone[plan.side]
    other = canvas.skeleton.hip_bone[plan.side] if plan.origin == "femur" else canvas.skeleton.femur[plan.side]
    target, fibre = _on_course(canvas, plan.side, plan.muscle, plan.along)
    root = _nearest(canvas, host, target)
    if root is None:
        return None
    out = target - root + 0.4 * (root - canvas.frames.head_center(plan.side))
    out = out / max(float(np.sqrt((out**2).sum())), 1e-6)
    bend = fibre * (1 if plan.origin == "pelvis" else -1)
    t = np.linspace(-0.12, 1, 6)[:, None]
    path = root + plan.length_mm * (t * out + 0.35 * np.maximum(t, 0) ** 2 * bend)
    path[1:] += canvas.rng.normal(0, 0.03 * plan.length_mm, (5, 3))
    radii = plan.width_mm / 2 * np.array([1.15, 1.1, 1.0, 0.9, 0.75, 0.5])
    found = _rod(canvas, path, radii, 0.14 * plan.width_mm / 2, 9.0)
    if found is None:
        return None
    box, d = found
    grown: Field = np.maximum(d, np.float32(min(plan.gap_mm, FAR - 1)) - other[box])
    return box, grown


def _sheet(canvas: Canvas, plan: Sheet) -> tuple[Box, Field] | None:
    hip, frame = canvas.person.hip(plan.side), canvas.frames.femur[plan.side]
    toward = {"anterior": (0, -1, 0), "posterior": (0, 1, 0), "medial": (-1, 0, 0), "lateral": (1, 0, 0)}[plan.aspect]
    middle = neck_base(hip) + np.array([0, -6, -plan.below_mm]) * scale_of(hip) + np.array(toward) * (15 + plan.gap_mm)
    half = plan.width_mm / 2
    window = Ellipsoid(Frame(frame.rotation, frame.to_world(middle)), (half, half, plan.length_mm / 2))
    box, d = render(window, canvas.grid, margin_mm=6.0)
    if not d.size:
        return None
    thick = plan.thickness_mm / 2 + np.float32(0.18 * plan.thickness_mm) * _local_noise(canvas, box, 12.0)
    start = plan.gap_mm if plan.gap_mm > 0 else -1.0
    shell = np.abs(canvas.skeleton.femur[plan.side][box] - start - plan.thickness_mm / 2) - thick
    grown: Field = np.maximum(
        np.maximum(d + 1.5 * _local_noise(canvas, box, 10.0), shell), plan.gap_mm - canvas.bone[box]
    )
    return box, grown


def _bridge(canvas: Canvas, plan: Bridge) -> tuple[Box, Field] | None:
    side = plan.side
    middle, fibre = _on_course(canvas, side, plan.muscle, plan.along)
    upper = _nearest(canvas, canvas.skeleton.hip_bone[side], middle - 38 * fibre)
    lower = _nearest(canvas, canvas.skeleton.femur[side], middle + 42 * fibre)
    if upper is None or lower is None:
        return None
    inward = [p + 0.12 * (p - middle) for p in (upper, lower)]
    path = np.array([inward[0], (upper + 1.6 * middle) / 2.6, middle, (lower + 1.6 * middle) / 2.6, inward[1]])
    path[1:4] += canvas.rng.normal(0, 2.0, (3, 3))
    radii = plan.width_mm / 2 * canvas.rng.uniform(0.8, 1.1, 5)
    found = _rod(canvas, path, radii, 0.2 * plan.width_mm / 2, max(10.0, 0.7 * plan.width_mm))
    if found is None or plan.gap_mm <= 0:
        return found
    box, d = found
    kept = canvas.skeleton.femur[side] if plan.gap_at == "femur" else canvas.skeleton.hip_bone[side]
    grown: Field = np.maximum(d, np.float32(min(plan.gap_mm, FAR - 1)) - kept[box])
    return box, grown


def _encasing(canvas: Canvas, plan: Encasing) -> tuple[Box, Field] | None:
    """Return the union of a rod through each muscle, as wide where it is widest as asked for."""
    rods = []
    for muscle in plan.muscles:
        part = Bridge(side=plan.side, muscle=muscle, width_mm=plan.width_mm, along=plan.along)
        found = _bridge(canvas, part)
        if found is not None:
            rods.append(found)
    if not rods:
        return None
    a, b, c = (slice(min(r[0][i].start for r in rods), max(r[0][i].stop for r in rods)) for i in range(3))
    mass = np.full([s.stop - s.start for s in (a, b, c)], FAR, np.float32)
    for box, d in rods:
        inner = tuple(slice(s.start - t.start, s.stop - t.start) for s, t in zip(box, (a, b, c), strict=True))
        mass[inner] = smooth_min(mass[inner], d, 8.0)
    head = Ellipsoid.ball(canvas.frames.head_center(plan.side), canvas.person.hip(plan.side).head_radius_mm + 5)
    box, joint = render(head, canvas.grid, margin_mm=1.0)
    inside = [slice(max(s.start, t.start), min(s.stop, t.stop)) for s, t in zip(box, (a, b, c), strict=True)]
    if all(s.start < s.stop for s in inside):  # it grows around the joint, not in it
        here = tuple(slice(s.start - t.start, s.stop - t.start) for s, t in zip(inside, (a, b, c), strict=True))
        there = tuple(slice(s.start - t.start, s.stop - t.start) for s, t in zip(inside, box, strict=True))
        mass[here] = np.maximum(mass[here], -joint[there])
    return (a, b, c), mass


def grow(canvas: Canvas, plan: Ossification) -> tuple[Box, Field] | None:
    """Return signed distances to one ossification, mm, in a box of the canvas; None where it has no place in view."""
    match plan:
        case Island():
            return _island(canvas, plan)
        case Spur():
            return _spur(canvas, plan)
        case Sheet():
            return _sheet(canvas, plan)
        case Bridge():
            return _bridge(canvas, plan)
        case Encasing():
            return _encasing(canvas, plan)
