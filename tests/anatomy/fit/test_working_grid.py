"""Resampling to the patient's axes keeps places and means, for any order of axes."""

from __future__ import annotations

import numpy as np
import pytest
from phantoms import volume

from ho_detect.anatomy.fit.working_grid import resample_to_patient_axes
from ho_detect.image.grid import Grid, rotation


def slope(grid):
    """HU that rise by 2, 3 and 1 for each mm to the left, back and up."""
    at = np.stack(np.meshgrid(*[np.arange(n) for n in grid.shape], indexing="ij"), -1)
    return grid.to_lps(at) @ [2.0, 3.0, 1.0]


def grid_of(shape, spacing, order=(0, 1, 2), signs=(1, 1, 1), turn=0.0):
    axes = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]], float)[:, list(order)] * signs
    affine = np.eye(4)
    affine[:3, :3] = rotation("z", turn) @ axes * spacing
    affine[:3, 3] = [12.0, -30.0, 55.0]
    return Grid(shape, affine)


GRIDS = {
    "axial": grid_of((12, 30, 36), (5.0, 1.3, 1.3)),
    "coronal, feet first": grid_of((40, 12, 30), (1.0, 4.0, 1.0), (1, 0, 2), (1, -1, -1)),
    "oblique": grid_of((14, 30, 30), (3.0, 1.5, 1.5), turn=12.0),
}


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("step_mm", [1.5, 3.0])
def test_a_slope_stays_the_same_slope(name, step_mm):
    grid = GRIDS[name]
    copy = resample_to_patient_axes(volume(slope(grid), grid=grid), step_mm)
    assert copy.step_mm == step_mm
    assert copy.hu.dtype == np.float32
    assert copy.hu.flags.c_contiguous
    np.testing.assert_array_equal(copy.grid.affine[:3, :3], Grid.axial((1, 1, 1), (step_mm,) * 3).affine[:3, :3])
    at = np.stack(np.meshgrid(*[np.arange(n) for n in copy.hu.shape], indexing="ij"), -1)
    index = grid.to_index(copy.grid.to_lps(at))
    inner = ((index > 3) & (index < np.array(grid.shape) - 4)).all(axis=-1)
    assert inner.sum() > 100
    np.testing.assert_allclose(copy.hu[inner], slope(copy.grid)[inner], atol=1.0)


@pytest.mark.parametrize("name", GRIDS)
def test_the_whole_volume_is_covered_and_beyond_it_is_air(name):
    grid = GRIDS[name]
    copy = resample_to_patient_axes(volume(np.full(grid.shape, 40.0), grid=grid), 3.0)
    corners = grid.to_lps(
        np.array([[k, j, i] for k in (0, 1) for j in (0, 1) for i in (0, 1)]) * (np.array(grid.shape) - 1)
    )
    index = copy.grid.to_index(corners)
    assert (index > -0.51).all()
    assert (index < np.array(copy.hu.shape) - 0.49).all()
    at = np.stack(np.meshgrid(*[np.arange(n) for n in copy.hu.shape], indexing="ij"), -1)
    outside = ~grid.contains(copy.grid.to_lps(at))
    far = (
        np.abs(grid.to_index(copy.grid.to_lps(at)) - (np.array(grid.shape) - 1) / 2) > np.array(grid.shape) / 2 + 2
    ).any(-1)
    assert (copy.hu[far & outside] == -1024).all()
    assert (np.abs(copy.hu[~outside] - 40) < 1).mean() > 0.7


def test_averaging_lowers_noise():
    rng = np.random.default_rng(0)
    noisy = volume(rng.normal(100, 50, (30, 60, 60)), spacing=(1.5, 0.75, 0.75))
    assert resample_to_patient_axes(noisy, 3.0).hu[1:-1, 1:-1, 1:-1].std() < 20


def test_one_thin_slab_still_gives_a_volume():
    copy = resample_to_patient_axes(volume(np.zeros((1, 8, 8)), spacing=(1.0, 1.0, 1.0)), 3.0)
    assert min(copy.hu.shape) >= 2
