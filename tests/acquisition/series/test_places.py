"""Positions that were rounded lie on an even grid; uneven ones of the same size do not."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.acquisition.series.places import even_places, whole_multiples
from ho_detect.acquisition.series.stacking import stack_slices
from ho_detect.settings import AcquisitionSettings


@pytest.mark.parametrize("step", [0.625, 0.75, 0.9375, 1.25, 2.5])
def test_positions_written_with_one_decimal_are_a_regular_stack(step):
    positions = np.zeros((200, 3))
    positions[:, 2] = np.round(31.7 + step * np.arange(200), 1)
    found = stack_slices(positions, np.tile([1.0, 0, 0, 0, 1, 0], (200, 1)), np.ones((200, 2)), AcquisitionSettings())
    assert (found.repairs, found.is_regular) == ((), True)
    assert found.step_mm == pytest.approx(step, abs=1e-3)
    assert found.affine[2, 3] == pytest.approx(31.7, abs=0.051)


def test_steps_as_uneven_that_were_not_rounded_are_resampled():
    heights = 31.7 + 0.625 * np.arange(100) + np.where(np.arange(100) % 3 == 1, 0.047, -0.02)
    _, _, flags = even_places(heights, AcquisitionSettings())
    assert [f.code for f in flags] == ["resampled_spacing"]


def test_rounded_steps_that_drift_are_resampled():
    heights = np.round(np.cumsum(np.linspace(0.6, 0.9, 60)), 1)
    _, _, flags = even_places(heights, AcquisitionSettings())
    assert [f.code for f in flags] == ["resampled_spacing"]


def test_missing_slices_are_whole_multiples():
    times, smallest, missing = whole_multiples(np.array([2.0, 2.0, 6.0, 2.0]), AcquisitionSettings())
    assert (times.tolist(), smallest, missing) == ([1.0, 1.0, 3.0, 1.0], 2.0, 2)


def test_gaps_are_said_by_their_number_and_size():
    heights = np.delete(2.0 * np.arange(40), [7, 20, 21])
    places, step, (flag,) = even_places(heights, AcquisitionSettings())
    assert (places[-1], step, flag.code) == (39.0, 2.0, "gaps_filled")
    assert "3 slices at a step of 2.00 mm, at most 2 side by side" in flag.message
