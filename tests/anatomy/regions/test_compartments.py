"""The compartments of a hip: one set for each hip in view, of its own side."""

from __future__ import annotations

import numpy as np
from made_detection import anatomy

from ho_detect.anatomy.native.surfaces import native_bone
from ho_detect.anatomy.regions.compartments import compartments
from ho_detect.settings import JointSettings

LEFT, RIGHT = anatomy("left"), anatomy("right")


def found(*hips):
    return compartments(hips, native_bone(hips), JointSettings())


def test_each_hip_in_view_has_its_own():
    both = found(LEFT, RIGHT)
    assert {side: place.side for side, place in both.items()} == {"left": "left", "right": "right"}
    assert list(found(RIGHT)) == ["right"]
    assert found() == {}


def test_they_do_not_hang_on_the_other_hip():
    alone, both = found(LEFT)["left"], found(LEFT, RIGHT)["left"]
    assert np.array_equal(alone.femur.neck_surface.data, both.femur.neck_surface.data)


def test_left_and_right_are_mirrored():
    both = found(LEFT, RIGHT)
    necks = {side: np.asarray(place.femur.neck_surface.data).mean(axis=0) for side, place in both.items()}
    assert necks["left"][0] > 0 > necks["right"][0]
    assert np.abs(necks["left"] * [-1, 1, 1] - necks["right"]).max() < 1.0
