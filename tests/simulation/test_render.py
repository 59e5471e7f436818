"""What is rendered is the shape's own distance near its surface; hollows and unions are what their names say."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.image.grid import Grid
from ho_detect.simulation.fields import axes_of
from ho_detect.simulation.render import carve, render, union
from ho_detect.simulation.shapes import FAR, Ellipsoid

FINE = Grid.axial((50, 60, 70), (1.0, 1.0, 1.0), (-35.0, -30.0, -25.0))
COARSE = Grid.axial((12, 15, 17), (4.0, 4.0, 4.0), (-34.0, -30.0, -24.0))
BALL, OTHER = Ellipsoid.ball(np.zeros(3), 12.0), Ellipsoid.ball(np.array([15.0, 0.0, 0.0]), 8.0)


def radius(grid, center=(0.0, 0.0, 0.0)):
    x, y, z = axes_of(grid)
    return np.sqrt((x - center[0]) ** 2 + (y - center[1]) ** 2 + (z - center[2]) ** 2)


@pytest.mark.parametrize("grid", [FINE, COARSE])
def test_near_its_surface_it_is_the_distance(grid):
    box, distance = render(BALL, grid)
    expected = (radius(grid) - 12.0)[box]
    near = abs(expected) < 3.0
    assert near.sum() > 50
    np.testing.assert_allclose(distance[near], expected[near], atol=0.05)
    np.testing.assert_array_equal(distance < 0, expected < 0)


def test_all_that_is_inside_lies_in_the_box():
    box, distance = render(BALL, FINE, margin_mm=2.0)
    assert (distance < 0).sum() == (radius(FINE) < 12.0).sum()
    assert distance.shape == tuple(s.stop - s.start for s in box)


def test_out_of_view_it_is_empty():
    _, distance = render(Ellipsoid.ball(np.array([500.0, 0, 0]), 5.0), FINE)
    assert distance.size == 0


def test_a_union_holds_each_and_is_far_elsewhere():
    both = union((BALL, OTHER), FINE, 0.0)
    np.testing.assert_array_equal(both < 0, (radius(FINE) < 12.0) | (radius(FINE, (15.0, 0, 0)) < 8.0))
    assert both.max() == FAR
    blended = union((BALL, OTHER), FINE, 6.0)
    assert (blended[both < 0] < 0).all()
    assert (blended < 0).sum() > (both < 0).sum()


def test_carving_takes_away_what_is_inside_and_nothing_else():
    field = union((BALL,), FINE, 0.0)
    carve(field, OTHER, FINE)
    np.testing.assert_array_equal(field < 0, (radius(FINE) < 12.0) & (radius(FINE, (15.0, 0, 0)) > 8.0))
