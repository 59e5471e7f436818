"""Nails, plates and screws in and on the upper femur."""

from __future__ import annotations

import numpy as np

from ho_detect.image.grid import FloatArray
from ho_detect.simulation.canvas import Canvas
from ho_detect.simulation.femur import neck_base, scale_of
from ho_detect.simulation.implant_parts import PartPlan, filled_femur_at, lay
from ho_detect.simulation.implant_plans import CannulatedScrews, Nail, Plate
from ho_detect.simulation.shaft_line import shaft_line, trochanter_tip
from ho_detect.simulation.shapes import blade, tube

#: From the tip of a screw in the head to the head's surface, mm (Baumgaertner 1995: 25 mm on two views together).
_TIP_MM = 9.0
#: How far a plate stands off the highest place that it lies on: the rest is bent or planed away (convention).
_PLANED = 0.6


def place_nail(canvas: Canvas, plan: Nail, implant: int) -> None:
    """Lay a nail from the tip of the trochanter down the shaft, its head screw, and a screw across its lower end."""
    side, hip = plan.side, canvas.person.hip(plan.side)
    frame, base, k = canvas.frames.femur[side], neck_base(hip), scale_of(hip)
    line = shaft_line(canvas, side)
    top, low = trochanter_tip(canvas, side) + np.array([-3 * k, 0, 3]), line.local(base[2] - 60 * k)
    bend = top + (low - top) * (top[2] - base[2] + 8 * k) / (top[2] - low[2])
    heights = np.linspace(low[2] - 15, min(top[2] - plan.length_mm, low[2] - 30), 3)
    path = np.array([top, bend, low, *(line.local(z) for z in heights)])
    wide, thin = 1.4 * plan.radius_mm, min(plan.radius_mm, 0.85 * line.canal_mm)
    nail = tube(frame.to_world(path), [wide, wide, 1.1 * thin, thin, thin, thin])
    ends = frame.to_world(path[[0, -1]])
    _lay_head_screw(canvas, plan, implant, crossing=bend, radius_mm=0.9 * plan.radius_mm)
    lay(canvas, side, implant, PartPlan("nail", plan.metal, (nail,), ends=ends))
    if plan.locking_screw:
        at = line.local(top[2] - plan.length_mm + 24)
        across = frame.to_world(at + np.array([[17 * k, 0, 2], [-15 * k, 0, -2]]))
        lay(canvas, side, implant, PartPlan("locking_screw", plan.metal, (tube(across, [2.5, 2.5]),), ends=across))


def place_plate(canvas: Canvas, plan: Plate, implant: int) -> None:
    """Lay a plate on the lateral surface of the upper shaft, and screws through it."""
    side, hip = plan.side, canvas.person.hip(plan.side)
    frame, base, k = canvas.frames.femur[side], neck_base(hip), scale_of(hip)
    line = shaft_line(canvas, side)
    # from below where the trochanter stands out
    heights = base[2] - 20 * k - np.arange(0, 18 * plan.holes + 20, 9.0)
    rows = []
    for z in heights:
        middle = line.local(z)
        out = _surface(canvas, plan, middle) + 2.6
        rows.append([middle + np.array([out, dy, 0]) for dy in (-5.0, 5.0)])
    table = np.array(rows)
    # a plate is stiff: it lies on a line along what it touches, not in its hollows
    for column in range(2):
        fit = np.polyfit(table[:, column, 2], table[:, column, 0], 2)
        off = table[:, column, 0] - np.polyval(fit, table[:, column, 2])
        table[:, column, 0] += _PLANED * off.max() - off
    ends = frame.to_world(table[[0, -1]].mean(axis=1))
    plate = blade(frame.to_world(table), np.full(table.shape[:2], 2.4))
    lay(canvas, side, implant, PartPlan("plate", plan.metal, (plate,), ends=ends))
    if plan.head_screw:
        _lay_head_screw(canvas, plan, implant, crossing=table[1].mean(axis=0), radius_mm=4.3)
    for n in range(plan.holes):
        row = table[min(3 + 2 * n, len(table) - 1)].mean(axis=0)
        far = 2 * line.local(row[2])[0] - row[0] + 3.0
        across = frame.to_world(np.array([row + np.array([1.5, 0, 0]), [far, row[1], row[2]]]))
        lay(canvas, side, implant, PartPlan("screw", plan.metal, (tube(across, [2.25, 2.25]),), ends=across))


def place_cannulated_screws(canvas: Canvas, plan: CannulatedScrews, implant: int) -> None:
    """Lay hollow screws side by side along the neck: one below, two above."""
    hip, frame = canvas.person.hip(plan.side), canvas.frames.femur[plan.side]
    base, k = neck_base(hip), scale_of(hip)
    direction = base / np.sqrt((base**2).sum())
    up = np.array([0, 0, 1.0]) - direction * direction[2]
    up /= np.sqrt((up**2).sum())
    back = np.cross(direction, up)
    spots = np.array([-7.5 * up, 6 * up - 6 * back, 6 * up + 6 * back, 0 * up]) * k
    for spot in spots[: plan.count]:
        tip = spot - direction * (np.sqrt(max(hip.head_radius_mm**2 - float((spot**2).sum()), 1.0)) - _TIP_MM)
        start = spot + direction * (hip.neck_length_mm + 17 * k)
        ends = frame.to_world(np.array([tip, start]))
        bore = tube(ends, [0.35 * plan.radius_mm] * 2)
        head = tube(frame.to_world(np.array([start - 3 * direction, start])), [1.35 * plan.radius_mm] * 2)
        shaft = tube(ends, [plan.radius_mm, 0.8 * plan.radius_mm])
        lay(canvas, plan.side, implant, PartPlan("screw", plan.metal, (shaft, head), hollow=(bore,), ends=ends))


def _lay_head_screw(canvas: Canvas, plan: Nail | Plate, implant: int, crossing: FloatArray, radius_mm: float) -> None:
    """Lay a screw from the lateral cortex through a point in the femur's frame to the middle of the head."""
    hip, frame = canvas.person.hip(plan.side), canvas.frames.femur[plan.side]
    way = -crossing / np.sqrt((crossing**2).sum())
    start = crossing - way * (22 if isinstance(plan, Nail) else 2)
    ends = frame.to_world(np.array([way * (hip.head_radius_mm - _TIP_MM - radius_mm), start]))
    lay(canvas, plan.side, implant, PartPlan("head_screw", plan.metal, (tube(ends, [radius_mm] * 2),), ends=ends))


def _surface(canvas: Canvas, plan: Plate, middle: FloatArray) -> float:
    """Return how far lateral of the shaft's middle the femur's surface lies, mm."""
    frame = canvas.frames.femur[plan.side]
    ray = frame.to_world(middle + np.arange(0.0, 40.0, 0.5)[:, None] * [1.0, 0, 0])
    ray = ray[canvas.grid.contains(ray)]
    inside = filled_femur_at(canvas, plan.side, ray) < 0
    return float(np.flatnonzero(inside)[-1] * 0.5) if inside.any() else 14.0
