"""What is thicker than a vessel is split from it: nothing is lost, and a tube alone stays whole."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.detection.candidates import Candidate
from ho_detect.detection.split.vessel import thicker_than_vessel


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0)])
def test_a_ball_on_a_tube_is_split_from_it(spacing_mm):
    z, y, x = (np.arange(n) * s for n, s in zip((60, 40, 40), spacing_mm, strict=True))
    z, y, x = np.meshgrid(z, y, x, indexing="ij")
    tube = np.hypot(y - 12, x - 12) <= 4.5
    ball = np.sqrt((z - 0.5 * z.max()) ** 2 + (y - 22) ** 2 + (x - 22) ** 2) <= 10.0
    box = (slice(0, 60), slice(0, 40), slice(0, 40))
    parts, rest = thicker_than_vessel(Candidate(box, tube | ball, False), np.array(spacing_mm), 6.5)
    (found,) = parts
    assert (found.mask & ball).sum() / ball.sum() > 0.9
    assert (found.mask & tube & ~ball).sum() / tube.sum() < 0.15
    assert np.array_equal(found.mask | rest.mask, tube | ball)
    assert not (found.mask & rest.mask).any()
    alone, left = thicker_than_vessel(Candidate(box, tube, False), np.array(spacing_mm), 6.5)
    assert alone == []
    assert left.mask.sum() == tube.sum()
