"""HU that are no DICOM: whatever form they come in, each voxel lies where it lay."""

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from hypothesis import given
from hypothesis import strategies as st

from ho_detect.acquisition.volume.array import is_image_file, volume_of
from ho_detect.acquisition.volume.hounsfield import AIR_HU
from ho_detect.errors import SeriesError, UsageError
from ho_detect.image.grid import Grid, rotation
from ho_detect.settings import AcquisitionSettings

SETTINGS = AcquisitionSettings()
SHAPE = (14, 18, 22)
AFFINE = np.eye(4)
AFFINE[:3, :3] = rotation("z", 4.0) @ np.array([[0, 0, 1.1], [0, 0.9, 0], [2.0, 0, 0]])
AFFINE[:3, 3] = (-12.0, 30.0, -400.0)
GRID = Grid(SHAPE, AFFINE)


def hu():
    """Air around a body of muscle, fat and bone, with a voxel that has no equal."""
    rng = np.random.default_rng(0)
    values = np.full(SHAPE, -1000.0)
    values[2:-2, 3:-3, 4:-4] = 50.0
    values[4:8, 6:10, 6:12] = -100.0
    values[5:7, 7:9, 13:16] = 700.0
    values += rng.normal(0, 5, SHAPE)
    values[3, 5, 7] = 1234.0
    return np.rint(values)


def in_ras():
    return hu().transpose(2, 1, 0), GRID.to_ras()


FORMS = {
    "simpleitk": lambda: volume_of(GRID.to_simpleitk(hu().astype(np.int16)), SETTINGS),
    "simpleitk floats": lambda: volume_of(GRID.to_simpleitk(hu()), SETTINGS),
    "nibabel": lambda: volume_of(nib.Nifti1Image(*in_ras()), SETTINGS),
    "array": lambda: volume_of(in_ras()[0], SETTINGS, in_ras()[1]),
}


def there(volume):
    (at,) = np.argwhere(volume.hu == 1234)
    return volume.grid.to_lps(at)


@pytest.mark.parametrize("form", FORMS)
def test_each_voxel_keeps_its_place_and_value(form):
    volume = FORMS[form]()
    assert there(volume) == pytest.approx(GRID.to_lps([3, 5, 7]), abs=1e-3)
    assert volume.canonical().hu.shape == SHAPE
    assert np.array_equal(volume.canonical().hu, np.maximum(hu(), AIR_HU).astype(np.int16))
    assert volume.spacing_mm == pytest.approx(GRID.spacing_mm, abs=1e-5)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.NII.GZ", "a.nrrd", "a.mha"])
def test_files(tmp_path, name):
    path = tmp_path / name.lower()
    sitk.WriteImage(GRID.to_simpleitk(hu().astype(np.int16)), str(path))
    path = path.rename(tmp_path / name)
    assert is_image_file(path)
    if name == name.lower():
        assert there(volume_of(str(path), SETTINGS)) == pytest.approx(GRID.to_lps([3, 5, 7]), abs=1e-3)


@given(st.permutations([0, 1, 2]), st.tuples(*[st.booleans()] * 3))
def test_in_any_order_of_axes_it_is_the_same_body(order, flips):
    image = sitk.PermuteAxes(sitk.Flip(GRID.to_simpleitk(hu()), list(flips), False), order)
    volume = volume_of(image, SETTINGS)
    assert there(volume) == pytest.approx(GRID.to_lps([3, 5, 7]), abs=1e-3)


def test_the_same_values_at_the_same_place_are_the_same_series():
    one, same = (FORMS["array"]().series.series_uid for _ in range(2))
    moved = in_ras()[1].copy()
    moved[0, 3] += 1.0
    assert one == same != volume_of(in_ras()[0], SETTINGS, moved).series.series_uid


def test_what_is_no_number_is_air():
    values, affine = in_ras()
    values[0, 0, 0], values[1, 1, 1] = np.nan, -5000
    volume = volume_of(values, SETTINGS, affine)
    assert volume.hu[0, 0, 0] == volume.hu[1, 1, 1] == AIR_HU


def sheared():
    affine = np.eye(4)
    affine[0, 1] = 0.2
    return affine


@pytest.mark.parametrize(
    ("affine", "reason"),
    [
        (sheared(), "bad_geometry"),
        (np.diag([1.0, 1.0, 12.0, 1.0]), "too_thick"),
        (np.block([[rotation("x", 44.0), np.zeros((3, 1))], [np.zeros((1, 3)), np.ones((1, 1))]]), "not_axial"),
    ],
)
def test_geometry_that_is_refused_of_dicom_is_refused_here(affine, reason):
    with pytest.raises(SeriesError) as caught:
        volume_of(in_ras()[0], SETTINGS, affine)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "change", [lambda v: v + 1024, lambda v: (v + 1000) / 10, lambda v: v * 0], ids=["shifted", "a tenth", "nothing"]
)
def test_values_that_cannot_be_hu_are_refused(change):
    values, affine = in_ras()
    with pytest.raises(SeriesError) as caught:
        volume_of(change(values), SETTINGS, affine)
    assert caught.value.reason == "not_hu"


@pytest.mark.parametrize(
    ("image", "affine", "said"),
    [
        (np.zeros((4, 4, 4)), None, "needs its affine"),
        (np.zeros((4, 4)), np.eye(4), "three"),
        (np.zeros((4, 4, 4)), np.zeros((4, 4)), "affine cannot be used"),
        (np.full((20, 20, 20), "a"), np.eye(4), "are no HU"),
        (sitk.Image([4, 4], sitk.sitkInt16), None, "three"),
    ],
    ids=["no affine", "two axes", "no matrix", "text", "two axes of SimpleITK"],
)
def test_what_is_no_ct(image, affine, said):
    with pytest.raises(UsageError, match=said):
        volume_of(image, SETTINGS, affine)


def test_a_file_that_cannot_be_read(tmp_path):
    (tmp_path / "a.nii").write_text("no")
    with pytest.raises(UsageError, match="cannot be read"):
        volume_of(tmp_path / "a.nii", SETTINGS)


def test_thick_slices_are_flagged():
    affine = np.diag([1.0, 1.0, 4.0, 1.0])
    assert [f.code for f in volume_of(in_ras()[0], SETTINGS, affine).flags] == ["thick_slices"]
