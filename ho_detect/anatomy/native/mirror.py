"""Places of one hip to the same places of the other: native bone is much the same on both sides."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.image.grid import FloatArray, align_similarity
from ho_detect.image.sides import BONES, Bone

_ACROSS = np.array([-1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class OtherSide:
    """The map that brings one bone's fitted surface closest to that of the same bone of the other side.

    Parameters
    ----------
    linear, offset_mm
        (3, 3) and (3,): LPS mm here to LPS mm there, a reflection with one scale.
    """

    linear: FloatArray
    offset_mm: FloatArray

    def place(self, points_lps_mm: FloatArray) -> FloatArray:
        """Return (n, 3) places of the other side, LPS mm, for (n, 3) places of this one."""
        return np.asarray(points_lps_mm @ self.linear.T + self.offset_mm)


def other_sides(hips: tuple[HipAnatomy, ...]) -> tuple[OtherSide | None, ...]:
    """Return where each bone lies on the other side, two a hip in the order of ``hips``; None where one is in view.

    Both surfaces are of one model, so that vertices of one number are the same place.
    """
    if len(hips) < 2:
        return (None,) * (len(hips) * len(BONES))
    return tuple(_between(hips[k], hips[1 - k], bone) for k, bone in product(range(2), BONES))


def _between(here: HipAnatomy, there: HipAnatomy, bone: Bone) -> OtherSide:
    a, b = ((hip.femur if bone == "femur" else hip.hip_bone).vertices for hip in (here, there))
    linear, offset = align_similarity(a * _ACROSS, b)
    return OtherSide(linear * _ACROSS, offset)
