"""What is dense and no ossification: arterial calcium, phleboliths, granuloma, a hand, bowel, the table."""

from __future__ import annotations

import msgspec
import numpy as np

from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import Point, Side
from ho_detect.simulation.bowel import Bowel, paint_bowel
from ho_detect.simulation.canvas import Canvas
from ho_detect.simulation.fields import axes_of, blend_in, box_of, coverage, smooth_noise
from ho_detect.simulation.render import render
from ho_detect.simulation.shapes import Ellipsoid, Shape, tube
from ho_detect.simulation.tissue import vessel_path


class ArterialCalcium(msgspec.Struct, frozen=True, kw_only=True, tag="arterial_calcium"):
    """Plaques in the wall of the iliac and femoral artery."""

    side: Side
    amount: float = 0.5
    """0 to 1: share of the wall."""


class Phleboliths(msgspec.Struct, frozen=True, kw_only=True, tag="phleboliths"):
    """Round calcified clots in the veins of the true pelvis."""

    count: int = 4


class Granuloma(msgspec.Struct, frozen=True, kw_only=True, tag="injection_granuloma"):
    """A calcified injection site in the subcutaneous fat of the buttock."""

    side: Side


class Hand(msgspec.Struct, frozen=True, kw_only=True, tag="hand"):
    """A hand lying beside the thigh."""

    side: Side
    gap_mm: float = 3.0
    """Between skin and skin; negative: pressed into each other."""
    forearm: bool = False
    """Whether the forearm is in view too, and the wrist with its many small bones."""


Mimic = ArterialCalcium | Phleboliths | Granuloma | Hand | Bowel


class MimicTruth(msgspec.Struct, frozen=True, kw_only=True):
    """What was painted and, where it is one thing, its place."""

    kind: str
    side: Side | None = None
    centroid_lps_mm: Point | None = None


def _point(p: FloatArray) -> Point:
    x, y, z = (round(float(v), 1) for v in p)
    return x, y, z


def _arterial_calcium(canvas: Canvas, plan: ArterialCalcium) -> tuple[MimicTruth, ...]:
    path = vessel_path(canvas.frames, canvas.person, plan.side)
    radius = 4.0 * canvas.person.size
    artery = tube(path, np.full(len(path), radius))
    box, d = render(artery, canvas.grid, margin_mm=5.0)
    if not d.size:
        return ()
    # plaques: the wall where it meets balls set along the course
    count = round(4 + 22 * plan.amount)
    at = canvas.rng.choice(len(artery.samples), size=count, replace=False)
    plaque = np.full(d.shape, 20.0, np.float32)
    for i in at:
        off = canvas.rng.normal(0, 1, 3)
        center = artery.samples[i] + radius * off / np.sqrt((off**2).sum())
        sub, ball = render(Ellipsoid.ball(center, float(canvas.rng.uniform(2.0, 5.0))), canvas.grid.crop(box))
        if ball.size:
            plaque[sub] = np.minimum(plaque[sub], ball)
    wall = np.maximum(np.abs(d + np.float32(0.2)) - np.float32(canvas.rng.uniform(0.6, 1.0)), plaque)
    blend_in(canvas.hu[box], float(canvas.rng.uniform(500, 1000)), coverage(wall, canvas.width_mm))
    return (MimicTruth(kind="arterial_calcium", side=plan.side),)


def _phleboliths(canvas: Canvas, plan: Phleboliths) -> tuple[MimicTruth, ...]:
    out = []
    for _ in range(plan.count):
        sign = canvas.rng.choice([-1.0, 1.0])
        local = np.array([sign * canvas.rng.uniform(34, 50), canvas.rng.uniform(10, 50), canvas.rng.uniform(-18, 20)])
        center = canvas.frames.pelvis.to_world(local * canvas.person.size)
        index = np.round(canvas.grid.to_index(center)).astype(int)
        if not canvas.grid.contains(center) or canvas.bone[tuple(index)] < 5:
            continue
        canvas.paint(Ellipsoid.ball(center, float(canvas.rng.uniform(1.6, 3.2))), float(canvas.rng.uniform(250, 600)))
        out.append(MimicTruth(kind="phlebolith", centroid_lps_mm=_point(center)))
    return tuple(out)


