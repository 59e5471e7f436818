"""A slice out of scale and scans laid into each other are refused by what neighbouring slices hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dicom_files import CtSeries, make_dataset, save, set_hu, write_series

from ho_detect.acquisition.series.index import index_series
from ho_detect.acquisition.volume.load import load_volume
from ho_detect.acquisition.volume.neighbours import check_neighbours
from ho_detect.errors import SeriesError
from ho_detect.settings import Settings
from ho_detect.system.pseudonyms import Pseudonyms


def load(folder):
    (entry,) = index_series([folder], Settings().acquisition)
    return load_volume(entry, Settings(), Pseudonyms(bytes(16)))


def body(n=40, noise=20.0):
    """A body that changes from slice to slice, (n, 64, 64), noise in HU."""
    r, c = np.mgrid[:64, :64]
    random = np.random.default_rng(5)
    slices = [np.where(np.hypot(r - 32 - 0.2 * k, c - 32) < 24 - 0.1 * k, 40.0, -1000.0) for k in range(n)]
    return np.clip(np.rint(np.array(slices) + random.normal(0, noise, (n, 64, 64))), -1024, 3000).astype(np.int16)


def files(n):
    return [Path(f"{k:04d}.dcm") for k in range(n)]


@pytest.mark.parametrize("noise", [0.0, 20.0, 150.0])
@pytest.mark.parametrize("every", [1, 2])
def test_one_scan_passes(noise, every):
    hu = body(noise=noise)[::every]
    check_neighbours(hu, files(len(hu)))


@pytest.mark.parametrize("left", [0, 8])
@pytest.mark.parametrize("turned", [False, True])
def test_a_body_that_ends_from_one_slice_to_the_next_passes(left, turned):
    """As trunks that are drawn do: of what is left of it the values go on."""
    hu = body()
    hu[30:, :, left:] = -1000
    check_neighbours(hu[::-1].copy() if turned else hu, files(40))


@pytest.mark.parametrize("at", [1, 20, 38])
def test_a_slice_without_its_slope_is_named(at):
    hu = body()
    hu[at] = (hu[at].astype(float) + 1024) / 2 - 1024
    with pytest.raises(SeriesError, match=rf"{at:04d}\.dcm") as error:
        check_neighbours(hu, files(40))
    assert error.value.reason == "not_hu"


def test_slices_without_content_pass():
    check_neighbours(np.full((30, 16, 16), -1000, np.int16), files(30))


@pytest.mark.parametrize("n_scans", [2, 3, 4])
def test_scans_laid_into_each_other_are_refused(n_scans):
    hu = body(60)
    for scan in range(1, n_scans):
        hu[scan::n_scans] = np.roll(hu[scan::n_scans], 6 * scan, axis=1)
    with pytest.raises(SeriesError, match="as of scans laid into each other") as error:
        check_neighbours(hu, files(60))
    assert error.value.reason == "several_volumes"


# a first or last slice whose tissue has become air is not told from one beyond the end of the body
@pytest.mark.parametrize(("at", "intercept"), [(0, "0"), (7, "0"), (15, "0"), (7, "-2048")])
def test_a_slice_without_its_intercept_is_named(tmp_path, at, intercept):
    def edit(k, ds):
        if k == at:
            ds.RescaleIntercept = intercept

    def wide(k, ds):
        set_hu(ds, np.maximum(CtSeries().slice_hu(k), 20.0 * (np.arange(44) > 12) - 1000 * (np.arange(44) <= 12)))
        edit(k, ds)

    write_series(tmp_path, edit=wide)
    with pytest.raises(SeriesError, match=rf"{at:04d}\.dcm: -?\d+ HU in the mean") as error:
        load(tmp_path)
    assert error.value.reason == "not_hu"


def test_a_blank_slice_within_the_body_is_named():
    hu = body()
    hu[20] = -1024
    with pytest.raises(SeriesError, match=r"0020\.dcm: -1000 HU in the mean, -?\d+ and -?\d+ beside it"):
        check_neighbours(hu, files(40))


def test_two_scans_half_a_step_apart_that_no_header_tells_apart(tmp_path):
    for scan in (0, 1):
        spec = CtSeries(n_slices=20, origin=(-39.0, -40.0, 700.0 + 1.25 * scan))
        for k in range(20):
            ds = make_dataset(spec, k)
            set_hu(ds, np.roll(spec.slice_hu(k), 8 * scan, axis=0))
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{scan}.{k}"
            ds.InstanceNumber = 2 * k + scan + 1
            save(ds, tmp_path / f"{scan}-{k}")
    with pytest.raises(SeriesError) as error:
        load(tmp_path)
    assert error.value.reason == "several_volumes"
