"""A label map comes back as it was saved; what is none is refused with its name."""

from __future__ import annotations

import gzip

import nibabel
import numpy as np
import pytest

from ho_detect.errors import UsageError
from ho_detect.results.label_map import read_labels


def saved(path, values, affine=None):
    nibabel.save(nibabel.Nifti1Image(values, np.diag([1.0, 2.0, 3.0, 1.0]) if affine is None else affine), path)
    return path


def test_it_comes_back_by_slice_row_and_column(tmp_path):
    values = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
    labels, grid = read_labels(saved(tmp_path / "l.nii.gz", values))
    np.testing.assert_array_equal(labels, values.T)
    assert grid.shape == (4, 3, 2)
    np.testing.assert_allclose(grid.to_lps(np.array([[0, 0, 1], [1, 0, 0]])), [[-1, 0, 0], [0, 0, 3]])


@pytest.mark.parametrize(
    "values", [np.full((2, 2, 2), 0.5, np.float32), np.full((2, 2, 2), -1, np.int16), np.zeros((2, 2, 2, 2), np.uint8)]
)
def test_what_is_no_label_map_is_refused(tmp_path, values):
    with pytest.raises(UsageError, match=r"l\.nii\.gz is no label map"):
        read_labels(saved(tmp_path / "l.nii.gz", values))


@pytest.mark.parametrize("data", [b"no gzip", gzip.compress(b"no nifti", mtime=0), b""])
def test_broken_files_are_refused_with_their_name(tmp_path, data):
    (tmp_path / "l.nii.gz").write_bytes(data)
    with pytest.raises(UsageError, match=r"l\.nii\.gz cannot be read"):
        read_labels(tmp_path / "l.nii.gz")
    with pytest.raises(UsageError, match=r"none\.nii\.gz cannot be read"):
        read_labels(tmp_path / "none.nii.gz")
