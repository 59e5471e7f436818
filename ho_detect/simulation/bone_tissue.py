"""Bone with cortex and marrow, worn at the joint, and the cartilage between the two bones."""

from __future__ import annotations

import numpy as np

from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import SIDES, Side
from ho_detect.simulation.canvas import Canvas
from ho_detect.simulation.femur import neck_base, scale_of
from ho_detect.simulation.fields import Box, Field, axes_of, blend_in, box_of, coverage, smooth_noise
from ho_detect.simulation.pelvis import socket_radius


def _cortex(canvas: Canvas, side: Side, box: Box) -> tuple[Field, FloatArray]:
    """Cortical thickness of a femur at every voxel of a box, mm, and height above where neck and shaft meet."""
    hip, k = canvas.person.hip(side), scale_of(canvas.person.hip(side))
    x, y, z = axes_of(canvas.grid, box)
    _, _, up = canvas.frames.femur[side].to_local(*np.broadcast_arrays(x, y, z))
    up = (up - neck_base(hip)[2]) / k
    thick = np.interp(up, [-150, -90, -50, -20, 0, 20, 60], [6.0, 5.6, 4.2, 2.4, 1.8, 1.3, 1.2])
    return (thick * k * (0.6 + 0.4 * min(canvas.person.bone_density, 1.0))).astype(np.float32), up


def _box_inside(field: Field, margin_mm: float) -> Box:
    """Return the part of a grid that holds all within a margin of what is inside of a signed distance."""
    near = field < margin_mm
    along = (near.any(axis=(1, 2)), near.any(axis=(0, 2)), near.any(axis=(0, 1)))
    ends = [np.flatnonzero(a) for a in along]
    a, b, c = (slice(int(e[0]), int(e[-1]) + 1) if len(e) else slice(0, 0) for e in ends)
    return a, b, c


def paint_bone(canvas: Canvas) -> None:
    """Paint native bone over what is there."""
    person, rng, h, skeleton = canvas.person, canvas.rng, canvas.width_mm, canvas.skeleton
    density = person.bone_density
    texture = smooth_noise(rng, canvas.grid, 3.0) * np.float32(0.8) + smooth_noise(rng, canvas.grid, 9.0) * np.float32(
        0.5
    )
    compact = 480 + 800 * density

    def lay(box: Box, bone: Field, shell: Field | float, marrow: Field) -> None:
        share = coverage(bone[box], h)
        blend_in(canvas.hu[box], marrow, share)
        blend_in(canvas.hu[box], compact, share - coverage(bone[box] + shell, h))

    def loaded(side: Side, box: Box) -> tuple[Field, Field]:
        """Distance to the head's center, and how much denser the worn bone above the joint is."""
        hip, center = person.hip(side), canvas.frames.head_center(side)
        x, y, z = axes_of(canvas.grid, box)
        r = np.sqrt((x - center[0]) ** 2 + (y - center[1]) ** 2 + (z - center[2]) ** 2).astype(np.float32)
        load = np.clip(1 - np.abs(r - hip.head_radius_mm - 4) / 12, 0, 1) * (z > center[2] + 4)
        return r, np.float32(90 + 420 * hip.arthritis) * load

    box = _box_inside(skeleton.axial, h)
    lay(box, skeleton.axial, 1.1, (density * (130 + 55 * texture[box])).astype(np.float32))
    for side in SIDES:
        hip = person.hip(side)
        box = _box_inside(skeleton.hip_bone[side], h)
        r, worn = loaded(side, box)
        shell = np.where(np.abs(r - socket_radius(hip)) < 5, np.float32(1.3 + 0.8 * hip.arthritis), np.float32(1.2))
        lay(box, skeleton.hip_bone[side], shell, (density * (150 + 60 * texture[box] + worn)).astype(np.float32))
        box = _box_inside(skeleton.femur[side], h)
        r, worn = loaded(side, box)
        thick, up = _cortex(canvas, side, box)
        marrow = density * (
            150 + 65 * texture[box] + 190 * np.clip(1 - r / (hip.head_radius_mm * 1.15), 0, 1) ** 0.5 + 0.6 * worn
        )
        canal = np.clip((-18 - up) / 40, 0, 1)
        marrow = marrow * (1 - canal) + (-55 + 18 * texture[box]) * canal
        lay(box, skeleton.femur[side], thick, marrow.astype(np.float32))
        # cartilage and joint fluid between the two
        center = canvas.frames.head_center(side)
        box = box_of(canvas.grid, np.array([center, center]), socket_radius(hip) + 2)
        r, _ = loaded(side, box)
        gap = (r > hip.head_radius_mm) & (r < socket_radius(hip) + 2) & (canvas.bone[box] > 0)
        gap &= (skeleton.hip_bone[side][box] < 6) & (skeleton.femur[side][box] < 6)
        canvas.hu[box][gap & (canvas.hu[box] < 70)] = 75
