"""The radius of a prosthetic head does not depend on the blur, nor on how high the scale goes."""

from __future__ import annotations

import numpy as np
import pytest
from phantoms import volume
from scipy import ndimage as ndi

from ho_detect.anatomy.metal.head import head_at_half_height
from ho_detect.anatomy.metal.voxels import find_metal_voxels
from ho_detect.image.grid import Grid, Sphere
from ho_detect.settings import AnatomySettings

GRID = Grid.axial((64, 64, 64), (1.0, 1.0, 1.0))
CENTER = np.array([31.3, 32.1, 30.8])


def head(radius, blur=1.0, metal_hu=3071.0, neck=False):
    at = GRID.to_lps(np.argwhere(np.ones(GRID.shape, bool))) - CENTER
    inside = np.linalg.norm(at, axis=1) <= radius
    if neck:
        inside |= (np.linalg.norm(at[:, 1:], axis=1) < 6.0) & (at[:, 0] > 0)
    hu = ndi.gaussian_filter(np.where(inside, metal_hu, 55.0).reshape(GRID.shape), blur)
    return volume(hu, grid=GRID)


@pytest.mark.parametrize("radius", [11.0, 14.0, 18.0])
@pytest.mark.parametrize(("blur", "metal_hu"), [(0.6, 3071.0), (1.5, 3071.0), (1.0, 12000.0)])
@pytest.mark.parametrize("neck", [False, True])
def test_is_that_of_the_ball(radius, blur, metal_hu, neck):
    made = head(radius, blur, metal_hu, neck)
    ball = find_metal_voxels(made, AnatomySettings()).largest_ball(CENTER, 25.0)
    sphere = head_at_half_height(made, ball)
    assert sphere.radius_mm == pytest.approx(radius, abs=0.6)
    assert np.linalg.norm(sphere.center_lps_mm - CENTER) < 0.5


def test_metal_on_all_sides_leaves_the_ball_as_it_is():
    made = volume(np.full(GRID.shape, 3000.0), grid=GRID)
    ball = Sphere(CENTER, 14.0)
    assert head_at_half_height(made, ball) is ball


@pytest.mark.parametrize("too_deep_mm", [0.0, 2.0, 4.0])
def test_a_ball_too_deep_in_the_cup_still_shows_the_head(too_deep_mm):
    at = GRID.to_lps(np.argwhere(np.ones(GRID.shape, bool))) - CENTER
    away = np.linalg.norm(at, axis=1)
    # the cup opens along +x, and streaks fill what lies between
    inside = (away <= 16.0) | ((away <= 27.0) & (at[:, 0] <= 0))
    made = volume(ndi.gaussian_filter(np.where(inside, 4000.0, 55.0).reshape(GRID.shape), 0.8), grid=GRID)
    sphere = head_at_half_height(made, Sphere(CENTER - [too_deep_mm, 0.0, 0.0], 16.0 + too_deep_mm / 2))
    assert np.linalg.norm(sphere.center_lps_mm - CENTER) < 1.0
    assert sphere.radius_mm == pytest.approx(16.0, abs=0.7)
