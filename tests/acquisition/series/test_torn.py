"""One stack whose images state series, studies or patients of their own is named as that, and never joined."""

from __future__ import annotations

import numpy as np
import pytest
from dicom_files import CtSeries, write_series

from ho_detect.acquisition.series.index import index_series
from ho_detect.settings import AcquisitionSettings


def tearing(*names, chunk=1):
    def edit(k, ds):
        for name in names:
            setattr(ds, name, f"1.2.3.{k // chunk}")

    return edit


TORN = {
    "patient": tearing("PatientID"),
    "series": tearing("SeriesInstanceUID"),
    "series and study": tearing("SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID"),
    "study": tearing("StudyInstanceUID"),
    "in pieces of five": tearing("SeriesInstanceUID", chunk=5),
}


@pytest.mark.parametrize("name", TORN)
def test_a_stack_torn_apart_is_a_failure_that_says_so(tmp_path, name):
    write_series(tmp_path / "torn", CtSeries(n_slices=20), edit=TORN[name])
    write_series(tmp_path / "whole", CtSeries(series_uid="1.2.4", study_uid="1.2.5"))
    entries = index_series([tmp_path], AcquisitionSettings())
    torn = [e for e in entries if e.reason is not None]
    assert {(e.reason, e.is_failure) for e in torn} == {("torn_apart", True)}
    assert {e.detail for e in torn} == {f"20 images in {len(torn)} series lie like one stack"}
    assert [e.n_slices for e in entries if e.reason is None] == [16]


@pytest.mark.parametrize("name", ["PatientID", "StudyInstanceUID"])
def test_pieces_large_enough_under_one_series_uid(tmp_path, name):
    write_series(tmp_path, CtSeries(n_slices=40), edit=tearing(name, chunk=15))
    entries = index_series([tmp_path], AcquisitionSettings())
    assert {(e.reason, e.detail) for e in entries} == {("torn_apart", "40 images in 3 series lie like one stack")}


def test_two_people_under_one_series_uid_at_one_place_are_two_series(tmp_path):
    for n in (0, 1):
        spec = CtSeries(origin=(-39.0, -40.0, 700.0 + 0.7 * n))
        write_series(tmp_path / f"{n}", spec, edit=lambda k, ds, n=n: setattr(ds, "PatientID", f"P{n}"))
    assert [e.reason for e in index_series([tmp_path], AcquisitionSettings())] == [None, None]


def test_each_image_in_a_folder_of_its_own(tmp_path):
    for k, path in enumerate(write_series(tmp_path, edit=TORN["series"])):
        (tmp_path / f"{k}").mkdir()
        path.rename(tmp_path / f"{k}" / "image")
    assert {e.reason for e in index_series([tmp_path], AcquisitionSettings())} == {"torn_apart"}


def test_two_patients_torn_in_folders_of_their_own_are_told_apart(tmp_path):
    for n in (0, 1):
        spec = CtSeries(origin=(-39.0, -40.0, 700.0 + 1.1 * n))
        write_series(tmp_path / f"{n}", spec, edit=lambda k, ds, n=n: setattr(ds, "SeriesInstanceUID", f"1.2.{n}.{k}"))
    entries = index_series([tmp_path], AcquisitionSettings())
    assert {e.detail for e in entries} == {"16 images in 16 series lie like one stack"}


def test_single_images_of_many_people_are_not_a_stack(tmp_path):
    heights = np.cumsum(np.random.default_rng(1).uniform(0.5, 9.0, 20))

    def edit(k, ds):
        TORN["patient"](k, ds)
        ds.ImagePositionPatient = ["-39", "-40", f"{heights[k]:.2f}"]

    write_series(tmp_path, CtSeries(n_slices=20), edit=edit)
    assert {e.reason for e in index_series([tmp_path], AcquisitionSettings())} == {"too_few_slices"}


def test_an_image_that_lies_nowhere_is_of_no_stack(tmp_path):
    def edit(k, ds):
        TORN["series"](k, ds)
        if k == 7:
            ds.ImagePositionPatient = ["-39", "-40", "nan"]

    write_series(tmp_path, CtSeries(n_slices=20), edit=edit)
    reasons = [e.reason for e in index_series([tmp_path], AcquisitionSettings())]
    assert sorted(reasons) == ["too_few_slices"] + ["torn_apart"] * 19
