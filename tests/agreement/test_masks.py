import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from dicom_files import CtSeries, write_series
from loaded_findings import load_findings

from ho_detect.agreement.masks import onto, read_mask, referenced_series
from ho_detect.errors import UsageError
from ho_detect.image.grid import Grid, rotation

SHAPE = (9, 11, 13)
AFFINE = np.eye(4)
AFFINE[:3, :3] = rotation("x", 6.0) @ np.array([[0, 0, 0.7], [0, 0.8, 0], [1.5, 0, 0]])
AFFINE[:3, 3] = (3.0, -40.0, 200.0)
GRID = Grid(SHAPE, AFFINE)


def drawn(*values):
    labels = np.zeros(SHAPE, np.uint16)
    for k, value in enumerate(values):
        labels[1 + 3 * k : 3 + 3 * k, 2:6, 3:9] = value
    return labels


@pytest.mark.parametrize("name", ["a.nii.gz", "a.nrrd", "a.mha"])
def test_values_are_lesions_and_lie_where_they_were_drawn(tmp_path, name):
    sitk.WriteImage(GRID.to_simpleitk(drawn(4, 7)), str(tmp_path / name))
    labels, grid = read_mask(tmp_path / name)
    assert np.array_equal(labels, drawn(4, 7))
    index = np.argwhere(labels)
    assert np.abs(grid.to_lps(index) - GRID.to_lps(index)).max() < 1e-3
    assert onto(labels, grid, GRID) is labels


def test_of_one_value_each_connected_part_is_a_lesion(tmp_path):
    sitk.WriteImage(GRID.to_simpleitk(drawn(1, 1, 1)), str(tmp_path / "a.nii.gz"))
    labels, _ = read_mask(tmp_path / "a.nii.gz")
    assert sorted(np.unique(labels)) == [0, 1, 2, 3]
    assert np.array_equal(labels > 0, drawn(1, 1, 1) > 0)


def test_a_mask_on_part_of_the_grid_comes_to_its_place(tmp_path):
    sitk.WriteImage(GRID.to_simpleitk(drawn(2, 3))[1:, 2:, :], str(tmp_path / "a.nii.gz"))
    assert np.array_equal(onto(*read_mask(tmp_path / "a.nii.gz"), GRID), drawn(2, 3))


def test_a_dicom_segmentation_is_where_its_label_map_is(tmp_path):
    write_series(tmp_path / "ct", CtSeries())
    findings = load_findings(tmp_path / "ct")
    (path,) = (p for p in findings.save_dicom(tmp_path / "out") if "seg" in p.name.lower())
    labels, grid = read_mask(path)
    here = onto(labels, grid, findings.grid)
    assert np.array_equal(here > 0, findings.labels > 0)
    assert len(np.unique(here)) == len(np.unique(findings.labels))
    assert referenced_series(path) == findings.record.series.series_uid or referenced_series(path)


@pytest.mark.parametrize("name", ["a.nii.gz", "a.dcm"])
def test_what_is_no_mask(tmp_path, name):
    (tmp_path / name).write_bytes(b"nothing")
    with pytest.raises(UsageError, match=r"can(not)? be read"):
        read_mask(tmp_path / name)
    assert referenced_series(tmp_path / name) == ""


def test_values_that_are_no_whole_numbers(tmp_path):
    half = sitk.Cast(GRID.to_simpleitk(drawn(1)), sitk.sitkFloat32) * 0.5
    sitk.WriteImage(half, str(tmp_path / "a.nii.gz"))
    with pytest.raises(UsageError, match="whole numbers"):
        read_mask(tmp_path / "a.nii.gz")
