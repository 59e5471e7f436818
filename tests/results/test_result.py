"""A result is one record, labels and CT on one grid; a part of it is that part of the whole."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from made_findings import make_findings, make_grids

from ho_detect.image.grid import Grid
from ho_detect.results.hidden import FoundMetal, HiddenZone
from ho_detect.results.result import Result

GRIDS = make_grids()
BOX = (slice(2, 9), slice(3, 11), slice(0, 12))


class Everywhere:
    """Bones, or things, of one number in every voxel."""

    def __init__(self, number, dtype):
        self.number, self.dtype = number, dtype

    def labels(self, grid):
        return np.full(grid.shape, self.number, self.dtype)


def test_labels_of_another_shape_are_refused():
    findings = make_findings()
    with pytest.raises(ValueError, match="shape"):
        Result(findings.record, findings.labels[:-1], findings.volume)


def test_it_hands_out_what_its_record_holds():
    result = make_findings()
    record = result.record
    assert (result.hips, result.lesions, result.excluded, result.flags) == (
        record.hips, record.lesions, record.excluded, record.flags,
    )  # fmt: skip


def test_no_voxel_of_a_lesion_is_bone_or_a_thing_that_is_not_counted():
    findings = make_findings()
    result = replace(findings, bones=Everywhere(1, np.uint8), detected=Everywhere(7, np.uint16))
    lesion = findings.labels > 0
    assert lesion.any()
    for labels, number in ((result.native_bone(), 1), (result.detected_things(), 7)):
        assert not labels[lesion].any()
        assert (labels[~lesion] == number).all()


@pytest.mark.parametrize("name", GRIDS)
def test_a_box_is_cut_in_canonical_order_whatever_way_the_series_lies(name):
    result = make_findings(GRIDS[name])
    shape = result.grid.to_canonical()[0].crop(BOX).shape
    parts = (result.native_bone_in(BOX), result.hidden_in(BOX))
    assert [part.shape for part in parts] == [shape, shape]
    assert not parts[1].any()


@pytest.mark.parametrize("name", GRIDS)
def test_a_lesion_is_found_in_the_smallest_box_that_holds_it(name):
    result = make_findings(GRIDS[name])
    whole = result.grid.turned(result.labels)
    for lesion in result.lesions:
        box, mask = result.lesion_mask(lesion)
        assert np.array_equal(whole[box] == lesion.id, mask)
        assert mask.sum() == (whole == lesion.id).sum() > 0
        assert all(mask.any(axis=tuple({0, 1, 2} - {a}))[[0, -1]].all() for a in range(3))
    gone = msgspec.structs.replace(result.lesions[0], id=99)
    assert result.lesion_mask(gone)[1].size == 0


@pytest.mark.parametrize("name", GRIDS)
def test_what_metal_hides_in_a_box_is_that_part_of_its_zone(name):
    result = make_findings(GRIDS[name])
    mask = np.ones((6, 6, 6), np.uint8)
    mask[2:5, 2:5, 2:5] = 2
    zone = HiddenZone(Grid.axial(mask.shape, (2.0, 2.0, 2.0), (-5.0, -5.0, 5.0)), mask)
    whole = zone.labels(result.grid.to_canonical()[0])
    assert {1, 2} <= set(np.unique(whole))
    assert np.array_equal(replace(result, metal=FoundMetal(zone)).hidden_in(BOX), whole[BOX])
