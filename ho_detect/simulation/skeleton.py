"""Person to bones: signed distance of every bone on a grid, and the frames its parts live in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ho_detect.image.grid import FloatArray, Grid
from ho_detect.image.sides import SIDES, Side
from ho_detect.simulation import femur as fem
from ho_detect.simulation import pelvis as pel
from ho_detect.simulation.fields import Field
from ho_detect.simulation.measured import measured_femur, measured_hip_bone
from ho_detect.simulation.outgrowths import grow_outgrowths
from ho_detect.simulation.person import Person
from ho_detect.simulation.render import carve, render, union
from ho_detect.simulation.shapes import Frame, Shape, smooth_min, turn

#: Osteophytes of the socket stand out so far at most, mm.
_OSTEOPHYTE_MM = 4.0


@dataclass(frozen=True, eq=False)
class Frames:
    """Where a person's parts lie. Local axes are (lateral or left, posterior, superior)."""

    pelvis: Frame
    socket: dict[Side, Frame]
    femur: dict[Side, Frame]

    def head_center(self, side: Side) -> FloatArray:
        """Center of that femoral head, LPS mm."""
        return self.femur[side].origin


def place(person: Person) -> Frames:
    """Return the frames of the pelvis, the sockets and the femora."""
    world = Frame.at(person.center_lps_mm, turn("z", person.turn_deg))
    pelvis = Frame.at((0, 0, 0), turn("y", person.obliquity_deg) @ turn("x", -person.pelvic_tilt_deg)).inside(world)
    socket: dict[Side, Frame] = {}
    femur: dict[Side, Frame] = {}
    for side in SIDES:
        hip, sign = person.hip(side), 1 if side == "left" else -1
        mirror = np.diag([sign, 1.0, 1.0])
        socket[side] = Frame.at((sign * person.half_width_mm, 0, 0), mirror).inside(pelvis)
        pose = turn("x", -hip.flexion_deg) @ turn("y", fem.SHAFT_LEAN_DEG - hip.abduction_deg)
        pose = pose @ turn("z", hip.rotation_deg)
        center = socket[side].to_world(pel.head_shift(hip))
        femur[side] = Frame(world.rotation @ mirror @ pose, center)
    return Frames(pelvis, socket, femur)


@dataclass(frozen=True, eq=False)
class Skeleton:
    """Bones on a grid, as signed distance in mm, capped at :data:`~ho_detect.simulation.shapes.FAR`."""

    frames: Frames
    femur: dict[Side, Field]
    hip_bone: dict[Side, Field]
    axial: Field

    def pelvis(self) -> Field:
        """Hip bones and axial bones together."""
        return np.minimum(np.minimum(self.hip_bone["left"], self.hip_bone["right"]), self.axial)

    def all(self) -> Field:
        """Every bone."""
        return np.minimum(np.minimum(self.femur["left"], self.femur["right"]), self.pelvis())


def _add(field: Field, shape: Shape | None, grid: Grid, blend_mm: float) -> None:
    if shape is None:
        return
    box, distance = render(shape, grid)
    if distance.size:
        field[box] = smooth_min(field[box], distance, blend_mm)


def _hip_bone(person: Person, side: Side, frame: Frame, grid: Grid, rng: np.random.Generator) -> Field:
    hip = person.hip(side)
    if person.shape_seed is None:
        field = union(pel.hip_bone_shapes(person, hip, frame), grid, 6.0 * person.size)
    else:
        field = union((measured_hip_bone(person.shape_seed, side, hip, frame),), grid, 0.0)
    for i, hollow in enumerate(pel.socket_hollows(hip, frame)):
        carve(field, hollow, grid, 0.0 if i == 0 else 2.0)
    edge = pel.rim(person, hip, frame, rng)
    if edge is not None:
        # osteophytes grow on bone: none across the notch below
        box, distance = render(edge, grid)
        if distance.size:
            field[box] = smooth_min(field[box], np.maximum(distance, field[box] - np.float32(_OSTEOPHYTE_MM)), 2.0)
    return field


def _femur(person: Person, side: Side, frame: Frame, grid: Grid, rng: np.random.Generator) -> Field:
    hip = person.hip(side)
    if person.shape_seed is None:
        field = union(fem.femur_shapes(hip, frame), grid, 8.0 * fem.scale_of(hip))
    else:
        field = union(measured_femur(person.shape_seed, side, hip, frame), grid, 4.0)
    # a small fillet: the joint surface must stay the sphere the truth states
    _add(field, fem.head_shape(hip, frame), grid, 3.0)
    carve(field, fem.fovea(hip, frame), grid, 1.0)
    _add(field, fem.collar(hip, frame, rng), grid, 2.0)
    return field


def build_skeleton(person: Person, grid: Grid, rng: np.random.Generator) -> Skeleton:
    """Render every bone on an axial grid."""
    frames = place(person)
    parts, holes = pel.axial_shapes(person, frames.pelvis)
    axial = union(parts, grid, 5.0 * person.size)
    for hole in holes:
        carve(axial, hole, grid, 1.5)
    femur: dict[Side, Field] = {}
    hip_bone: dict[Side, Field] = {}
    for side in SIDES:
        femur[side] = _femur(person, side, frames.femur[side], grid, rng)
        field = _hip_bone(person, side, frames.socket[side], grid, rng)
        # joints keep their gap in every pose: what would touch is worn away
        space = min(1.2, 0.4 * person.hip(side).joint_space_mm)
        field = np.maximum(np.maximum(field, space - femur[side]), 2.4 - axial)
        hip_bone[side] = field
        joint, both = (frames.socket[side], frames.femur[side]), (field, femur[side])
        grow_outgrowths(person, side, joint, both, grid, person.texture_seed)
    left, right = hip_bone["left"], hip_bone["right"]
    hip_bone["left"] = np.maximum(left, 2.0 - right)
    hip_bone["right"] = np.maximum(right, 2.0 - left)
    return Skeleton(frames, femur, hip_bone, axial)
