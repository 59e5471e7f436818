"""What exports and conversions leave behind is refused as no HU, and true HU in any usual form are not."""

from __future__ import annotations

import numpy as np
import pytest
from dicom_files import CtSeries, write_series

from ho_detect.acquisition.headers.slices import PixelFormat, Rescale
from ho_detect.acquisition.series.index import index_series
from ho_detect.acquisition.volume.hounsfield import check_hounsfield, hu_table
from ho_detect.acquisition.volume.load import load_volume
from ho_detect.errors import SeriesError
from ho_detect.settings import Settings
from ho_detect.system.pseudonyms import Pseudonyms


def patient(*, air=0.45, bone=0.05, top=1400):
    """HU of a body with fat, muscle and bone in air, in random order."""
    random, n = np.random.default_rng(3), 200_000
    n_air, n_bone = round(air * n), round(bone * n)
    n_soft = n - n_air - n_bone
    fat, muscle = random.normal(-100, 20, n_soft // 2), random.normal(50, 20, n_soft - n_soft // 2)
    parts = [random.normal(-1000, 15, n_air), fat, muscle, 200 + (top - 200) * random.beta(1, 3, n_bone)]
    hu = np.clip(np.rint(np.concatenate(parts)), -1024, 3071).astype(np.int16)
    return hu[: hu.size // 100 * 100].reshape(10, 10, -1)


def rescaled(hu, low, width, top, added=0):
    """Values of a window, scaled to 0 ... top."""
    return np.clip((hu.astype(float) - low) / width * top, 0, top).astype(np.int16) + np.int16(added)


DAMAGED = {
    "a sign lost": lambda hu: np.where(hu < 0, 32767, hu),
    "a sign of 12 bits lost": lambda hu: np.where(hu < 0, hu + 4096, hu),
    "a sign of 12 bits lost, intercept kept": lambda hu: np.where(hu < 0, hu + 4096, hu) - 1024,
    "rescaled twice": lambda hu: np.maximum(hu - 1024, -1024),
    "rescaled twice by 1000": lambda hu: np.maximum(hu - 1000, -1024),
    "bone window in 8 bits": lambda hu: rescaled(hu, -450, 1500, 255),
    "soft tissue window in 8 bits": lambda hu: rescaled(hu, -160, 400, 255),
    "a window in 12 bits": lambda hu: rescaled(hu, -160, 400, 4095, -1024),
    "a window mapped back": lambda hu: np.clip(hu, -450, 1050),
    "a narrow window mapped back": lambda hu: np.clip(hu, -160, 240),
    "inverted": lambda hu: 2047 - hu,
    "rescaled never": lambda hu: hu + 1024,
    "all of one value": lambda hu: np.zeros_like(hu),
    "dense bone cut off": lambda hu: np.minimum(hu, 300),
    "a slope of a half lost": lambda hu: np.where(2 * hu < -1500, -1024, 2 * hu),
    "a slope of two lost": lambda hu: (hu + 1024) // 2 - 1024,
    "a bone window in 12 bits": lambda hu: rescaled(hu, -450, 1500, 4095, -1024),
    "16 bits normalised": lambda hu: np.clip((hu.astype(float) + 1024) * 16, 0, 32767),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_no_hu_is_refused(name):
    with pytest.raises(SeriesError) as error:
        check_hounsfield(DAMAGED[name](patient()).astype(np.int16), stated=True)
    assert error.value.reason == "not_hu"


WHOLE = {
    "plain": patient(),
    "a wide field of view": patient(air=0.9, bone=0.01),
    "no air in view": patient(air=0.0),
    "much bone": patient(bone=0.1),
    "metal": np.where(np.random.default_rng(1).random((10, 10, 2000)) < 0.02, 3071, patient()),
    "air cut at -1000": np.maximum(patient(), -1000),
}


@pytest.mark.parametrize("name", WHOLE)
def test_true_hu_pass(name):
    check_hounsfield(WHOLE[name].astype(np.int16), stated=True)


def test_what_lies_below_the_limit_is_fill():
    pixels = PixelFormat("", 0, 0, 1, 1, 16, 16, True, 15, True, 0, 0)
    hu, padding = hu_table(pixels, Rescale(1.0, 0.0, "", None))
    at = {value: value & 0xFFFF for value in (-1501, -1500, -1025, -1024, 70)}
    assert [bool(padding[at[v]]) for v in at] == [True, False, False, False, False]
    assert [int(hu[at[v]]) for v in at] == [-1024, -1024, -1024, -1024, 70]


def dense(k, ds):
    """Bone of 700 HU with a core of 1100 to 1300 HU, in 12 bits: beyond what a sign leaves of them."""
    hu = CtSeries().slice_hu(k)
    hu[14:26, 14:26] = 700
    hu[15:25, 15:25] = 1100 + np.arange(100).reshape(10, 10) * 2
    ds.PixelData = (np.rint(hu) + 1024).astype("<u2").tobytes()


def test_unsigned_values_said_to_be_signed_are_refused_with_their_file(tmp_path):
    write_series(tmp_path / "a", edit=dense)
    (entry,) = index_series([tmp_path / "a"], Settings().acquisition)
    assert load_volume(entry, Settings(), Pseudonyms(bytes(16))).hu.max() >= 1298

    def signed(k, ds):
        dense(k, ds)
        ds.PixelRepresentation = 1

    write_series(tmp_path / "b", edit=signed)
    (entry,) = index_series([tmp_path / "b"], Settings().acquisition)
    with pytest.raises(SeriesError, match=r"00\d\d\.dcm: 100 pixels of 100 values below -1500 HU amid") as error:
        load_volume(entry, Settings(), Pseudonyms(bytes(16)))
    assert error.value.reason == "not_hu"


@pytest.mark.parametrize("padding", [None, -2000])
def test_fill_of_few_values_is_no_wrong_sign(tmp_path, padding):
    def edit(k, ds):
        hu = CtSeries().slice_hu(k)
        hu[:, :3], hu[:, 3] = -2000, -1700 + np.arange(40)  # fill, and what was interpolated beside it
        ds.PixelRepresentation, ds.BitsStored, ds.HighBit, ds.RescaleIntercept = 1, 16, 15, "0"
        ds.PixelData = np.rint(hu).astype("<i2").tobytes()
        if padding is not None:
            ds.add_new(0x00280120, "SS", padding)

    write_series(tmp_path, edit=edit)
    (entry,) = index_series([tmp_path], Settings().acquisition)
    assert load_volume(entry, Settings(), Pseudonyms(bytes(16))).hu.min() == -1024


def test_dark_streaks_beside_metal_are_no_wrong_sign(tmp_path):
    def edit(k, ds):
        hu = CtSeries().slice_hu(k)
        hu[18:22, 18:22] = 3000
        hu[18:22, 10:18] = -1900 + np.arange(32).reshape(4, 8) * 10
        ds.PixelRepresentation, ds.BitsStored, ds.HighBit, ds.RescaleIntercept = 1, 16, 15, "0"
        ds.PixelData = np.rint(hu).astype("<i2").tobytes()

    write_series(tmp_path, edit=edit)
    (entry,) = index_series([tmp_path], Settings().acquisition)
    assert load_volume(entry, Settings(), Pseudonyms(bytes(16))).hu.max() == 3000


def above_the_bits(k, ds):
    if k == 8:
        values = np.frombuffer(ds.PixelData, "<u2").copy()
        values[:5] = 9024
        ds.PixelData = values.tobytes()


def test_values_that_need_more_bits_than_are_stored_are_refused_with_file_and_value(tmp_path):
    write_series(tmp_path, edit=above_the_bits)
    (entry,) = index_series([tmp_path], Settings().acquisition)
    with pytest.raises(SeriesError, match=r"0008\.dcm: value 9024 where 12 bits are stored") as error:
        load_volume(entry, Settings(), Pseudonyms(bytes(16)))
    assert error.value.reason == "not_hu"


def test_an_overlay_in_the_bits_above_is_no_value(tmp_path):
    def edit(k, ds):
        above_the_bits(k, ds)
        ds.add_new(0x60000100, "US", 16)
        ds.add_new(0x60000102, "US", 13)

    write_series(tmp_path, edit=edit)
    (entry,) = index_series([tmp_path], Settings().acquisition)
    assert load_volume(entry, Settings(), Pseudonyms(bytes(16))).hu.shape == (16, 40, 44)


def test_a_rescale_type_that_is_not_hu_is_known_from_headers(tmp_path):
    def edit(k, ds):
        ds.RescaleType = "MGML"

    write_series(tmp_path, edit=edit)
    (entry,) = index_series([tmp_path], Settings().acquisition)
    assert (entry.reason, entry.detail) == ("not_hu", "rescale type MGML")


@pytest.mark.parametrize("n_zeros", [0, 2, 8, 100])
def test_zeros_in_place_of_the_sequence_delimiter(tmp_path, n_zeros):
    files = write_series(tmp_path, CtSeries(syntax="jpeg_ls"))
    whole = load_volume(index_series([tmp_path], Settings().acquisition)[0], Settings(), Pseudonyms(bytes(16)))
    for path in files:
        data = path.read_bytes()
        assert data.endswith(b"\xfe\xff\xdd\xe0\0\0\0\0")
        path.write_bytes(data[:-8] + bytes(n_zeros))
    (entry,) = index_series([tmp_path], Settings().acquisition)
    assert np.array_equal(load_volume(entry, Settings(), Pseudonyms(bytes(16))).hu, whole.hu)
