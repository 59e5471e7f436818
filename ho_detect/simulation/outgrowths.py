"""Native bone that is not smooth: osteophytes around the joint and spikes where tendons insert."""

from __future__ import annotations

import numpy as np

from ho_detect.image.grid import FloatArray, Grid
from ho_detect.image.sides import Side
from ho_detect.simulation.femur import neck_base
from ho_detect.simulation.fields import Field, axes_of
from ho_detect.simulation.pelvis import socket_axis, socket_radius
from ho_detect.simulation.person import Person
from ho_detect.simulation.render import render
from ho_detect.simulation.shapes import Ellipsoid, Frame, Shape, smooth_min, tube

#: Semi-axis of an osteophyte, and length and radius of an enthesophyte, mm.
_OSTEOPHYTE_MM, _SPIKE_MM, _SPIKE_RADIUS_MM = (3.0, 8.0), (5.0, 12.0), (1.5, 2.8)
#: Room left to the other bone of the joint, mm.
_ROOM_MM = 1.2
#: Tendons insert so far from the head center, mm.
_INSERTIONS_MM = (42.0, 88.0)


def grow_outgrowths(
    person: Person, side: Side, joint: tuple[Frame, Frame], bones: tuple[Field, Field], grid: Grid, seed: int
) -> None:
    """Add the osteophytes and enthesophytes of one hip to its bones, in place.

    Parameters
    ----------
    joint
        Frames of the socket and of the femur.
    bones
        float32 on ``grid``: signed distance of the hip bone and of the femur, mm.
    seed
        Of the choice of places and sizes.
    """
    hip = person.hip(side)
    rng = np.random.default_rng([seed, 3 if side == "left" else 4])
    hip_bone, femur = bones
    socket, thigh = joint
    for _ in range(hip.osteophytes):
        on_femur = bool(rng.random() < 0.4)
        host, other = (femur, hip_bone) if on_femur else (hip_bone, femur)
        at = _collar_point(person, side, thigh, rng) if on_femur else _rim_point(person, side, socket, rng)
        p, q, r = (rng.uniform(*_OSTEOPHYTE_MM) * rng.uniform(0.7, 1.1, 3)).tolist()
        turned, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        _join(host, other, Ellipsoid(Frame(turned, at), (p, q, r)), grid)
    for _ in range(hip.enthesophytes):
        on_femur = bool(rng.random() < 0.5)
        host, other = (femur, hip_bone) if on_femur else (hip_bone, femur)
        root = _insertion(host, thigh.origin, grid, rng)
        if root is not None:
            out = (root - thigh.origin) / float(np.linalg.norm(root - thigh.origin)) + rng.normal(0, 0.25, 3)
            length, radius = rng.uniform(*_SPIKE_MM), rng.uniform(*_SPIKE_RADIUS_MM)
            path = root + np.array([-3.0, 0.3 * length, length])[:, None] * out
            _join(host, other, tube(path, radius * np.array([1.3, 1.0, 0.6])), grid)


def _join(host: Field, other: Field, shape: Shape, grid: Grid) -> None:
    box, d = render(shape, grid, margin_mm=4.0)
    if d.size:
        host[box] = smooth_min(host[box], np.maximum(d, np.float32(_ROOM_MM) - other[box]), 1.5)


def _rim_point(person: Person, side: Side, frame: Frame, rng: np.random.Generator) -> FloatArray:
    """Return a point on the rim of the socket, above the notch, LPS mm."""
    axis = socket_axis(person)
    a, b = _across(axis)
    phi = rng.uniform(-0.2 * np.pi, 1.25 * np.pi)
    r = socket_radius(person.hip(side)) + rng.uniform(2.5, 6.0)
    return frame.to_world(axis * rng.uniform(1.0, 6.0) + r * (np.cos(phi) * a + np.sin(phi) * b))


def _collar_point(person: Person, side: Side, frame: Frame, rng: np.random.Generator) -> FloatArray:
    """Return a point where the head meets the neck, LPS mm."""
    base, r = neck_base(person.hip(side)), person.hip(side).head_radius_mm
    out = base / float(np.linalg.norm(base))
    a, b = _across(out)
    phi = rng.uniform(0, 2 * np.pi)
    return frame.to_world(out * r * rng.uniform(0.45, 0.75) + 0.88 * r * (np.cos(phi) * a + np.sin(phi) * b))


def _across(axis: FloatArray) -> tuple[FloatArray, FloatArray]:
    a = np.cross(axis, [0, 1.0, 0])
    a /= float(np.linalg.norm(a))
    return a, np.cross(axis, a)


def _insertion(host: Field, head: FloatArray, grid: Grid, rng: np.random.Generator) -> FloatArray | None:
    """Return a point on a bone's surface where a tendon may insert, LPS mm; None where no such bone is in view."""
    sparse = (slice(None, None, 2),) * 3
    at = 2 * np.argwhere(np.abs(host[sparse]) < 0.8 * max(grid.spacing_mm))
    x, y, z = axes_of(grid)
    points = np.stack([x[0, 0, at[:, 2]], y[0, at[:, 1], 0], z[at[:, 0], 0, 0]], axis=1)
    far = np.linalg.norm(points - head, axis=1)
    points = points[(far > _INSERTIONS_MM[0]) & (far < _INSERTIONS_MM[1])]
    return points[rng.integers(len(points))] if len(points) else None
