"""What metal hides, on any grid: the same places, whatever order a series is stored in."""

import numpy as np
import pytest

from ho_detect.anatomy.metal.metal import Metal, Zone
from ho_detect.image.grid import Grid
from ho_detect.results.hidden import HIDDEN, METAL, HiddenZone, NoMetal
from ho_detect.simulation.scan import orient

ZONE_GRID = Grid.axial((20, 20, 20), (1.5,) * 3, (-10.0, -12.0, 5.0))


def made() -> HiddenZone:
    """A ball of metal of 3 mm in a zone of 6 mm about (2, 3, 20)."""
    points = ZONE_GRID.to_lps(np.moveaxis(np.indices(ZONE_GRID.shape), 0, -1))
    distance = np.maximum(np.linalg.norm(points - (2.0, 3.0, 20.0), axis=-1) - 3.0, 0.0).astype(np.float32)
    zone = Zone(ZONE_GRID, distance, np.zeros_like(distance), distance <= 3.0)
    found = HiddenZone.of(Metal(113.0, zone=zone))
    assert found is not None
    return found


def test_cut_to_what_is_hidden_and_the_same_everywhere():
    zone = made()
    assert zone.mask.size < 20**3
    assert zone.at(np.array([[2.0, 3.0, 20.0], [2.0, 7.5, 20.0], [2.0, 3.0, 29.0], [500.0, 0, 0]])).tolist() == [
        METAL,
        HIDDEN,
        0,
        0,
    ]


@pytest.mark.parametrize("position", ["HFS", "FFS", "HFP"])
def test_a_series_in_any_order_has_it_at_the_same_places(position):
    grid, _ = orient(Grid.axial((12, 30, 30), (3.0, 1.0, 1.0), (-12.0, -10.0, 3.0)), position)
    labels = made().labels(grid)
    points = grid.to_lps(np.moveaxis(np.indices(grid.shape), 0, -1))
    assert np.array_equal(labels, made().at(points))
    assert set(np.unique(labels)) == {0, HIDDEN, METAL}
    away = np.linalg.norm(points[labels > 0] - (2.0, 3.0, 20.0), axis=-1)
    assert away.max() < 6.0 + 1.5


def test_no_metal_hides_nothing():
    assert HiddenZone.of(Metal()) is None
    assert NoMetal().zone is None
