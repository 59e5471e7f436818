"""A study scanned again in silico lies where it is said to; the model of differences is found again."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from phantoms import volume

from ho_detect.image.grid import Grid

FOLDER = Path(__file__).parents[1] / "benchmarks" / "accuracy"
if not FOLDER.exists():
    pytest.skip("the benchmarks are not in a source distribution", allow_module_level=True)


@pytest.fixture(scope="module")
def rescans():
    sys.path.insert(0, str(FOLDER))
    try:
        spec = importlib.util.spec_from_file_location("rescans", FOLDER / "rescans.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(FOLDER))
    return module


@pytest.mark.parametrize("seed", range(3))
def test_each_place_moves_as_told(rescans, seed):
    grid = Grid.axial((50, 60, 70), (2.0, 1.2, 1.2), (-40.0, -35.0, -50.0))
    center = np.array([6.0, -4.0, 8.0])
    points = grid.to_lps(np.argwhere(np.ones(grid.shape, bool)))
    hu = np.where(np.linalg.norm(points - center, axis=1) < 8.0, 900, 40).reshape(grid.shape)
    made, turn, offset = rescans.again(volume(hu.astype(np.int16), grid=grid), np.random.default_rng(seed))
    found = made.grid.to_lps(np.argwhere(made.hu > 470)).mean(axis=0)
    assert found == pytest.approx(turn @ center + offset, abs=0.5)
    assert (made.hu > 470).sum() * made.grid.voxel_volume_mm3 == pytest.approx(4 / 3 * np.pi * 8.0**3, rel=0.1)
    assert turn @ turn.T == pytest.approx(np.eye(3))


def test_the_model_of_differences_is_found_again(rescans):
    rng = np.random.default_rng(1)
    true = np.exp(rng.uniform(np.log(100), np.log(1e5), 2000))
    pairs = true[:, None] + np.stack([np.zeros(2000), np.hypot(40.0, 0.03 * true) * rng.standard_normal(2000)], axis=1)
    model = rescans.fitted(pairs)
    assert model == pytest.approx([40.0, 0.03], rel=0.15)
    assert rescans.within(pairs, model).mean() == pytest.approx(0.954, abs=0.02)
