"""Names of sides, in patient coordinates: +x is the patient's left. Of bones,
directions seen from a hip, and arteries.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from ho_detect.image.grid import FloatArray

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")
Bone = Literal["femur", "pelvis"]
BONES: tuple[Bone, Bone] = ("femur", "pelvis")
Sector = Literal["anterior", "posterior", "medial", "lateral"]
#: Of a leg, above and below the inguinal ligament.
Artery = Literal["external_iliac", "femoral"]
#: LPS mm.
Point = tuple[float, float, float]


def mirror_of(side: Side) -> FloatArray:
    """Return the (3,) signs that take a hip of that side to a left one."""
    return np.array([-1.0, 1.0, 1.0]) if side == "right" else np.ones(3)
