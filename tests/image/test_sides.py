"""Left and right are told apart by patient coordinates, and mirror each other."""

from __future__ import annotations

import numpy as np

from ho_detect.image.sides import SIDES, mirror_of


def test_a_left_hip_is_as_it_is():
    assert mirror_of("left").tolist() == [1, 1, 1]


def test_a_right_hip_is_mirrored_across_the_middle_and_back():
    assert mirror_of("right").tolist() == [-1, 1, 1]
    for side in SIDES:
        np.testing.assert_array_equal(mirror_of(side) * mirror_of(side), np.ones(3))
