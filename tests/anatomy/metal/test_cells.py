"""The cubes of a piece fill what its voxels fill, whatever the slices; blooming is told where HU are not clipped."""

from __future__ import annotations

import numpy as np
import pytest
from phantoms import ball, volume

from ho_detect.anatomy.metal.cells import CELL_MM3, cells_of
from ho_detect.anatomy.metal.voxels import find_metal_voxels
from ho_detect.image.grid import Grid
from ho_detect.settings import AnatomySettings


def cells(hu, grid, number=0):
    ct = volume(hu, grid=grid)
    return cells_of(ct, find_metal_voxels(ct, AnatomySettings()), number)


@pytest.mark.parametrize("spacing", [(1.0, 0.7, 0.7), (2.0, 0.9, 0.9), (5.0, 1.0, 1.0)])
def test_fill_what_the_voxels_fill(spacing):
    shape = tuple(int(50 / s) for s in spacing)
    grid = Grid.axial(shape, spacing, (-20.0, 30.0, 400.0))
    inside = ball(shape, radius=14.0, spacing=spacing)
    found = cells(np.where(inside, 3071.0, 55.0), grid)
    assert len(found.points) * CELL_MM3 == pytest.approx(inside.sum() * grid.voxel_volume_mm3, rel=0.04)
    middle = grid.to_lps((np.array(shape) - 1) / 2)
    assert np.linalg.norm(found.points.mean(axis=0) - middle) < 0.3
    assert found.dense.all()


def test_are_those_of_one_piece():
    grid = Grid.axial((30, 60, 30), (1.0, 1.0, 1.0))
    hu = np.full(grid.shape, 55.0)
    hu[10:20, 5:15, 10:20], hu[10:20, 30:55, 10:20] = 3071, 3071
    assert [len(cells(hu, grid, n).points) * CELL_MM3 for n in (0, 1)] == pytest.approx([1000, 2500], rel=0.2)


def test_parts_are_split_where_they_do_not_touch_the_largest_first():
    grid = Grid.axial((20, 60, 20), (1.25,) * 3)
    hu = np.full(grid.shape, 55.0)
    hu[5:15, 5:55, 5:15] = 3071
    found = cells(hu, grid)
    kept = np.abs(found.points[:, 1] - 1.25 * 20) > 3
    small, large = found.points[:, 1] < 1.25 * 20, found.points[:, 1] > 1.25 * 20
    first, second = found.split(kept)
    assert (first == (kept & large)).all()
    assert (second == (kept & small)).all()


def test_blooming_is_less_than_half_as_dense_as_what_it_surrounds():
    grid = Grid.axial((24, 24, 40), (1.25,) * 3)
    hu = np.full(grid.shape, 55.0)
    hu[8:16, 8:16, 4:36] = 6000
    hu[10:14, 10:14, 4:36] = 16000
    found = cells(hu, grid)
    assert found.dense.sum() == 4 * 4 * 32
    assert len(found.points) == 8 * 8 * 32
