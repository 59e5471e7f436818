"""Bowel filled with contrast medium, barium or tagged stool: tubes with haustra, gas above the fluid."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

from ho_detect.image.grid import FloatArray
from ho_detect.simulation.canvas import Canvas
from ho_detect.simulation.fields import axes_of, blend_in, coverage, smooth_noise
from ho_detect.simulation.render import render
from ho_detect.simulation.shapes import Medial, tube

Segment = Literal["cecum", "descending", "sigmoid", "small_bowel", "low_small_bowel", "rectum"]


class Bowel(msgspec.Struct, frozen=True, kw_only=True, tag="bowel"):
    """One segment of bowel with what it holds."""

    segment: Segment
    content_hu: float = 300.0
    radius_mm: float = 16.0
    gas: float = 0.2
    """Share of the bore that is gas, above the fluid."""
    haustra: float = 0.2
    """Depth of the folds, as a share of the radius."""
    seed: int = 0


#: Courses in the frame of the pelvis (left, posterior, superior), mm for a person of size 1; None: drawn at random.
_COURSES: dict[Segment, tuple[tuple[float, float, float], ...]] = {
    "cecum": ((-58, -34, 44), (-80, -40, 68), (-92, -28, 104), (-98, -8, 150)),
    "descending": ((98, -6, 150), (93, -26, 106), (84, -42, 74), (66, -46, 52), (42, -34, 44)),
    "sigmoid": ((72, -48, 58), (40, -40, 40), (4, -18, 48), (-26, 6, 56), (-12, 30, 46), (2, 46, 30)),
    "rectum": ((0, 44, 40), (4, 54, 18), (-2, 56, -6), (0, 46, -28)),
}
#: Middle of the room and its half size for the loops of small bowel, mm.
_LOOPS: dict[Segment, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "small_bowel": ((0, -24, 92), (82, 34, 46)),
    "low_small_bowel": ((0, -10, 34), (44, 28, 18)),
}
_WALL_MM = 2.2
_WALL_HU, _GAS_HU = 42.0, -920.0


def _course(plan: Bowel, rng: np.random.Generator) -> FloatArray:
    if plan.segment in _COURSES:
        usual = np.array(_COURSES[plan.segment], float)
        return usual + rng.normal(0, 5.0, usual.shape)
    middle, half = (np.array(v, float) for v in _LOOPS[plan.segment])
    at = middle + half * rng.uniform(-0.7, 0.7, 3)
    knots = [at]
    for _ in range(int(rng.integers(4, 9))):
        step = rng.normal(size=3) * [1.0, 0.7, 0.7]
        at = at + 34.0 * step / float(np.linalg.norm(step))
        at = np.clip(at, middle - half, middle + half)
        knots.append(at)
    return np.array(knots)


def _with_haustra(path: FloatArray, plan: Bowel, rng: np.random.Generator) -> Medial:
    """Return the bore along a course, drawn in by folds that follow each other at uneven distances."""
    plain = tube(path, np.full(len(path), plan.radius_mm), step_mm=3.0)
    phase = np.cumsum(rng.uniform(0.2, 0.45, len(plain.samples)))
    folds = np.abs(np.sin(phase)) ** 0.5
    radii = plan.radius_mm * (1 - plan.haustra * (1 - folds)) * (1 + 0.08 * np.cos(0.13 * phase))
    return Medial(plain.samples, radii, plain.axis, False, plain.step_mm)


def paint_bowel(canvas: Canvas, plan: Bowel, *, up: float = -1.0) -> FloatArray | None:
    """Paint a segment of bowel into the abdominal cavity.

    Parameters
    ----------
    up
        Which way along y gas rises: -1 to the front of a supine patient, 1 to the back of a prone one.

    Returns
    -------
    (3,) LPS mm or None
        The middle of what is in view, if anything is.
    """
    rng = np.random.default_rng([plan.seed, 9])
    to, size, h = canvas.frames.pelvis.to_world, canvas.person.size, canvas.width_mm
    bore = _with_haustra(to(_course(plan, rng) * size), plan, rng)
    box, d = render(bore, canvas.grid, margin_mm=_WALL_MM + 2)
    if not d.size:
        return None
    crop = canvas.grid.crop(box)
    d = d + np.float32(0.07 * plan.radius_mm) * smooth_noise(rng, crop, 14.0)
    # it lies in the cavity: not in bone, the abdominal wall, or far inside of a muscle
    room = np.minimum(canvas.bone[box] - np.float32(2.5), -canvas.skin[box] - np.float32(canvas.person.fat_mm + 4))
    room = np.minimum(room, canvas.muscles.depth[box] + np.float32(4.0))
    d = np.maximum(d, np.float32(_WALL_MM) - room)
    inside = coverage(d, h)
    if not (inside > 0.5).any():
        return None
    blend_in(canvas.hu[box], _WALL_HU, coverage(d - np.float32(_WALL_MM), h))
    _, y, _ = axes_of(canvas.grid, box)
    middle = float(bore.samples[:, 1].mean())
    level = middle + up * float(np.ptp(bore.samples[:, 1]) / 2 + plan.radius_mm) * (1 - 2 * plan.gas)
    above = np.clip((y - level) * up / h + 0.5, 0, 1) if plan.gas > 0 else np.zeros_like(y)
    clumps = 1 + 0.07 * smooth_noise(rng, crop, 9.0) + 0.03 * smooth_noise(rng, crop, 3.0)
    blend_in(canvas.hu[box], (plan.content_hu * clumps).astype(np.float32), inside)
    blend_in(canvas.hu[box], _GAS_HU, (inside * above).astype(np.float32))
    at = np.argwhere(inside > 0.5).mean(axis=0) + [s.start for s in box]
    return canvas.grid.to_lps(at)
