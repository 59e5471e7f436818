"""Whatever part of the grid an editor saves, and in whichever order, voxels come to where they were drawn."""

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from hypothesis import given
from hypothesis import strategies as st

from ho_detect.errors import UsageError
from ho_detect.image.grid import Grid, rotation
from ho_detect.reading.outlines import read_outlines

SHAPE = (7, 9, 11)
AFFINE = np.eye(4)
AFFINE[:3, :3] = rotation("z", 8.0) @ np.diag([1.0, 1.0, 1.0]) @ np.array([[0, 0, 0.8], [0, 0.8, 0], [2.0, 0, 0]])
AFFINE[:3, 3] = (-20.0, 5.0, 100.0)
GRID = Grid(SHAPE, AFFINE)


def drawn(seed=0):
    values = np.zeros(SHAPE, np.uint16)
    values[2:5, 3:6, 4:8] = np.random.default_rng(seed).integers(0, 4, (3, 3, 4))
    return values


def written(image, folder, name="a.nii.gz"):
    sitk.WriteImage(image, str(folder / name))
    return folder / name


@pytest.mark.parametrize("name", ["a.nii.gz", "a.nrrd", "a.mha"])
def test_reads_back_what_was_written(tmp_path, name):
    assert np.array_equal(read_outlines(written(GRID.to_simpleitk(drawn()), tmp_path, name), GRID), drawn())


@given(
    st.tuples(*[st.booleans()] * 3), st.permutations([0, 1, 2]), st.tuples(*[st.integers(0, 2)] * 3), st.integers(0, 9)
)
def test_part_of_the_grid_in_any_orientation(tmp_path_factory, flips, order, low, seed):
    image = GRID.to_simpleitk(drawn(seed))
    image = sitk.PermuteAxes(sitk.Flip(image[low[0] :, low[1] :, low[2] :], list(flips), False), order)
    path = written(image, tmp_path_factory.mktemp("a"), "a.nrrd")
    assert np.array_equal(read_outlines(path, GRID), drawn(seed))


def test_what_reaches_beyond_the_series_is_taken_where_it_is_empty_there(tmp_path):
    image = sitk.ConstantPad(GRID.to_simpleitk(drawn()), [2, 3, 1], [1, 1, 1])
    assert np.array_equal(read_outlines(written(image, tmp_path), GRID), drawn())
    image[0, 0, 0] = 1
    with pytest.raises(UsageError, match="outside of the series"):
        read_outlines(written(image, tmp_path), GRID)


def test_other_grids_are_refused(tmp_path):
    moved = GRID.to_simpleitk(drawn())
    moved.SetOrigin([v + 0.4 for v in moved.GetOrigin()])
    fine = sitk.Expand(GRID.to_simpleitk(drawn()), [2, 2, 2], sitk.sitkNearestNeighbor)
    for image in (moved, fine):
        with pytest.raises(UsageError, match="another grid"):
            read_outlines(written(image, tmp_path), GRID)


def test_what_is_no_label_map(tmp_path):
    (tmp_path / "text.nii.gz").write_text("no image")
    half = sitk.Cast(GRID.to_simpleitk(drawn()), sitk.sitkFloat32) * 0.5
    for path, said in ((tmp_path / "text.nii.gz", "cannot be read"), (written(half, tmp_path), "no label map")):
        with pytest.raises(UsageError, match=said):
            read_outlines(path, GRID)
