"""Tubes along courses that are hung on the fitted bones: each end moves with the bone that it is fixed to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.fit.shape_model import femur_model, hip_bone_model
from ho_detect.image.grid import FloatArray, align_similarity
from ho_detect.image.sides import mirror_of

#: Where a course passes: ``p`` moves with the hip bone, ``f`` with the femur; then (lateral, posterior, superior)
#: of the head center of the model's mean subject, and a radius, mm.
Knot = tuple[str, float, float, float, float]


@dataclass(frozen=True, eq=False)
class Tubes:
    """Segments of tubes.

    Parameters
    ----------
    start, end
        (S, 3) LPS mm.
    radius_mm
        (S, 2) at either end.
    """

    start: FloatArray
    end: FloatArray
    radius_mm: FloatArray

    def outside_mm(self, points: FloatArray, of: slice | NDArray[np.bool_] = slice(None)) -> FloatArray:
        """Return (n, S) distances of (n, 3) LPS points to the surface of some of them, negative inside, mm."""
        start, along = self.start[of], (self.end - self.start)[of]
        arm = points[:, None] - start
        t = np.clip((arm * along).sum(axis=2) / (along**2).sum(axis=1), 0.0, 1.0)
        radius = self.radius_mm[of, 0] * (1 - t) + self.radius_mm[of, 1] * t
        return np.asarray(np.linalg.norm(arm - t[..., None] * along, axis=2) - radius)


def hung_on(hip: HipAnatomy) -> Callable[[Knot], FloatArray]:
    """Return what gives the (3,) LPS mm of a knot at a hip, on its fitted bones."""
    mirror = mirror_of(hip.joint.side)
    place = {
        "p": align_similarity(hip_bone_model().mean * mirror, hip.hip_bone.vertices),
        "f": align_similarity(femur_model().mean * mirror, hip.femur.vertices),
    }

    def at(knot: Knot) -> FloatArray:
        linear, offset = place[knot[0]]
        return np.asarray(linear @ (mirror * knot[1:4]) + offset)

    return at
