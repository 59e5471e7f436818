"""What is true of implants: each with its parts, and the ball of a replaced joint."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from ho_detect.image.grid import FloatArray, Grid
from ho_detect.image.sides import Point, Side
from ho_detect.simulation.canvas import Canvas, Part
from ho_detect.simulation.implant_plans import Implant, Material, PartKind
from ho_detect.simulation.joint_replacement import Placed


class PartTruth(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an implant as it lies in the series."""

    label: int
    """Its value in the map of implants."""
    kind: PartKind
    material: Material
    volume_mm3: float
    centroid_lps_mm: Point
    ends_lps_mm: tuple[Point, Point] | None
    """Both ends of its axis, whether in view or not; null where it has none."""


class ImplantTruth(msgspec.Struct, frozen=True, kw_only=True):
    """An implant: its parts in view, and the ball of the joint that it replaces."""

    kind: str
    side: Side
    parts: tuple[PartTruth, ...]
    head_center_lps_mm: Point | None = None
    head_radius_mm: float | None = None
    cup_center_lps_mm: Point | None = None
    cup_radius_mm: float | None = None
    """Of the outer surface."""


def implant_truths(
    canvas: Canvas, grid: Grid, labels: NDArray[np.uint8], plans: tuple[Implant, ...], placed: dict[Side, Placed]
) -> tuple[ImplantTruth, ...]:
    """Return what is true of every planned implant; ``labels`` on the series' grid hold the parts' labels."""
    sizes = np.bincount(labels.ravel(), minlength=len(canvas.parts) + 1)
    out = []
    for number, plan in enumerate(plans, 1):
        parts = tuple(
            _part(grid, labels, part) for part in canvas.parts if part.implant == number and sizes[part.label]
        )
        ball = placed.get(plan.side) if plan.replaces_head else None
        out.append(
            ImplantTruth(
                kind=str(plan.__struct_config__.tag),
                side=plan.side,
                parts=parts,
                head_center_lps_mm=None if ball is None else rounded(ball.center, 2),
                head_radius_mm=None if ball is None else round(ball.head_radius_mm, 2),
                cup_center_lps_mm=None if ball is None or ball.cup_center is None else rounded(ball.cup_center, 2),
                cup_radius_mm=None if ball is None or ball.cup_radius_mm is None else round(ball.cup_radius_mm, 2),
            )
        )
    return tuple(out)


def _part(grid: Grid, labels: NDArray[np.uint8], part: Part) -> PartTruth:
    at = np.argwhere(labels == part.label)
    return PartTruth(
        label=part.label,
        kind=part.kind,
        material=part.material,
        volume_mm3=round(len(at) * grid.voxel_volume_mm3, 1),
        centroid_lps_mm=rounded(grid.to_lps(at.mean(axis=0)), 2),
        ends_lps_mm=None if part.ends is None else (rounded(part.ends[0], 2), rounded(part.ends[1], 2)),
    )


def rounded(point: FloatArray, digits: int) -> Point:
    """Return a point with so many digits after the point."""
    x, y, z = (round(float(v), digits) for v in point)
    return x, y, z
