from dataclasses import replace

import numpy as np
import pytest
from made_findings import make_findings

from ho_detect.export.nifti import write_labels
from ho_detect.findings import Findings
from ho_detect.image.grid import Grid
from ho_detect.results.detected import DetectedThings, SavedThings
from ho_detect.simulation.scan import orient

GRID = Grid.axial((8, 9, 10), (2.0, 1.0, 1.0))
BOX = (slice(1, 8), slice(2, 9), slice(0, 10))
THINGS = DetectedThings(
    GRID.crop(BOX),
    (
        (2, (slice(0, 4), slice(0, 4), slice(0, 4)), np.ones((4, 4, 4), bool)),
        (1, (slice(2, 4), slice(2, 4), slice(2, 4)), np.ones((2, 2, 2), bool)),
    ),
)


def test_each_voxel_has_the_number_of_its_thing_and_the_smaller_wins():
    labels = THINGS.labels(GRID)
    assert labels.shape == GRID.shape
    assert (labels[3:5, 4:6, 2:4] == 1).all()
    assert int((labels == 2).sum()) == 64 - 8
    assert int((labels == 1).sum()) == 8


def test_a_series_stored_in_another_order_has_the_same_things_at_the_same_places():
    turned, steps = orient(GRID, "FFS")
    assert np.array_equal(THINGS.labels(turned)[tuple(slice(None, None, s) for s in steps)], THINGS.labels(GRID))


@pytest.mark.parametrize("position", ["HFS", "FFS"])
def test_some_slices_of_a_series_are_those_of_the_whole_made_or_saved(position, tmp_path):
    grid, _ = orient(GRID, position)
    whole = THINGS.labels(grid)
    write_labels(tmp_path / "detected.nii.gz", whole, grid)
    for things in (THINGS, SavedThings(tmp_path / "detected.nii.gz")):
        for start in (0, 3, 7):
            part = grid.crop((slice(start, start + 2), slice(None), slice(None)))
            assert np.array_equal(things.labels(part), whole[start : start + 2])


def test_saved_and_read_back_without_what_is_a_lesion(tmp_path):
    findings = make_findings()
    things = DetectedThings(findings.grid.to_canonical()[0], ((5, (slice(0, 20),) * 3, np.ones((20, 20, 20), bool)),))
    findings = replace(findings, detected=things)
    shown = findings.detected_things()
    assert set(np.unique(shown)) == {0, 5}
    assert not shown[findings.labels > 0].any()
    findings.save(tmp_path)
    assert np.array_equal(Findings.load(tmp_path).detected_things(), shown)


def test_a_result_without_them_says_so(tmp_path):
    make_findings().save(tmp_path)
    assert not (tmp_path / "detected.nii.gz").exists()
    assert Findings.load(tmp_path).detected_things() is None


BOXES = [(slice(3, 4), slice(0, 9), slice(0, 10)), (slice(0, 8), slice(4, 5), slice(1, 10)), (slice(6, 8),) * 3]


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("position", ["HFS", "FFS"])
def test_a_part_of_the_volume_is_that_part_of_the_whole(box, position, tmp_path):
    grid, _ = orient(GRID, position)
    upright, _, _ = grid.to_canonical()
    whole = THINGS.labels(upright)
    assert np.array_equal(THINGS.labels(upright.crop(box)), whole[box])
    write_labels(tmp_path / "detected.nii.gz", THINGS.labels(grid), grid)
    saved = SavedThings(tmp_path / "detected.nii.gz")
    assert np.array_equal(saved.labels(upright.crop(box)), whole[box])
    assert np.array_equal(saved.labels(grid), THINGS.labels(grid))
