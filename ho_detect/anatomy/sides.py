"""Left and right, told apart by patient coordinates: +x is the patient's left."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ho_detect.geometry import FloatArray

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")


def mirror_of(side: Side) -> FloatArray:
    """Return the (3,) signs that take a hip of that side to a left one."""
    return np.array([-1.0, 1.0, 1.0]) if side == "right" else np.ones(3)
