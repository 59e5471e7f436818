"""Beside metal only what lies outside of its zone and stands out of its artefact can be judged."""

from __future__ import annotations

import numpy as np
import pytest
from made_detection import MUSCLE_HU, region

from ho_detect.anatomy.metal.metal import Metal, Zone
from ho_detect.detection.candidates import Candidate
from ho_detect.detection.clear_of_metal import artefact_in, clear_of_metal
from ho_detect.image.grid import Grid

SHAPE = (16, 16, 40)
WHOLE = tuple(slice(0, n) for n in SHAPE)


def bar():
    mask = np.zeros(SHAPE, bool)
    mask[4:10, 4:10, 2:38] = True
    return mask


def judged(hu=400.0, artefact_hu=0.0, hidden_from=40):
    """What can be judged of a bar of that density where metal hides all columns from one on."""
    hidden = np.zeros(SHAPE, bool)
    hidden[..., hidden_from:] = True
    grid = Grid.axial(SHAPE, (1.0, 1.0, 1.0))
    zone = Zone(grid, np.ones(SHAPE, np.float32), np.full(SHAPE, artefact_hu, np.float32), hidden)
    found = region(np.where(bar(), hu, MUSCLE_HU))
    return clear_of_metal(found, Candidate(WHOLE, bar(), joined=False), Metal(500.0, zone=zone), 0.0)


def test_without_metal_it_is_the_candidate():
    found = region(np.where(bar(), 400.0, MUSCLE_HU))
    assert np.array_equal(clear_of_metal(found, Candidate(WHOLE, bar(), joined=False), Metal(), 0.0), bar())


@pytest.mark.parametrize("hidden_from", [40, 30, 12, 0])
def test_nothing_of_the_zone_is_in_it_and_all_else_is(hidden_from):
    expected = bar()
    expected[..., hidden_from:] = False
    assert np.array_equal(judged(hidden_from=hidden_from) & bar(), expected)


@pytest.mark.parametrize(("artefact_hu", "is_clear"), [(0.0, True), (130.0, True), (145.0, False), (500.0, False)])
def test_what_does_not_stand_out_of_the_artefact_enough_is_not_judged(artefact_hu, is_clear):
    # 400 HU are 345 over muscle: 2.7 times an artefact of 130 HU, 2.4 times one of 145 HU
    assert judged(artefact_hu=artefact_hu).any() == is_clear


def test_a_faint_edge_of_what_stands_out_belongs_to_it():
    hu = np.where(bar(), 400.0, MUSCLE_HU)
    hu[:, :, 20:] = np.where(bar(), 150.0, MUSCLE_HU)[:, :, 20:]
    zone = Zone(
        Grid.axial(SHAPE, (1.0, 1.0, 1.0)),
        np.ones(SHAPE, np.float32),
        np.full(SHAPE, 50.0, np.float32),
        np.zeros(SHAPE, bool),
    )
    clear = clear_of_metal(region(hu), Candidate(WHOLE, bar(), joined=False), Metal(500.0, zone=zone), 0.0) & bar()
    assert np.flatnonzero(clear.any(axis=(0, 1))).tolist() == list(range(2, 22))


@pytest.mark.parametrize(
    ("around_hu", "expected"), [(None, 20.0), (-30.0, 20.0), (0.0, 20.0), (4.0, 40.0), (60.0, 90.0)]
)
def test_what_is_bright_is_so_because_of_metal_only_where_the_muscle_around_it_is_too(around_hu, expected):
    grid = Grid.axial(SHAPE, (1.0, 1.0, 1.0))
    artefact, bright = np.full(SHAPE, 20.0, np.float32), np.full(SHAPE, 90.0, np.float32)
    metal = Metal(500.0, zone=Zone(grid, np.ones(SHAPE, np.float32), artefact, np.zeros(SHAPE, bool), bright))
    found = region(np.where(bar(), 250.0, MUSCLE_HU))
    assert artefact_in(np.zeros((1, 3)), metal, around_hu) == expected
    # 250 HU are 195 over muscle: 2.2 times 90 HU
    assert clear_of_metal(found, Candidate(WHOLE, bar(), joined=False), metal, around_hu).any() == (expected < 78.0)


def test_without_metal_nothing_is_made_of_tissue():
    assert artefact_in(np.zeros((2, 3)), Metal(), 60.0).tolist() == [0.0, 0.0]
