"""Places of one hip are found on the other, wherever and however large it is, and back again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_detection import anatomy

from ho_detect.anatomy.native.mirror import other_sides
from ho_detect.image.grid import rotation
from ho_detect.image.sides import mirror_of

TURN, SIZE, SHIFT = rotation("x", 50) @ rotation("y", -20), 1.04, np.array([9.0, -4.0, 6.0])


def elsewhere(fit):
    """The same bone turned, larger and moved."""
    return replace(fit, vertices=SIZE * fit.vertices @ TURN.T + SHIFT)


def test_one_hip_has_no_other_side():
    assert other_sides(()) == ()
    assert other_sides((anatomy("left"),)) == (None, None)


@pytest.mark.parametrize("number", [0, 1])
def test_each_bone_is_met_in_its_own_pose(number):
    left, right = anatomy("left"), anatomy("right")
    right = replace(right, femur=elsewhere(right.femur), hip_bone=elsewhere(right.hip_bone))
    there, back = other_sides((left, right))[number::2]
    a, b = ((h.femur, h.hip_bone)[number] for h in (left, right))
    np.testing.assert_allclose(there.place(a.vertices), b.vertices, atol=1e-6)
    beside = a.vertices + 12.0 * a.normals
    flipped = SIZE * (beside * mirror_of("right")) @ TURN.T + SHIFT
    np.testing.assert_allclose(there.place(beside), flipped, atol=1e-6)
    np.testing.assert_allclose(back.place(there.place(beside)), beside, atol=1e-6)
