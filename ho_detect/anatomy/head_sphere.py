"""The femoral head as a bright ball with a dark rim, looked for near where the fitted bones say it should be.

A surface fitted from a pose that is a little off may settle on the wrong walls of the joint, all the more with slices
thicker than the joint space. A ball has no pose: the whole neighbourhood can be searched.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from ho_detect.anatomy.template import gradient_of, match
from ho_detect.anatomy.working_grid import WorkingVolume
from ho_detect.geometry import FloatArray

#: How far from the expected center it is looked for, mm. Convention.
_REACH_MM = 10.0
_RADIUS_STEP_MM = 0.75
#: The largest ball that is looked for, mm; adult heads have radii of 19 to 29 mm.
_LARGEST_MM = 29.0
#: Fall of HU per voxel that counts fully, between values that tell bone from soft tissue. Convention.
_FULL_EDGE_HU, _RANGE_HU = 200.0, (-50.0, 600.0)


@dataclass(frozen=True, eq=False)
class Sphere:
    """Center (3,) in LPS mm and radius."""

    center_lps_mm: FloatArray
    radius_mm: float


def find_head_sphere(
    volume: WorkingVolume, expected: Sphere, directions: FloatArray, radii_mm: tuple[float, float]
) -> Sphere:
    """Return the ball with the clearest falling edge all around within 10 mm of the expected one.

    Parameters
    ----------
    volume
        HU near the hip.
    expected
        Where it should be.
    directions
        (D, 3) LPS unit vectors from the center to the joint surface: away from the neck.
    radii_mm
        Smallest and largest radius to look for.
    """
    step = volume.step_mm
    box = volume.grid.box_around(expected.center_lps_mm, _REACH_MM + _LARGEST_MM + 3.0)
    hu = volume.hu[box]
    if min(hu.shape) < 2:
        return expected
    grid = volume.grid.crop(box)
    steps = np.arange(-int(_REACH_MM / step), int(_REACH_MM / step) + 1)
    shifts = np.array(list(product(steps, repeat=3)))
    shifts = shifts[np.linalg.norm(shifts, axis=1) * step <= _REACH_MM]
    origin = grid.to_index(expected.center_lps_mm)
    radius_mm = np.arange(radii_mm[0], radii_mm[1] + 1e-6, _RADIUS_STEP_MM)
    points = directions * (radius_mm[:, None, None] / step)
    normals = np.broadcast_to(directions, points.shape)
    gradient = gradient_of(np.clip(hu, *_RANGE_HU))
    score, seen = match(gradient, points, normals, origin, shifts, full=_FULL_EDGE_HU)
    score *= np.sqrt(np.minimum(1.0, seen / np.float32(0.75)))  # less in view: a high score is easier to come by
    size, place = np.unravel_index(score.argmax(), score.shape)
    if score[size, place] <= 0.0:
        return expected
    return Sphere(grid.to_lps(origin + shifts[place]), float(radius_mm[size]))
