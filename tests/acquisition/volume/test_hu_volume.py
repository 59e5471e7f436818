"""A volume is HU on a grid of its shape; turned to canonical axes and back nothing is changed or moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_findings import make_grids
from phantoms import volume

GRIDS = make_grids()


def made(name):
    grid = GRIDS[name]
    return volume(np.random.default_rng(1).integers(-1000, 2000, grid.shape), grid=grid)


@pytest.mark.parametrize("wrong", [np.zeros((2, 3, 5), np.int16), np.zeros((2, 3, 4), np.float32)])
def test_another_shape_or_type_is_refused(wrong):
    with pytest.raises(ValueError, match="on a grid of shape"):
        replace(volume(np.zeros((2, 3, 4))), hu=wrong)


@pytest.mark.parametrize("name", GRIDS)
def test_canonical_axes_hold_the_same_voxels_at_the_same_places(name):
    ct = made(name)
    upright = ct.canonical()
    index = np.array([[0, 0, 0], [3, 2, 1], [5, 7, 4]])
    places = upright.grid.to_lps(index)
    own = np.rint(ct.grid.to_index(places)).astype(int)
    assert np.array_equal(upright.hu[tuple(index.T)], ct.hu[tuple(own.T)])
    # down the axes lie superior, posterior and left
    assert (np.diag(upright.grid.affine[:3, :3][::-1]) > 0).all()
    assert np.shares_memory(upright.hu, ct.hu)


@pytest.mark.parametrize("name", GRIDS)
def test_back_from_canonical_axes_it_is_as_it_was(name):
    ct = made(name)
    assert np.array_equal(ct.grid.from_canonical(ct.canonical().hu), ct.hu)
    assert ct.spacing_mm == ct.grid.spacing_mm
