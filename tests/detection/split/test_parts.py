"""Parts of a candidate: what is a part already is not split again, and each kind of split has its own sign."""

from __future__ import annotations

import numpy as np
from made_detection import MUSCLE_HU, evidence, made_anatomy, place, region

from ho_detect.anatomy.metal.metal import Metal, Zone
from ho_detect.detection.candidates import Candidate
from ho_detect.detection.outline import Outlined
from ho_detect.detection.split.parts import parts_of
from ho_detect.image.grid import Grid
from ho_detect.settings import Settings

SETTINGS = Settings()
SHAPE = (24, 24, 60)
WHOLE = tuple(slice(0, n) for n in SHAPE)
ALONG_VESSELS = {"length_mm": 80.0, "volume_mm3": 4000.0, "arterial": 1.0}


def bar():
    mask = np.zeros(SHAPE, bool)
    mask[8:16, 8:16, 2:58] = True
    return mask


def tube_with_a_ball():
    z, y, x = np.indices(SHAPE)
    return (np.hypot(z - 12, y - 12) <= 3.0) | (np.sqrt((z - 12) ** 2 + (y - 12) ** 2 + (x - 30) ** 2) <= 9.0)


def split(mask, changes, *, metal_from=None, **candidate):
    zone = None
    if metal_from is not None:
        hidden = np.zeros(SHAPE, bool)
        hidden[..., metal_from:] = True
        nothing = np.zeros(SHAPE, np.float32)
        zone = Zone(Grid.axial(SHAPE, (1.0, 1.0, 1.0)), np.ones(SHAPE, np.float32), nothing, hidden)
    here = made_anatomy(compartments={"left": place("left")}, metal=Metal(500.0, zone=zone))
    outlined = Outlined(Candidate(WHOLE, mask, joined=False, **candidate), 222.0, 8.0, 0.9)
    return parts_of(region(np.where(mask, 400.0, MUSCLE_HU)), outlined, evidence(**changes), here, SETTINGS)


def test_what_is_of_one_piece_has_no_parts():
    assert split(bar(), {}) == []


def test_a_part_is_not_split_again():
    assert len(split(tube_with_a_ball(), ALONG_VESSELS)) == 2
    assert split(tube_with_a_ball(), ALONG_VESSELS, is_split=True) == []


def test_only_what_runs_as_vessels_do_is_split_from_one():
    assert split(tube_with_a_ball(), ALONG_VESSELS | {"arterial": 0.0}) == []
    parts = split(tube_with_a_ball(), ALONG_VESSELS)
    assert np.array_equal(np.sum([p.mask for p in parts], axis=0), tube_with_a_ball().astype(int))


def test_what_metal_hides_is_split_off_once():
    hidden = {"near_metal": 0.4, "volume_mm3": float(bar().sum())}
    parts = split(bar(), hidden, metal_from=38)
    assert len(parts) >= 2
    assert np.array_equal(np.sum([p.mask for p in parts], axis=0), bar().astype(int))
    assert split(bar(), hidden, metal_from=38, is_clear=True) == []


def test_a_small_hidden_volume_of_a_large_thing_is_split_off_too():
    share = {"near_metal": 0.01, "volume_mm3": 20000.0}
    assert split(bar(), share, metal_from=38) != []
    assert split(bar(), share | {"volume_mm3": 2000.0}, metal_from=38) == []


def test_the_candidate_is_left_as_it_was():
    mask = tube_with_a_ball()
    before = mask.copy()
    split(mask, ALONG_VESSELS)
    assert np.array_equal(mask, before)
