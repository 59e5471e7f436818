"""A sphere is drawn to the edges of a head that lies some millimetres away, and says how much of it is seen."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.anatomy.fit.head import refined_head
from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.image.grid import Grid, Sphere

SHAPE, STEP = (56, 56, 56), 1.5
GRID = Grid.axial(SHAPE, (STEP,) * 3, (-42.0,) * 3)
AT = GRID.to_lps(np.moveaxis(np.indices(SHAPE), 0, -1))
TRUE = np.array([1.3, -0.8, 0.6])


def directions():
    """The upper two thirds of a sphere, evenly: away from the neck."""
    k = np.arange(600) + 0.5
    z, turn = 1.0 - 2.0 * k / 600, np.pi * (1.0 + 5.0**0.5) * k
    r = np.sqrt(1.0 - z**2)
    found = np.column_stack([r * np.cos(turn), r * np.sin(turn), z])
    return found[found[:, 2] > -0.33]


def scanned(radius, *, from_below=None):
    away = np.linalg.norm(AT - TRUE, axis=-1)
    hu = 50.0 + 550.0 / (1.0 + np.exp((away - radius) / 0.5))
    if from_below is not None:
        hu[AT[..., 2] > from_below] = 50.0
    return WorkingVolume(hu.astype(np.float32), GRID)


@pytest.mark.parametrize("radius", [20.0, 24.0, 27.0])
@pytest.mark.parametrize("offset", [(0.0, 0.0, 0.0), (3.0, -2.0, 1.0), (-2.0, 2.5, -2.0)])
def test_center_and_radius_are_found_from_some_millimetres_away(radius, offset):
    found = refined_head(scanned(radius), Sphere(TRUE + offset, radius + 1.5), directions())
    assert found.sphere.center_lps_mm == pytest.approx(TRUE, abs=0.3)
    assert found.sphere.radius_mm == pytest.approx(radius, abs=0.3)
    assert found.seen > 0.95


def test_what_has_no_edge_is_not_seen():
    nothing = WorkingVolume(np.full(SHAPE, 50.0, np.float32), GRID)
    assert refined_head(nothing, Sphere(TRUE, 24.0), directions()).seen == 0.0
    half = refined_head(scanned(24.0, from_below=TRUE[2]), Sphere(TRUE, 24.0), directions())
    assert half.seen < 0.7


def test_a_head_is_never_larger_than_heads_are():
    found = refined_head(scanned(38.0), Sphere(TRUE, 29.0), directions())
    assert found.sphere.radius_mm <= 30.0
