"""Beneath what covers a cortex its own edge is found; a bare cortex, and one that lies farther out, keep theirs."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.anatomy.fit.cover import beneath_cover
from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.image.grid import Grid, rotation

STEP_MM = 1.5
#: The surface is a plane through the middle, its cortex 4 mm thick within, marrow deeper.
CORTEX_HU, MARROW_HU, MUSCLE_HU = 900.0, -20.0, 50.0
OUT = rotation("z", 30.0) @ rotation("x", 20.0) @ np.array([1.0, 0.0, 0.0])


def offsets(cover_hu, thick_mm=5.0, *, edge_mm=None, true_mm=0.0, cortex_hu=CORTEX_HU):
    """Offset at the middle, told the edge of the cover; the cortex ends ``true_mm`` outside of the surface."""
    grid = Grid.axial((40, 40, 40), (STEP_MM,) * 3, (-29.25,) * 3)
    out = grid.to_lps(np.moveaxis(np.indices(grid.shape), 0, -1)) @ OUT - true_mm
    # edges are blurred by half a voxel
    share = [np.clip(0.5 - (out - at) / STEP_MM, 0.0, 1.0) for at in (-4.0, 0.0, thick_mm)]
    hu = MARROW_HU * share[0] + cortex_hu * (share[1] - share[0]) + cover_hu * (share[2] - share[1])
    hu += MUSCLE_HU * (1 - share[2])
    edge = np.array([true_mm + thick_mm if edge_mm is None else edge_mm])
    volume = WorkingVolume(hu.astype(np.float32), grid)
    return float(beneath_cover(volume, np.zeros((1, 3)), OUT[None], edge)[0])


@pytest.mark.parametrize("cover_hu", [220.0, 400.0])
@pytest.mark.parametrize("true_mm", [-1.0, 0.0, 1.0])
def test_the_edge_of_the_cortex_is_found_beneath_new_bone(cover_hu, true_mm):
    assert offsets(cover_hu, true_mm=true_mm) == pytest.approx(true_mm, abs=0.8)


def test_a_bare_cortex_keeps_its_edge():
    for edge_mm in (-2.0, 0.0, 1.5):
        assert offsets(MUSCLE_HU, 0.01, edge_mm=edge_mm, true_mm=edge_mm) == edge_mm


def test_a_cortex_that_lies_farther_out_than_the_surface_is_no_cover():
    """A surface in marrow: what is outside of it is denser than what is there."""
    assert offsets(MUSCLE_HU, 0.01, edge_mm=4.5, true_mm=4.5) == 4.5


def test_what_is_as_dense_as_the_cortex_is_not_told_from_it():
    assert offsets(850.0) == 5.0


def test_where_there_is_no_edge_none_is_made():
    assert np.isnan(offsets(300.0, edge_mm=np.nan))
