"""What is being painted: HU and what is known of every voxel."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ho_detect.image.grid import FloatArray, Grid
from ho_detect.image.sides import Side
from ho_detect.simulation.fields import Box, Field, blend_in, coverage, voxel_width
from ho_detect.simulation.implant_plans import Material, PartKind
from ho_detect.simulation.muscles import MuscleMap
from ho_detect.simulation.person import Person
from ho_detect.simulation.render import render
from ho_detect.simulation.shapes import Shape
from ho_detect.simulation.skeleton import Frames, Skeleton


@dataclass(frozen=True, eq=False)
class Part:
    """A part of an implant as it lies on a canvas.

    Parameters
    ----------
    label
        Its value in the map of implants.
    implant
        Place of the implant that it belongs to in the plan, from 1.
    box, distance
        Where it is, and signed distance there, mm.
    ends
        (2, 3) LPS mm: its axis; None where it has none.
    """

    label: int
    implant: int
    kind: PartKind
    material: Material
    side: Side
    box: Box
    distance: Field
    ends: FloatArray | None


@dataclass(eq=False)
class Canvas:
    """What is being painted: HU and what is known of every voxel, on an axial grid.

    Parameters
    ----------
    person, grid
        Who, and where the voxels are.
    hu
        float32, painted in place.
    skeleton
        Signed distance of every bone.
    bone
        Signed distance to the nearest native bone, mm.
    skin
        Signed distance to the skin, mm; negative inside.
    muscles
        Who fills which voxel.
    vessels
        Signed distance to the nearest artery or vein, mm; :data:`~ho_detect.simulation.shapes.FAR` where none is near.
    in_muscle
        Voxels painted as muscle.
    rng
        The one source of randomness.
    lesions
        uint16 labels, painted by :mod:`ho_detect.simulation.ossification`.
    implant
        Signed distance to the nearest part of an implant, mm; :data:`~ho_detect.simulation.shapes.FAR` where none is
        near.
    parts
        Parts of implants, laid by :mod:`ho_detect.simulation.implant_parts`.
    """

    person: Person
    grid: Grid
    hu: Field
    skeleton: Skeleton
    bone: Field
    skin: Field
    muscles: MuscleMap
    vessels: Field
    in_muscle: NDArray[np.bool_]
    rng: np.random.Generator
    lesions: NDArray[np.uint16]
    implant: Field
    parts: list[Part] = field(default_factory=list)

    @property
    def frames(self) -> Frames:
        """Where the parts lie."""
        return self.skeleton.frames

    @property
    def width_mm(self) -> float:
        """Width of a voxel for soft edges, mm."""
        return voxel_width(self.grid)

    def copy(self, rng: np.random.Generator) -> Canvas:
        """Return a canvas that can be painted on without touching this one."""
        skeleton = Skeleton(
            self.skeleton.frames,
            {side: f.copy() for side, f in self.skeleton.femur.items()},
            {side: f.copy() for side, f in self.skeleton.hip_bone.items()},
            self.skeleton.axial,
        )
        return replace(
            self,
            hu=self.hu.copy(),
            skeleton=skeleton,
            bone=self.bone.copy(),
            rng=rng,
            lesions=self.lesions.copy(),
            implant=self.implant.copy(),
            parts=list(self.parts),
        )

    def solid(self, box: Box) -> Field:
        """Signed distance to what soft tissue makes way for, in a box, mm: native bone and implants."""
        return np.minimum(self.bone[box], self.implant[box])

    def filled_femur(self, side: Side, box: Box) -> Field:
        """Signed distance to a femur with the implants in it, in a box, mm."""
        return np.minimum(self.skeleton.femur[side][box], self.implant[box])

    def paint(self, shape: Shape, value: float, *, below: float = 0.0, spare_bone: bool = True) -> None:
        """Paint a shape, leaving native bone; ``below`` grows (negative: shrinks) it, mm."""
        box, distance = render(shape, self.grid, margin_mm=3.0 + below)
        if distance.size:
            share = coverage(distance - np.float32(below), self.width_mm)
            if spare_bone:
                share *= 1 - coverage(self.bone[box], self.width_mm)
            blend_in(self.hu[box], value, share)
