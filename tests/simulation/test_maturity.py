"""Older is denser at the rim; what is mature has a lucent core, what is immature has none."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.image.grid import Grid
from ho_detect.simulation.fields import axes_of
from ho_detect.simulation.maturity import attenuation, ragged

GRID = Grid.axial((40, 40, 40), (1.0, 1.0, 1.0), (-20.0, -20.0, -20.0))
X, Y, Z = axes_of(GRID)
DEPTH = (np.sqrt(X**2 + Y**2 + Z**2) - 14.0).astype(np.float32)
RIM, CORE = (DEPTH > -1.2) & (DEPTH < 0), DEPTH < -5.0


def densities(maturity, seed):
    hu = attenuation(np.random.default_rng(seed), GRID, DEPTH, maturity)
    return float(hu[RIM].mean()), float(hu[CORE].mean())


@pytest.mark.parametrize("seed", range(4))
def test_an_older_rim_is_denser(seed):
    immature, intermediate, mature = (densities(m, seed)[0] for m in ("immature", "intermediate", "mature"))
    assert 130 <= immature < 300 < intermediate < 450 < mature


@pytest.mark.parametrize("maturity", ["intermediate", "mature", "mixed"])
def test_the_core_is_lucent(maturity):
    rim, core = np.mean([densities(maturity, seed) for seed in range(4)], axis=0)
    assert core < rim - 100


def test_what_is_immature_has_no_core():
    rim, core = np.mean([densities("immature", seed) for seed in range(8)], axis=0)
    assert abs(core - rim) < 40


def test_what_is_ragged_has_lost_some_of_it_and_the_same_seed_gives_the_same():
    torn, again = (ragged(np.random.default_rng(3), GRID, DEPTH) for _ in range(2))
    np.testing.assert_array_equal(torn, again)
    assert 0.3 < (torn < 0).sum() / (DEPTH < 0).sum() < 1.0
