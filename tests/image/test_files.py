"""A NIfTI file lies where SimpleITK and nibabel both put it; what is no image says so."""

import gzip

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from hypothesis import given
from hypothesis import strategies as st

from ho_detect.errors import UsageError
from ho_detect.image.files import of_simpleitk, read_image
from ho_detect.image.grid import Grid, rotation

SHAPE = (5, 6, 7)
VALUES = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)


@given(
    st.tuples(*[st.floats(-40, 40)] * 3), st.tuples(*[st.floats(0.3, 5)] * 3), st.tuples(*[st.floats(-500, 500)] * 3)
)
def test_nifti_is_where_simpleitk_has_it(tmp_path_factory, degrees, spacing, origin):
    turned = rotation("x", degrees[0]) @ rotation("y", degrees[1]) @ rotation("z", degrees[2])
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turned * spacing, origin
    path = tmp_path_factory.mktemp("a") / "a.nii.gz"
    sitk.WriteImage(Grid(SHAPE, affine).to_simpleitk(VALUES), str(path))
    values, grid = read_image(path)
    _, theirs = of_simpleitk(sitk.ReadImage(str(path)))
    assert np.array_equal(values, VALUES)
    ends = [[0, 0, 0], SHAPE, [SHAPE[0], 0, 0], [0, SHAPE[1], 0]]
    assert np.abs(grid.to_lps(ends) - theirs.to_lps(ends)).max() < 2e-3


def test_values_are_scaled_as_the_header_says(tmp_path):
    image = nib.Nifti1Image(VALUES.transpose(2, 1, 0).astype(np.int16), np.eye(4))
    image.header.set_slope_inter(2.0, -1000.0)
    nib.save(image, tmp_path / "a.nii")
    assert np.array_equal(read_image(tmp_path / "a.nii")[0], VALUES * 2.0 - 1000.0)


def test_a_fourth_axis_of_one_is_none(tmp_path):
    for last, fine in ((1, True), (2, False)):
        values = np.repeat(VALUES.transpose(2, 1, 0)[..., None], last, axis=3)
        nib.save(nib.Nifti1Image(values, np.eye(4)), tmp_path / "a.nii.gz")
        if fine:
            assert np.array_equal(read_image(tmp_path / "a.nii.gz")[0], VALUES)
        else:
            with pytest.raises(UsageError, match="4 axes"):
                read_image(tmp_path / "a.nii.gz")


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd", "a.mha"])
@pytest.mark.parametrize("data", [b"", b"nothing", gzip.compress(b"nothing at all", mtime=0)])
def test_what_is_no_image(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError, match="cannot be read"):
        read_image(tmp_path / name)


def test_a_file_that_is_cut_off(tmp_path):
    nib.save(
        nib.Nifti1Image(np.random.default_rng(0).integers(0, 9, (30, 30, 30), np.int16), np.eye(4)),
        tmp_path / "a.nii.gz",
    )
    data = (tmp_path / "a.nii.gz").read_bytes()
    (tmp_path / "a.nii.gz").write_bytes(data[: len(data) // 2])
    with pytest.raises(UsageError, match="cannot be read"):
        read_image(tmp_path / "a.nii.gz")
