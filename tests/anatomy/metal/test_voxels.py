"""What is as dense as metal: found, masked, and the largest ball of it."""

from __future__ import annotations

import numpy as np
import pytest
from phantoms import ball, volume

from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.anatomy.metal.voxels import find_metal_voxels, without_metal
from ho_detect.image.grid import Grid
from ho_detect.settings import AnatomySettings

SHAPE, SPACING = (50, 60, 70), (2.0, 1.5, 1.5)
#: LPS mm of the volume's first voxel.
ORIGIN = np.array([40.0, -45.0, -50.0])
GRID = Grid.axial(SHAPE, SPACING, ORIGIN)
HEAD = np.array((91.0, 0.0, 0.0))


def ct(*balls, hu=3071.0):
    values = np.full(SHAPE, 55.0)
    for center, radius in balls:
        values[ball(SHAPE, GRID.to_index(center), radius, SPACING)] = hu
    return volume(values, grid=GRID)


def found(*balls, **changes):
    return find_metal_voxels(ct(*balls, **changes), AnatomySettings())


def test_voxels_are_those_of_the_ball():
    metal = found((HEAD, 14.0))
    assert len(metal.index) * GRID.voxel_volume_mm3 == pytest.approx(4 / 3 * np.pi * 14**3, rel=0.03)
    assert np.linalg.norm(GRID.to_lps(metal.index) - HEAD, axis=1).max() <= 14.0
    assert len(metal.pieces) == 1


def test_dense_cortex_is_none_unless_the_limit_is_lower():
    assert len(found((HEAD, 14.0), hu=2400.0).index) == 0
    assert len(find_metal_voxels(ct((HEAD, 14.0), hu=2400.0), AnatomySettings(metal_hu=2000.0)).index) > 0


class TestMask:
    def test_metal_and_two_millimetres_are_out_of_view_and_nothing_else(self):
        fine = Grid.axial((68, 62, 72), (1.5,) * 3, ORIGIN)
        hu = np.zeros(fine.shape, np.float32)
        masked = without_metal(WorkingVolume(hu, fine), found((HEAD, 14.0)))
        away = np.linalg.norm(fine.to_lps(np.argwhere(np.isnan(masked.hu))) - HEAD, axis=1)
        rest = np.linalg.norm(fine.to_lps(np.argwhere(~np.isnan(masked.hu))) - HEAD, axis=1)
        # to the corner of a voxel
        assert away.max() <= 14.0 + 2.0 + 1.8
        assert rest.min() >= 14.0 + 2.0 - 1.8
        assert not np.isnan(hu).any()

    def test_without_metal_it_is_the_same_volume(self):
        here = WorkingVolume(np.zeros((4, 4, 4), np.float32), Grid.axial((4, 4, 4), (1.5,) * 3))
        assert without_metal(here, found()) is here

    def test_between_thick_slices_metal_goes_on(self):
        thick = Grid.axial((10, 40, 40), (5.0, 1.0, 1.0))
        values = np.full(thick.shape, 55.0)
        values[2:8, 15:25, 15:25] = 3071.0
        metal = find_metal_voxels(volume(values, grid=thick), AnatomySettings())
        fine = Grid.axial((34, 27, 27), (1.5,) * 3)
        levels = metal.on(fine).any(axis=(1, 2))
        assert (np.diff(np.flatnonzero(levels)) == 1).all()
        assert levels.sum() * 1.5 == pytest.approx(30.0, abs=1.6)


class TestLargestBall:
    @pytest.mark.parametrize("radius", [11.0, 14.0, 18.0, 26.0])
    def test_is_the_head(self, radius):
        head = found((HEAD, radius)).largest_ball(HEAD + np.array((6.0, -5.0, 4.0)), 25.0 + radius)
        assert np.linalg.norm(head.center_lps_mm - HEAD) < 0.5
        assert head.radius_mm == pytest.approx(radius, abs=1.5)

    def test_a_screw_is_none(self):
        assert (
            found(*((HEAD + np.array((0.0, 0.0, z)), 5.0) for z in range(-20, 21, 2))).largest_ball(HEAD, 25.0) is None
        )

    def test_nothing_is_none(self):
        assert found().largest_ball(HEAD, 25.0) is None

    def test_a_cup_about_it_does_not_make_it_larger(self):
        metal = ct((HEAD, 26.0))
        metal.hu[ball(SHAPE, GRID.to_index(HEAD), 23.0, SPACING)] = 55
        metal.hu[ball(SHAPE, GRID.to_index(HEAD), 15.0, SPACING)] = 3071
        head = find_metal_voxels(metal, AnatomySettings()).largest_ball(HEAD, 25.0)
        assert (np.linalg.norm(head.center_lps_mm - HEAD), head.radius_mm) == pytest.approx((0.0, 15.0), abs=1.5)
