"""The femoral head as a bright ball with a dark rim, looked for near where the fitted bones say it should be.

A surface fitted from a pose that is a little off may settle on the wrong walls of the joint, all the more with slices
thicker than the joint space. A ball has no pose: the whole neighbourhood can be searched.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from ho_detect._kernels.surface_match import match_template
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
    gradient = np.stack(list(np.gradient(np.clip(hu, *_RANGE_HU))), axis=-1).astype(np.float32)
    steps = np.arange(-int(_REACH_MM / step), int(_REACH_MM / step) + 1)
    offsets = np.array([o for o in product(steps, repeat=3) if np.linalg.norm(o) * step <= _REACH_MM], np.float64)
    centers = grid.to_index(expected.center_lps_mm) + offsets
    normals = np.ascontiguousarray(directions[:, ::-1])
    best, found = 0.0, expected
    for radius_mm in np.arange(radii_mm[0], radii_mm[1] + 1e-6, _RADIUS_STEP_MM):
        score, seen = np.empty(len(centers)), np.empty(len(centers))
        points = normals * (radius_mm / step)
        match_template(len(centers), gradient, points, normals, centers, _FULL_EDGE_HU, 0.0, 0, score, seen)
        score *= np.sqrt(np.minimum(1.0, seen / 0.75))  # less in view: a high score is easier to come by
        k = int(np.argmax(score))
        if score[k] > best:
            best, found = float(score[k]), Sphere(grid.to_lps(centers[k]), float(radius_mm))
    return found
