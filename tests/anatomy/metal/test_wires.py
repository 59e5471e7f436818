"""Loops of wire are split off, whole or where they touch a stem; screws, plates and slivers are none."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_implants import HEAD, bar, loop, rod, scanned

from ho_detect.anatomy.metal.cells import cells_of
from ho_detect.anatomy.metal.voxels import find_metal_voxels
from ho_detect.anatomy.metal.wires import find_wires
from ho_detect.settings import AnatomySettings

MIDDLE = HEAD + np.array([25.0, 0.0, -60.0])
UP, ACROSS = np.array([0.0, 0.0, 1.0]), np.array([25.0, 0.0, 0.0])


def loops(*shapes):
    ct = scanned(*shapes)
    metal = find_metal_voxels(ct, AnatomySettings())
    cells = cells_of(ct, metal, int(np.argmax(metal.pieces.count)))
    return [cells.points[w] for w in find_wires(cells, np.ones(len(cells.points), bool), 120.0)]


@pytest.mark.parametrize("radius", [13.0, 18.0, 26.0])
def test_a_loop_is_found(radius):
    (found,) = loops(loop(MIDDLE, radius))
    assert np.linalg.norm(found.mean(axis=0) - MIDDLE) < 1.0
    assert np.linalg.norm((found - MIDDLE)[:, :2], axis=1).mean() == pytest.approx(radius, abs=0.5)


def test_one_that_touches_a_stem_is_split_from_it():
    stem = rod(MIDDLE - 60 * UP + [11.0, 0, 0], MIDDLE + 50 * UP + [11.0, 0, 0], 6.0)
    (found,) = loops(loop(MIDDLE, 18.0), stem)
    assert np.abs((found - MIDDLE)[:, 2]).max() < 4.0
    assert np.linalg.norm((found - MIDDLE)[:, :2], axis=1).mean() == pytest.approx(18.0, abs=1.0)


@pytest.mark.parametrize(
    "shapes",
    [
        (rod(MIDDLE, MIDDLE + np.array([25.0, 10.0, 30.0]), 1.6),),
        (rod(MIDDLE, MIDDLE + 50 * UP, 6.0),),
        (bar(MIDDLE, MIDDLE + 60 * UP, np.array([0.0, 1.0, 0.0]), 7.0, 2.0),),
        (rod(MIDDLE, MIDDLE + ACROSS, 1.8), rod(MIDDLE + 14 * UP, MIDDLE + 14 * UP + ACROSS, 1.8),
         rod(MIDDLE - 10 * UP, MIDDLE + 24 * UP, 5.0)),
    ],
)  # fmt: skip
def test_rods_and_plates_are_none(shapes):
    assert loops(*shapes) == []