def _granuloma(canvas: Canvas, plan: Granuloma) -> tuple[MimicTruth, ...]:
    start = canvas.frames.socket[plan.side].to_world(np.array([10, 60, 30 + canvas.rng.normal(0, 10)]))
    ray = start + np.arange(0, 120, 1.5)[:, None] * (
        canvas.frames.socket[plan.side].rotation @ np.array([0.45, 0.89, 0])
    )
    ray = ray[canvas.grid.contains(ray)]
    depth = -canvas.skin[tuple(np.round(canvas.grid.to_index(ray)).astype(int).T)]
    fit = np.flatnonzero((depth > 0.3 * canvas.person.fat_mm) & (depth < 0.75 * canvas.person.fat_mm))
    if not len(fit):
        return ()
    center, size = ray[fit[len(fit) // 2]], float(np.clip(0.25 * canvas.person.fat_mm, 2.5, 6.0))
    canvas.paint(Ellipsoid.ball(center, size), float(canvas.rng.uniform(350, 600)))
    canvas.paint(Ellipsoid.ball(center, size - 2.0), float(canvas.rng.uniform(-40, 120)))
    return (MimicTruth(kind="injection_granuloma", side=plan.side, centroid_lps_mm=_point(center)),)


def _hand(canvas: Canvas, plan: Hand) -> tuple[MimicTruth, ...]:
    head, sign = canvas.frames.head_center(plan.side), 1 if plan.side == "left" else -1
    level = head + np.array([0, -10, canvas.rng.uniform(-60, -20)])
    here = canvas.skin[box_of(canvas.grid, np.array([level - 12, level + 12]), 0)[0]]
    if not here.size:
        return ()
    inside = np.argwhere(here.min(axis=(0, 1)) < 0)
    if not len(inside):
        return ()
    edge = canvas.grid.affine[0, 3] + canvas.grid.spacing_mm[2] * float(inside.max() if sign > 0 else inside.min())
    # grown bodies bulge: the hand is set against the farthest point of the flank
    center = np.array([edge + sign * (plan.gap_mm + 15), level[1], level[2]])
    if not canvas.grid.contains(center):
        return ()
    bones: list[Shape] = []
    soft: list[Shape] = [tube(center + np.array([[0, 0, 75], [0, 0, 45]]), [21, 19])]
    for k in range(5):
        y = -26 + 13.0 * k
        curl = np.array([[sign * 2, 0.4 * y, 30], [0, y, 0], [-sign * 2, y, -28], [sign * 5, 0.95 * y, -50]]) + center
        bones += [
            tube(curl[:2], [4.8, 4.0]),
            tube(curl[1:3] - [0, 0, 3], [4.0, 3.6]),
            tube(curl[2:] - [0, 0, 3], [3.4, 2.6]),
        ]
        soft.append(tube(curl, [15, 13, 11, 8]))
    bones += [
        tube(center + np.array([[0, -12, 78], [0, -10, 40]]), [8, 9]),
        tube(center + np.array([[0, 12, 78], [0, 10, 42]]), [6, 7]),
    ]
    if plan.forearm:
        soft.append(tube(center + np.array([[0, 0, 60], [0, 4, 110], [0, 10, 190]]), [22, 27, 33]))
        bones += [
            tube(center + np.array([[0, s * 11, 92], [0, s * 12, 140], [0, s * 14 + 8, 200]]), [7.5, 6.5, 7.5])
            for s in (-1, 1)
        ]
        bones += [
            Ellipsoid.ball(center + np.array([s, y, 76 + 9 * row]) + canvas.rng.normal(0, 1.5, 3), 5.5)
            for row in (-1, 0)
            for s, y in ((-2, -14), (2, -5), (-2, 5), (2, 14))
        ]
    outside = 1 - coverage(canvas.skin, canvas.width_mm)
    for shape in soft:
        box, d = render(shape, canvas.grid, margin_mm=3.0)
        if d.size:
            blend_in(canvas.hu[box], 35.0, coverage(d, canvas.width_mm) * outside[box])
    for shape in bones:
        box, d = render(shape, canvas.grid, margin_mm=3.0)
        if d.size:
            blend_in(canvas.hu[box], 950.0, coverage(d, canvas.width_mm) * outside[box])
            blend_in(canvas.hu[box], 180.0, coverage(d + np.float32(1.6), canvas.width_mm) * outside[box])
    return (MimicTruth(kind="hand", side=plan.side, centroid_lps_mm=_point(center)),)


def paint_mimic(canvas: Canvas, plan: Mimic, *, prone: bool = False) -> tuple[MimicTruth, ...]:
    """Paint one mimic into a supine or prone person; return what of it lies in view."""
    match plan:
        case ArterialCalcium():
            return _arterial_calcium(canvas, plan)
        case Phleboliths():
            return _phleboliths(canvas, plan)
        case Granuloma():
            return _granuloma(canvas, plan)
        case Hand():
            return _hand(canvas, plan)
        case Bowel():
            middle = paint_bowel(canvas, plan, up=1.0 if prone else -1.0)
            return () if middle is None else (MimicTruth(kind="bowel", centroid_lps_mm=_point(middle)),)


def paint_table(canvas: Canvas, *, prone: bool) -> None:
    """Paint the shell of the table under the back, or under the belly of a prone person."""
    x, y, _ = axes_of(canvas.grid)
    rows = np.flatnonzero((canvas.skin < 0).any(axis=(0, 2)))
    if not len(rows):
        return
    edge = canvas.grid.affine[1, 3] + canvas.grid.spacing_mm[1] * float(rows.min() if prone else rows.max())
    down = -1.0 if prone else 1.0
    bend = (x - canvas.person.center_lps_mm[0]) ** 2 / 2400.0
    for offset, half in ((5.0, 1.0), (26.0, 1.2)):
        surface = np.abs((y - edge) * down - offset + bend) - half
        share = np.clip(0.5 - surface / canvas.width_mm, 0, 1) * (1 - coverage(canvas.skin, canvas.width_mm))
        blend_in(canvas.hu, -120.0, share.astype(np.float32))
    texture = smooth_noise(canvas.rng, canvas.grid, 15.0)
    foam = (np.abs((y - edge) * down - 15.5 + bend) < 9.0) & (canvas.skin > 1)
    canvas.hu[foam] = -940 + 8 * texture[foam]
