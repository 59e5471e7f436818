"""Gaps to bone are the smallest distance of voxel centers, 0 where they touch, none beyond the margin."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.image.grid import Grid
from ho_detect.simulation.truth import FEMUR_LEFT, PELVIS, _gaps

GRID = Grid.axial((10, 10, 60), (2.0, 1.5, 1.0), (0.0, 0.0, 0.0))


def gaps(columns, **more):
    """Gaps of a voxel at column 10 to a femur that begins at a column; there is no pelvis."""
    lesion, bone = np.zeros(GRID.shape, bool), np.zeros(GRID.shape, np.uint8)
    lesion[5, 5, 10] = True
    bone[5, 5, 10 + columns :] = FEMUR_LEFT
    return _gaps(GRID, lesion, bone, (FEMUR_LEFT, PELVIS), np.argwhere(lesion), **more)


def test_touching_is_0():
    assert gaps(1) == ([0.0, None], [True, False])


@pytest.mark.parametrize("columns", [2, 7, 30])
def test_else_it_is_the_distance(columns):
    assert gaps(columns) == ([float(columns), None], [False, False])


def test_beyond_the_margin_nothing_is_said():
    assert gaps(30, margin_mm=29.0) == ([None, None], [False, False])


def test_across_an_edge_is_touching_too():
    lesion, bone = np.zeros(GRID.shape, bool), np.zeros(GRID.shape, np.uint8)
    lesion[5, 5, 10] = True
    bone[6, 6, 11] = PELVIS
    found, touches = _gaps(GRID, lesion, bone, (FEMUR_LEFT, PELVIS), np.argwhere(lesion))
    assert (found, touches) == ([None, 0.0], [False, True])
