"""Blood is cut out of what lies against it, and what is thicker than a vessel taken off it: nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest
from made_detection import region

from ho_detect.anatomy.regions.vessels import FilledVessels, Vessel
from ho_detect.detection.candidates import Candidate
from ho_detect.detection.split.vessel import split_from_blood, thicker_than_vessel


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


def test_the_lumen_of_a_followed_vessel_is_cut_out():
    near = region(np.zeros((50, 40, 40)))
    z, y, x = np.indices(near.hu.shape)
    center = np.array([(12.0, 12.0, float(k)) for k in range(0, 50, 2)])
    at = near.grid.to_lps(center[:, ::-1])
    vessel = Vessel(at, np.full(len(at), 4.0), 300.0)
    tube, block = np.hypot(y - 12, x - 12) <= 4.0, (x >= 18) & (x < 30) & (abs(y - 12) < 6) & (abs(z - 25) < 8)
    speck = (x == 6) & (abs(y - 12) < 2) & (abs(z - 10) < 2)
    joined = Candidate(tuple(slice(0, n) for n in tube.shape), tube | block | speck, False)
    lumen, beside = split_from_blood(near, joined, [FilledVessels((vessel,), vessel)])
    assert np.array_equal(lumen.mask | beside.mask, joined.mask)  # the speck too
    assert not (lumen.mask & beside.mask).any()
    assert np.array_equal(beside.mask, block)
    assert lumen.is_split
    assert beside.is_split
    for whole, filled in ((joined, []), (Candidate(joined.box, tube, False), [FilledVessels((vessel,), vessel)])):
        assert split_from_blood(near, whole, filled) == []
