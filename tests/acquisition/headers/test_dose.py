"""Dose is what the header states, as it states it; what it does not state is no number."""

import pytest
from dicom_files import CtSeries, enhanced, group, make_dataset, save
from pydicom.uid import ExplicitVRLittleEndian

from ho_detect.acquisition.headers.header import read_header


def dose(ds, tmp_path, syntax="explicit"):
    path = save(ds, tmp_path / "x", syntax) or tmp_path / "x"
    header = read_header(path, path.stat().st_size)
    return header.ctdivol_mgy, header.dlp_mgy_cm


def plain(**values):
    ds = make_dataset(CtSeries(), 0)
    for name, value in values.items():
        setattr(ds, name, value)
    return ds


def with_private(group_number, creator, element, vr, value):
    ds = plain()
    ds.private_block(group_number, creator, create=True).add_new(element, vr, value)
    return ds


@pytest.mark.parametrize("syntax", ["implicit", "explicit", "big_endian", "deflated"])
def test_ctdivol_is_read_in_any_encoding(tmp_path, syntax):
    assert dose(plain(CTDIvol=11.25), tmp_path, syntax) == (11.25, None)


@pytest.mark.parametrize("value", [0.0, -3.0, float("nan"), float("inf")])
def test_a_value_that_is_no_dose_says_nothing(tmp_path, value):
    assert dose(plain(CTDIvol=value), tmp_path) == (None, None)


def test_nothing_stated_is_none(tmp_path):
    assert dose(plain(), tmp_path) == (None, None)


def test_frames_give_their_mean_and_the_shared_group_stands_in_for_them(tmp_path):
    ds = enhanced(range(16))
    for k, frame in enumerate(ds.PerFrameFunctionalGroupsSequence):
        frame.CTExposureSequence = group(CTDIvol=float(k + 1))
    assert dose(ds, tmp_path) == (8.5, None)
    ds = enhanced(range(16))
    ds.SharedFunctionalGroupsSequence[0].CTExposureSequence = group(CTDIvol=7.0)
    assert dose(ds, tmp_path) == (7.0, None)


@pytest.mark.parametrize("syntax", ["implicit", "explicit"])
@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((0x7005, "TOSHIBA_MEC_CT3", 0x40, "FD", 412.5), 412.5),
        ((0x00E1, "ELSCINT1", 0x21, "DS", "388.2"), 388.2),
        ((0x7005, "ANOTHER MAKER", 0x40, "FD", 412.5), None),
        ((0x00E1, "ANOTHER MAKER", 0x21, "DS", "388.2"), None),
    ],
    ids=["toshiba", "elscint", "not toshiba", "not elscint"],
)
def test_a_private_element_counts_under_its_creator_alone(tmp_path, place, expected, syntax):
    ds = with_private(*place)
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    assert dose(ds, tmp_path, syntax) == (None, expected)
