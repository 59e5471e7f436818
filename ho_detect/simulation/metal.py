"""Metal in and beside the joint: an artificial joint, a nail with a screw into the head, and their streaks."""

from __future__ import annotations

import msgspec
import numpy as np

from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import Side
from ho_detect.simulation.canvas import Canvas
from ho_detect.simulation.femur import neck_base, scale_of
from ho_detect.simulation.fields import Field, axes_of, blend_in, coverage
from ho_detect.simulation.pelvis import socket_axis
from ho_detect.simulation.render import render
from ho_detect.simulation.shapes import Ellipsoid, Shape, tube

_METAL_HU = 9000.0


class Arthroplasty(msgspec.Struct, frozen=True, kw_only=True, tag="arthroplasty"):
    """A metal joint with its streaks."""

    side: Side


class Nail(msgspec.Struct, frozen=True, kw_only=True, tag="nail"):
    """A nail in the shaft with a screw into the head, and their streaks."""

    side: Side
    radius_mm: float = 5.5


def _streaks(canvas: Canvas, metal: Field) -> None:
    """Bright and dark bands in the slice plane through the metal."""
    x, y, _ = axes_of(canvas.grid)
    x, y = x[0], y[0]
    for k in range(canvas.grid.shape[0]):
        at = np.argwhere(metal[k] < 0)
        if not len(at):
            continue
        center = at.mean(0) * canvas.grid.spacing_mm[1:] + canvas.grid.affine[[1, 0], 3]
        dy, dx = y - center[0], x - center[1]
        fade = 1 / (1 + np.sqrt(dx * dx + dy * dy) / 35)
        for _ in range(14):
            n = canvas.rng.normal(0, 1, 2)
            n /= np.sqrt((n**2).sum())
            across = np.abs(n[0] * dx + n[1] * dy - canvas.rng.normal(0, 7))
            canvas.hu[k] += (float(canvas.rng.normal(-30, 260)) * fade * np.maximum(0, 1 - across / 5)).astype(
                np.float32
            )


def paint_arthroplasty(canvas: Canvas, plan: Arthroplasty) -> FloatArray:
    """Put a metal joint in place of head, neck and socket; return the center of its head, LPS mm."""
    side, hip = plan.side, canvas.person.hip(plan.side)
    frame, base = canvas.frames.femur[side], neck_base(hip)
    center = canvas.frames.head_center(side)
    axis = canvas.frames.socket[side].rotation @ socket_axis(canvas.person)
    out = hip.head_radius_mm + 2.5
    metal = np.full(canvas.grid.shape, 10.0, np.float32)
    stem = frame.to_world(base + np.array([[6, 0, 8], [1, -1, -30], [0, -6, -80], [0, -9, -125]]))
    parts: tuple[Shape, ...] = (
        Ellipsoid.ball(center, 15.0),
        tube([center, frame.to_world(base + np.array([6, 0, 8]))], [6.5, 7.5]),
        tube(stem, [9, 9, 7, 5]),
    )
    for shape in parts:
        box, d = render(shape, canvas.grid, margin_mm=8.0)
        if d.size:
            metal[box] = np.minimum(metal[box], d)
    box, d = render(Ellipsoid.ball(center, out), canvas.grid, margin_mm=4.0)
    if d.size:
        x, y, z = axes_of(canvas.grid, box)
        along = (x - center[0]) * axis[0] + (y - center[1]) * axis[1] + (z - center[2]) * axis[2]
        shell = np.maximum(np.abs(d + 2.0) - 2.0, along - 2.0).astype(np.float32)
        # the native head and neck are gone: a liner and fluid in their place
        gone = coverage(d, canvas.width_mm)
        blend_in(canvas.hu[box], 60.0, gone)
        canvas.skeleton.femur[side][box] = np.maximum(canvas.skeleton.femur[side][box], -d)
        canvas.bone[box] = np.maximum(canvas.bone[box], -d)
        metal[box] = np.minimum(metal[box], shell)
    _streaks(canvas, metal)
    _implant(canvas, side, metal)
    return center


def paint_nail(canvas: Canvas, plan: Nail) -> FloatArray:
    """Put a nail into the shaft and a screw through it into the head; return where they cross, LPS mm."""
    side, hip = plan.side, canvas.person.hip(plan.side)
    frame, base, k = canvas.frames.femur[side], neck_base(hip), scale_of(hip)
    center = canvas.frames.head_center(side)
    shaft = np.array([[12, 4, 34], [5, 0, 0], [0, -5, -60], [0, -9, -130], [0, -8, -230]]) * k
    crossing = frame.to_world(base + np.array([2, 0, -10]) * k)
    entry = frame.to_world(base + np.array([19, 0, -26]) * k)
    tip = center + 0.35 * (center - crossing) * (hip.head_radius_mm / float(np.linalg.norm(center - crossing)))
    metal = np.full(canvas.grid.shape, 10.0, np.float32)
    nail = tube(frame.to_world(base + shaft), plan.radius_mm * np.array([1.25, 1.2, 1, 1, 1]))
    for shape in (nail, tube([entry, crossing, tip], np.full(3, 0.85 * plan.radius_mm))):
        box, d = render(shape, canvas.grid, margin_mm=8.0)
        if d.size:
            metal[box] = np.minimum(metal[box], d)
    _streaks(canvas, metal)
    _implant(canvas, side, metal)
    return crossing


def _implant(canvas: Canvas, side: Side, metal: Field) -> None:
    canvas.hu += (np.float32(_METAL_HU) - canvas.hu) * coverage(metal, canvas.width_mm)
    canvas.skeleton.femur[side][...] = np.maximum(canvas.skeleton.femur[side], -metal)
    canvas.skeleton.hip_bone[side][...] = np.maximum(canvas.skeleton.hip_bone[side], -metal)
    canvas.metal.append(metal)
