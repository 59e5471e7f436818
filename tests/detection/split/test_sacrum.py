"""A lesion that has reached the sacrum is judged apart from it; what does not reach the midline is no sacrum."""

from __future__ import annotations

import numpy as np
import pytest
from made_detection import frames, region

from ho_detect.detection.candidates import Candidate
from ho_detect.detection.split.sacrum import split_from_sacrum
from ho_detect.image.grid import Grid

SPACING = (3.0, 3.0, 3.0)
SHAPE = (40, 30, 70)


def split(*, sacrum=True, lesion_mm=(50.0, 105.0), middle_mm=0.0):
    """A sacrum behind and above the heads, a lesion lateral of it and joined with it; the masks and the parts."""
    frame = frames()["left"]
    origin = np.array([frame.midline[0] - 90.0, frame.center[1], frame.center[2] - 20.0])
    grid = Grid.axial(SHAPE, SPACING, origin)
    points = grid.to_lps(np.moveaxis(np.indices(SHAPE), 0, -1))
    lateral = frame.from_midline_mm(points.reshape(-1, 3)).reshape(SHAPE)
    behind, above = points[..., 1] - frame.center[1], points[..., 2] - frame.center[2]
    at_sacrum = (
        (np.abs(lateral - middle_mm) < 40) & (behind > 40) & (behind < 70) & (above > 50) & (above < 90) & sacrum
    )
    low, high = lesion_mm
    lesion = (lateral > low - 12) & (lateral < high) & (behind > 40) & (behind < 60) & (above > 60) & (above < 80)
    made = region(np.full(SHAPE, 300.0), distance_mm=np.full(SHAPE, 20.0))
    made = type(made)(**{**vars(made), "grid": grid})
    mask = at_sacrum | lesion
    whole = tuple(slice(0, n) for n in SHAPE)
    return at_sacrum, lesion & ~at_sacrum, mask, split_from_sacrum(made, Candidate(whole, mask, joined=True), frame)


def test_both_parts_together_are_the_whole_and_the_lesion_is_one_of_them():
    sacrum, lesion, mask, (of_sacrum, rest) = split()
    assert ((of_sacrum.mask | rest.mask) == mask).all()
    assert not (of_sacrum.mask & rest.mask).any()
    assert of_sacrum.mask[sacrum].mean() > 0.95
    assert rest.mask[lesion].mean() > 0.5
    assert (of_sacrum.is_split, rest.is_split) == (True, False)


@pytest.mark.parametrize("how", [{"sacrum": False}, {"lesion_mm": (20.0, 30.0)}], ids=["lesion", "sacrum"])
def test_one_alone_is_left_as_it_is(how):
    assert split(**how)[-1] == []


def test_what_ends_before_the_midline_is_no_sacrum():
    assert split(middle_mm=60.0)[-1] == []
