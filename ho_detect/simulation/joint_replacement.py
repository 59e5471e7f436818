"""Total and partial hip replacements: cup, liner, head, stem, cement, cup screws and wires."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import Side
from ho_detect.simulation.canvas import Canvas
from ho_detect.simulation.femur import neck_base, scale_of
from ho_detect.simulation.fields import blend_in, coverage
from ho_detect.simulation.implant_parts import PartPlan, filled_femur_at, joined, lay, resect
from ho_detect.simulation.implant_plans import HemiHip, TotalHip
from ho_detect.simulation.pelvis import socket_radius
from ho_detect.simulation.render import render
from ho_detect.simulation.shaft_line import ShaftLine, shaft_line
from ho_detect.simulation.shapes import FAR, Ellipsoid, Shape, blade, tube

#: The neck is cut where it has gone so far from the head to the shaft.
_CUT = 0.6
#: Reamed out of the socket beyond its hollow, mm; polyethylene between head and cup at least, mm.
_REAMED_MM, _LINER_MM = 1.5, 4.0
_CAPSULE_HU = 35.0
#: Cement around a stem, mm.
_MANTLE_MM = 3.0


@dataclass(frozen=True, eq=False)
class Bowl:
    """A hollow ball behind a plane: a cup or its liner.

    Parameters
    ----------
    center, axis
        LPS mm; unit vector out of the opening.
    outer_mm, inner_mm
        Radii.
    cover_mm
        Where the plane of the opening lies along the axis from the center.
    """

    center: FloatArray
    axis: FloatArray
    outer_mm: float
    inner_mm: float
    cover_mm: float = 0.0

    @property
    def bounds(self) -> FloatArray:
        """Lowest and highest corner, LPS mm."""
        return np.array([self.center - self.outer_mm, self.center + self.outer_mm])

    def distance(self, points: FloatArray) -> FloatArray:
        """Signed distance at (n, 3) LPS points, mm."""
        v = points - self.center
        r = np.sqrt((v**2).sum(axis=1))
        along = v[:, 0] * self.axis[0] + v[:, 1] * self.axis[1] + v[:, 2] * self.axis[2]
        solid: FloatArray = np.maximum(np.maximum(r - self.outer_mm, self.inner_mm - r), along - self.cover_mm)
        return np.minimum(solid, FAR)


@dataclass(frozen=True, eq=False)
class Placed:
    """A replaced joint: parts laid, and the ball that moves."""

    center: FloatArray
    head_radius_mm: float
    cup_center: FloatArray | None
    cup_radius_mm: float | None


def cup_axis(canvas: Canvas, plan: TotalHip) -> FloatArray:
    """Return the unit vector out of a cup, LPS: by radiographic inclination and anteversion to the pelvis.

    Murray 1993 (10.1302/0301-620X.75B2.8444942) defines the two.
    """
    tilt, forward = np.radians(plan.inclination_deg), np.radians(plan.anteversion_deg)
    local = np.array([np.sin(tilt) * np.cos(forward), -np.sin(forward), -np.cos(tilt) * np.cos(forward)])
    return np.asarray(canvas.frames.socket[plan.side].rotation @ local)


def place_total_hip(canvas: Canvas, plan: TotalHip, implant: int) -> Placed:
    """Ream the socket, cut the neck, and lay cup, liner, head and stem."""
    side, hip = plan.side, canvas.person.hip(plan.side)
    center = canvas.frames.head_center(side) + canvas.frames.socket[side].rotation @ np.array(plan.shift_mm)
    axis = cup_axis(canvas, plan)
    outer = socket_radius(hip) + _REAMED_MM
    wall = plan.cup_wall_mm if plan.cup is not None else 0.0
    radius = min(plan.head_radius_mm, outer - wall - _LINER_MM)
    line = shaft_line(canvas, side)
    _cut_neck(canvas, side)
    _ream(canvas, side, center, outer + 0.3)
    lay(canvas, side, implant, PartPlan("head", plan.head, (Ellipsoid.ball(center, radius),)))
    if plan.cup is not None:
        cup = Bowl(center, axis, outer, outer - wall)
        lay(canvas, side, implant, PartPlan("cup", plan.cup, (cup,), ends=_rim_to_dome(cup)))
    inner = outer - wall if plan.cup is not None else outer - 2.5
    liner = Bowl(center, axis, inner, radius, 1.5)
    lay(canvas, side, implant, PartPlan("liner", "polyethylene", (liner,), ends=_rim_to_dome(liner)))
    if plan.cup is None:
        mantle = Bowl(center, axis, outer + 0.8, inner)
        lay(canvas, side, implant, PartPlan("cement", "cement", (mantle,)))
    else:
        _lay_cup_screws(canvas, plan, implant, cup)
    _lay_stem(canvas, side, implant, center, plan, line)
    _lay_wires(canvas, plan, implant, line)
    return Placed(center, radius, center, outer)


def place_hemi_hip(canvas: Canvas, plan: HemiHip, implant: int) -> Placed:
    """Cut the neck, and lay a head as large as the native one, and its stem."""
    side, hip = plan.side, canvas.person.hip(plan.side)
    center, radius = canvas.frames.head_center(side), hip.head_radius_mm + 0.5
    line = shaft_line(canvas, side)
    _cut_neck(canvas, side)
    lay(canvas, side, implant, PartPlan("head", plan.head, (Ellipsoid.ball(center, radius),)))
    _lay_stem(canvas, side, implant, center, plan, line)
    return Placed(center, radius, None, None)


def _rim_to_dome(bowl: Bowl) -> FloatArray:
    return np.array([bowl.center + bowl.cover_mm * bowl.axis, bowl.center - bowl.outer_mm * bowl.axis])


def _cut_neck(canvas: Canvas, side: Side) -> None:
    """Take head and neck away, and fill the joint with fluid and scar."""
    hip, frame = canvas.person.hip(side), canvas.frames.femur[side]
    base = neck_base(hip)
    reach = hip.head_radius_mm + 5
    found = joined(canvas, (tube(frame.to_world([0 * base, 0.9 * base]), [reach, reach - 6]),))
    if found is None:
        return
    box, gone = found
    direction = base / np.sqrt((base**2).sum())
    normal = frame.rotation @ direction
    at = frame.to_world(_CUT * base)
    i, j, k = (np.arange(s.start, s.stop) for s in box)
    corner, spacing = canvas.grid.affine[:3, 3], canvas.grid.spacing_mm
    plane = (
        (corner[2] + spacing[0] * i - at[2])[:, None, None] * normal[2]
        + (corner[1] + spacing[1] * j - at[1])[None, :, None] * normal[1]
        + (corner[0] + spacing[2] * k - at[0])[None, None, :] * normal[0]
    )
    gone = np.maximum(gone, plane.astype(np.float32))
    resect(canvas, canvas.skeleton.femur[side], box, gone, _CAPSULE_HU)


def _ream(canvas: Canvas, side: Side, center: FloatArray, radius_mm: float) -> None:
    box, gone = render(Ellipsoid.ball(center, radius_mm), canvas.grid, margin_mm=3.0)
    if gone.size:
        resect(canvas, canvas.skeleton.hip_bone[side], box, gone, _CAPSULE_HU)
        resect(canvas, canvas.skeleton.femur[side], box, gone, _CAPSULE_HU)
        blend_in(canvas.hu[box], _CAPSULE_HU, coverage(gone, canvas.width_mm))


def _lay_stem(
    canvas: Canvas, side: Side, implant: int, center: FloatArray, plan: TotalHip | HemiHip, line: ShaftLine
) -> None:
    """Lay a flat wedge that fills the upper canal and ends as a rod, with a neck to the head, and its cement."""
    hip, frame = canvas.person.hip(side), canvas.frames.femur[side]
    base, k = neck_base(hip), scale_of(hip)
    head = np.stack(frame.to_local(*center))
    tip = base[2] - plan.stem_length_mm
    heights = np.linspace(base[2] + 2 * k, tip, 6)
    middles = np.array([line.local(z) for z in heights])
    shoulder = middles[0] + np.array([0, 0, 2 * k])
    room = line.canal_mm - (_MANTLE_MM if plan.cemented else 0.4)
    toward = (base * _CUT - shoulder)[:2]
    toward = np.append(toward / np.sqrt((toward**2).sum()), 0.0)
    rows, half = [], []
    for share, middle in zip(np.linspace(0, 1, 6), middles, strict=True):
        thick = float(np.interp(share, [0, 0.5, 1], [6.2 * k, min(5.6 * k, 0.8 * room), 0.55 * room]))
        out = float(np.interp(share, [0, 0.3, 0.6, 1], [15 * k, 6 * k, 2.0, 0.3]))
        side_room = max(room - thick, 0.5)
        rows.append([middle - toward * min(3.0, side_room), middle + toward * max(out, min(0.6 * room, side_room))])
        half.append([thick, thick])
    stem: tuple[Shape, ...] = (
        blade(frame.to_world(np.array(rows)), np.array(half)),
        tube(frame.to_world([head, head + 0.55 * (base * 0.8 - head), shoulder + toward * 8]), [6.0, 6.5, 6.5 * k]),
    )
    lower = frame.to_world(middles[-1])
    ends = np.array([center, lower])
    lay(canvas, side, implant, PartPlan("stem", plan.stem, stem, ends=ends))
    if plan.cemented:
        mantle = blade(frame.to_world(np.array(rows)), np.array(half) + _MANTLE_MM)
        plug = tube([lower, line.world(tip - 12)], [0.9 * line.canal_mm] * 2)
        # cement stays in the canal: inside of the cortex, below the cut
        lay(canvas, side, implant, PartPlan("cement", "cement", (mantle, plug), in_femur_mm=2.0))


def _lay_cup_screws(canvas: Canvas, plan: TotalHip, implant: int, cup: Bowl) -> None:
    """Lay screws from the dome of the cup up and back into the ilium."""
    rotation = canvas.frames.socket[plan.side].rotation
    for n in range(plan.cup_screws):
        way = rotation @ np.array([-0.25 + 0.25 * n, 0.25 + 0.3 * n, 0.9])
        way /= np.sqrt((way**2).sum())
        ends = cup.center + np.array([cup.outer_mm - 2, cup.outer_mm + 26 - 6 * n])[:, None] * way
        lay(canvas, plan.side, implant, PartPlan("cup_screw", "titanium", (tube(ends, [2.9, 2.6]),), ends=ends))


def _lay_wires(canvas: Canvas, plan: TotalHip, implant: int, line: ShaftLine) -> None:
    """Lay loops of steel wire around the upper femur, on its surface."""
    side, k = plan.side, scale_of(canvas.person.hip(plan.side))
    base = neck_base(canvas.person.hip(side))
    for n in range(plan.wires):
        middle = line.local(base[2] - (22 + 16 * n) * k)
        loop = _loop(canvas, side, middle, tilt=0.25 * (-1) ** n)
        if loop is not None:
            lay(canvas, side, implant, PartPlan("wire", "steel", (tube(loop, np.full(len(loop), 0.8), step_mm=1.0),)))


def _loop(canvas: Canvas, side: Side, middle: FloatArray, tilt: float) -> FloatArray | None:
    """Return a closed curve around a femur 0.6 mm off its surface, LPS mm; None where the femur is out of view."""
    frame = canvas.frames.femur[side]
    points = []
    for phi in np.linspace(0, 2 * np.pi, 25):
        way = np.array([np.cos(phi), np.sin(phi), tilt * np.cos(phi)])
        ray = frame.to_world(middle + np.arange(4.0, 45.0, 0.5)[:, None] * way)
        ray = ray[canvas.grid.contains(ray)]
        if not len(ray):
            return None
        d = filled_femur_at(canvas, side, ray)
        out = np.flatnonzero(d > 0.6)
        if not len(out):
            return None
        points.append(ray[out[0]])
    # a wire is tight: it does not follow what is uneven in the surface
    loop, around = np.array(points[:-1]), np.array([0.25, 0.5, 0.25])
    for _ in range(3):
        loop = sum(w * np.roll(loop, s, axis=0) for w, s in zip(around, (-1, 0, 1), strict=True))
    return np.concatenate([loop, loop[:1]])
