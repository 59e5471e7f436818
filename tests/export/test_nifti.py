import gzip

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from made_findings import make_findings, make_grids

from ho_detect.export.nifti import write_labels, write_slices
from ho_detect.image.grid import Grid

GRIDS = make_grids()
RAS_FROM_LPS = np.diag([-1.0, -1.0, 1.0])


@pytest.mark.parametrize("name", GRIDS)
class TestGrid:
    def test_simpleitk_sees_the_series_own_grid(self, name, tmp_path):
        grid = GRIDS[name]
        findings = make_findings(grid)
        write_labels(tmp_path / "l.nii.gz", findings.labels, grid)
        image = sitk.ReadImage(str(tmp_path / "l.nii.gz"))
        assert image.GetPixelID() == sitk.sitkUInt16
        np.testing.assert_array_equal(sitk.GetArrayFromImage(image), findings.labels)
        for index in ((0, 0, 0), (3, 5, 7), tuple(n - 1 for n in grid.shape)):
            seen = image.TransformIndexToPhysicalPoint([int(i) for i in index[::-1]])
            np.testing.assert_allclose(seen, grid.to_lps(index), atol=2e-3)

    def test_nibabel_finds_each_lesion_where_it_is(self, name, tmp_path):
        findings = make_findings(GRIDS[name])
        write_labels(tmp_path / "l.nii.gz", findings.labels, GRIDS[name])
        image = nibabel.load(tmp_path / "l.nii.gz")
        data = np.asarray(image.dataobj)
        assert image.header["qform_code"] > 0
        for lesion in findings.lesions:
            ras = nibabel.affines.apply_affine(image.affine, np.argwhere(data == lesion.id)).mean(axis=0)
            np.testing.assert_allclose(ras, RAS_FROM_LPS @ np.array(lesion.centroid_lps_mm), atol=0.3)


def test_slices_sheared_within_tolerance_can_be_written(tmp_path):
    affine = Grid.axial((12, 8, 8), (2.5, 1.0, 1.0)).affine.copy()
    affine[1, 0] = 2.5 * np.tan(np.radians(0.45))
    grid = Grid((12, 8, 8), affine)
    labels = np.zeros(grid.shape, np.uint16)
    labels[11, 7, 7] = 1
    write_labels(tmp_path / "l.nii.gz", labels, grid)
    image = sitk.ReadImage(str(tmp_path / "l.nii.gz"))
    np.testing.assert_allclose(image.TransformIndexToPhysicalPoint([7, 7, 11]), grid.to_lps([11, 7, 7]), atol=0.3)


@pytest.mark.parametrize("name", GRIDS)
def test_voxels_and_header_are_those_that_nibabel_writes(name, tmp_path):
    grid = GRIDS[name]
    labels = make_findings(grid).labels
    write_labels(tmp_path / "l.nii.gz", labels, grid)
    image = nibabel.Nifti1Image(labels.transpose(2, 1, 0), grid.to_ras(), dtype=np.uint16)
    image.set_sform(grid.to_ras(), 1)
    image.set_qform(grid.to_ras(), 1)
    image.header.set_xyzt_units("mm")
    assert gzip.decompress((tmp_path / "l.nii.gz").read_bytes()) == image.to_bytes()


@pytest.mark.parametrize("n_slices", [1, 16, 33])
def test_slices_made_as_they_are_written_are_the_whole(n_slices, tmp_path):
    grid = Grid.axial((n_slices, 5, 4), (2.0, 1.0, 1.0))
    labels = np.arange(n_slices * 20, dtype=np.uint16).reshape(grid.shape)
    write_slices(tmp_path / "l.nii.gz", lambda slices: labels[slices], grid)
    assert np.array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "l.nii.gz"))), labels)


def test_another_shape_is_refused(tmp_path):
    with pytest.raises(ValueError, match="shape"):
        write_labels(tmp_path / "l.nii.gz", np.zeros((2, 2, 2), np.uint16), GRIDS["axial"])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_an_os_error(tmp_path):
    grid = Grid.axial((2, 2, 2), (1, 1, 1))
    with pytest.raises(OSError, match=r"l\.nii\.gz"):
        write_labels(tmp_path / "missing" / "l.nii.gz", np.zeros(grid.shape, np.uint16), grid)


@pytest.mark.parametrize("name", GRIDS)
def test_both_affines_of_the_file_are_those_of_the_series(name, tmp_path):
    # ITK-SNAP and 3D Slicer read by ITK: the sform where its code says so, else the qform
    grid = GRIDS[name]
    write_labels(tmp_path / "l.nii.gz", np.zeros(grid.shape, np.uint16), grid)
    image = nibabel.load(tmp_path / "l.nii.gz")
    assert image.shape == grid.shape[::-1]
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in grid.shape])).reshape(3, -1).T
    expected = grid.to_lps(corners) @ RAS_FROM_LPS
    for affine, code in (image.get_sform(coded=True), image.get_qform(coded=True)):
        assert code > 0
        np.testing.assert_allclose(nibabel.affines.apply_affine(affine, corners[:, ::-1]), expected, atol=2e-3)
