"""Tubes move with the bones that they hang on."""

from __future__ import annotations

import numpy as np
import pytest
from made_detection import anatomy

from ho_detect.anatomy.regions.tubes import Tubes, hung_on
from ho_detect.image.sides import mirror_of


def test_distances_are_those_to_the_surface_of_a_capsule():
    tube = Tubes(np.array([[0.0, 0, 0]]), np.array([[10.0, 0, 0]]), np.array([[2.0, 4.0]]))
    points = np.array([[0.0, 5, 0], [10.0, 0, 1], [-6.0, 0, 0], [5.0, 0, 3]])
    assert tube.outside_mm(points)[:, 0] == pytest.approx([3.0, -3.0, 4.0, 0.0])


@pytest.mark.parametrize("bone", ["p", "f"])
def test_a_knot_is_mirrored_with_its_bone(bone):
    knot = (bone, 20.0, 30.0, -10.0, 5.0)
    for side in ("left", "right"):
        offset = hung_on(anatomy(side))(knot) - anatomy(side).center_lps_mm
        assert offset * mirror_of(side) == pytest.approx(knot[1:4], abs=6.0)
