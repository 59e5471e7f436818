"""The proximal femur as shapes, in its own frame: origin at the head center, axes (lateral, posterior, superior)."""

from __future__ import annotations

import numpy as np

from ho_detect.image.grid import FloatArray
from ho_detect.simulation.person import HipPlan
from ho_detect.simulation.shapes import Ellipsoid, Frame, Shape, blade, tube

#: The anatomical shaft leans toward the midline below, degrees.
SHAFT_LEAN_DEG = 6.0

# offsets from where the neck meets the shaft axis, mm at a head radius of 24.4 mm, and radii
_SHAFT = (
    (1, 0, 6, 14),
    (0, -1, -20, 18),
    (0, -3, -42, 16),
    (0, -7, -80, 14.6),
    (0, -10, -130, 13.6),
    (0, -9, -210, 13.8),
)
_GREATER = ((5, 0, -12, 15), (11, 1, 8, 12.5), (15.5, 5, 21, 9), (13, 9, 30, 6.5))
_GREATER_BACK = ((10, 8, 14, 9), (3, 15, 18, 6.5))
_CREST = ((8, 13, 16, 6.5), (0, 18, -2, 5), (-9, 14.5, -22, 5.5))
_LESSER = ((-3, 4, -30, 13), (-11, 10, -28, 8.5), (-17.5, 14, -26, 5))


def neck_base(hip: HipPlan) -> FloatArray:
    """Return where the neck axis meets the shaft axis, (lateral, posterior, superior) mm from the head center."""
    lean, version = np.radians(180 - hip.neck_shaft_deg), np.radians(hip.anteversion_deg)
    direction = np.array([np.sin(lean) * np.cos(version), np.sin(lean) * np.sin(version), -np.cos(lean)])
    return hip.neck_length_mm * direction


def scale_of(hip: HipPlan) -> float:
    """Size of the femur relative to the one the offsets are given for."""
    return hip.head_radius_mm / 24.4


def femur_shapes(hip: HipPlan, frame: Frame) -> tuple[Shape, ...]:
    """Return the parts of the femur, in world coordinates, to be joined smoothly."""
    base, k = neck_base(hip), scale_of(hip)

    def part(rows: tuple[tuple[float, float, float, float], ...]) -> Shape:
        table = np.array(rows, float) * k
        return tube(frame.to_world(base + table[:, :3]), table[:, 3])

    # the neck is higher than it is deep: a strip, narrow in the middle
    direction = base / np.sqrt((base**2).sum())
    up = np.array([0, 0, 1.0]) - direction * direction[2]
    up /= np.sqrt((up**2).sum())
    t, high = np.array([0.3, 0.62, 1.0]), np.array([6.0, 3.6, 9.0]) * k
    strip = (t[:, None] * base)[:, None, :] + np.stack([-high, high], 1)[..., None] * up
    strip[2] -= up * 4 * k
    neck = blade(frame.to_world(strip), np.repeat([[12.5 * k], [10.6 * k], [12.5 * k]], 2, axis=1))
    return (part(_SHAFT), neck, part(_GREATER), part(_GREATER_BACK), part(_CREST), part(_LESSER))


def head_shape(hip: HipPlan, frame: Frame) -> Shape:
    """Return the femoral head."""
    return Ellipsoid.ball(frame.origin, hip.head_radius_mm)


def fovea(hip: HipPlan, frame: Frame) -> Shape:
    """Return the small pit of the head ligament, to be carved."""
    at = np.array([-0.94, 0.2, -0.28]) * hip.head_radius_mm * 1.06
    return Ellipsoid.ball(frame.to_world(at), 4.2)


def collar(hip: HipPlan, frame: Frame, rng: np.random.Generator) -> Shape | None:
    """Return the ring of osteophytes at the edge of an arthritic head, or None."""
    if hip.arthritis < 0.15:
        return None
    base = neck_base(hip)
    out = base / np.sqrt((base**2).sum())
    a = np.cross(out, [0, 1.0, 0])
    a /= np.sqrt((a**2).sum())
    b = np.cross(out, a)
    phi = np.linspace(0, 2 * np.pi, 13)
    r = hip.head_radius_mm
    ring = out * r * 0.45 + 0.9 * r * (np.cos(phi)[:, None] * a + np.sin(phi)[:, None] * b)
    width = 1.2 + 2.6 * hip.arthritis * rng.uniform(0.3, 1.0, 13)
    return tube(frame.to_world(ring), width)
