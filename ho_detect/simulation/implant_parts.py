"""Parts of implants on a canvas: what each is made of, where it lies, and what bone makes way for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import Side
from ho_detect.simulation.canvas import Canvas, Part
from ho_detect.simulation.fields import Box, Field, blend_in, coverage
from ho_detect.simulation.implant_plans import Material, PartKind
from ho_detect.simulation.render import render
from ho_detect.simulation.shapes import FAR, Shape

#: HU of what is no metal; water where metal will be projected into the slice. Cement holds barium sulfate or zirconia.
_HU: dict[str, float] = {"polyethylene": -95.0, "cement": 1700.0}
_METAL_MARK_HU = 0.0


@dataclass(frozen=True)
class PartPlan:
    """A part to be laid: what it is, and shapes that make it up.

    Parameters
    ----------
    ends
        (2, 3) LPS mm: the part's axis, from its end nearest to the joint's center; None where it has none.
    solid, hollow
        Shapes to be joined, and those taken out of them.
    in_femur_mm
        How far below the surface of the femur the part stays; None: anywhere.
    """

    kind: PartKind
    material: Material
    solid: tuple[Shape, ...]
    hollow: tuple[Shape, ...] = ()
    ends: FloatArray | None = None
    in_femur_mm: float | None = None


def joined(canvas: Canvas, shapes: tuple[Shape, ...], margin_mm: float = 4.0) -> tuple[Box, Field] | None:
    """Return the signed distance to a union of shapes in a box of the canvas; None out of view."""
    found = [(b, d) for b, d in (render(s, canvas.grid, margin_mm=margin_mm) for s in shapes) if d.size]
    if not found:
        return None
    a, b, c = (slice(min(f[0][i].start for f in found), max(f[0][i].stop for f in found)) for i in range(3))
    out = np.full([s.stop - s.start for s in (a, b, c)], FAR, np.float32)
    for box, d in found:
        inner = tuple(slice(s.start - t.start, s.stop - t.start) for s, t in zip(box, (a, b, c), strict=True))
        out[inner] = np.minimum(out[inner], d)
    return (a, b, c), out


def lay(canvas: Canvas, side: Side, implant: int, plan: PartPlan) -> Part | None:
    """Lay a part: bone and other tissue make way, parts laid before do not.

    Returns
    -------
    Part or None
        None where nothing of it is in view.
    """
    found = joined(canvas, plan.solid)
    if found is None:
        return None
    box, d = found
    for shape in plan.hollow:
        hollow = joined(canvas, (shape,))
        if hollow is not None:
            _carve(d, box, *hollow)
    if plan.in_femur_mm is not None:
        d = np.maximum(d, canvas.filled_femur(side, box) + np.float32(plan.in_femur_mm))
    for other in canvas.parts:
        _carve(d, box, other.box, other.distance)
    if not (d < 0).any():
        return None
    part = Part(len(canvas.parts) + 1, implant, plan.kind, plan.material, side, box, d, plan.ends)
    canvas.parts.append(part)
    share = coverage(d, canvas.width_mm)
    blend_in(canvas.hu[box], _HU.get(plan.material, _METAL_MARK_HU), share)
    for bones in (canvas.skeleton.femur, canvas.skeleton.hip_bone):
        bones[side][box] = np.maximum(bones[side][box], -d)
    canvas.bone[box] = np.maximum(canvas.bone[box], -d)
    canvas.implant[box] = np.minimum(canvas.implant[box], d)
    return part


def _carve(d: Field, box: Box, other_box: Box, other: Field) -> None:
    """Take another field, in its own box, out of ``d``, in place."""
    both = [slice(max(s.start, t.start), min(s.stop, t.stop)) for s, t in zip(box, other_box, strict=True)]
    if all(s.start < s.stop for s in both):
        here = tuple(slice(s.start - t.start, s.stop - t.start) for s, t in zip(both, box, strict=True))
        there = tuple(slice(s.start - t.start, s.stop - t.start) for s, t in zip(both, other_box, strict=True))
        d[here] = np.maximum(d[here], -other[there])


def resect(canvas: Canvas, bone: Field, box: Box, gone: Field, fill_hu: float) -> None:
    """Take bone away where ``gone`` is negative, and leave soft tissue in its place; in place.

    Parameters
    ----------
    bone
        Signed distance of the one bone, on the whole grid.
    box, gone
        Where, and signed distance there, mm.
    """
    share = coverage(np.maximum(gone, bone[box] - np.float32(0.5 * canvas.width_mm)), canvas.width_mm)
    blend_in(canvas.hu[box], fill_hu, share)
    bone[box] = np.maximum(bone[box], -gone)
    skeleton = canvas.skeleton
    others = [*skeleton.femur.values(), *skeleton.hip_bone.values(), skeleton.axial]
    canvas.bone[box] = np.min([other[box] for other in others], axis=0)


def filled_femur_at(canvas: Canvas, side: Side, points: FloatArray) -> FloatArray:
    """Signed distance to a femur with the implants in it at (n, 3) LPS points in view, mm."""
    index = tuple(np.round(canvas.grid.to_index(points)).astype(int).T)
    return np.asarray(np.minimum(canvas.skeleton.femur[side][index], canvas.implant[index]), float)
