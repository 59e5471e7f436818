"""A header that is whole is left alone; one that is mended keeps its length; no bytes make the mending fail."""

from __future__ import annotations

import struct

import pytest
from dicom_files import CtSeries, make_dataset, save
from hypothesis import given
from hypothesis import strategies as st

from ho_detect.acquisition.headers.repairs import PIXELS, lost_after, mended

#: Two elements of explicit VR, one short, one long, and the pixels.
SHORT = struct.pack("<HH2sH", 0x0008, 0x0060, b"CS", 2) + b"CT"
LONG = struct.pack("<HH2sHL", 0x0009, 0x1010, b"UN", 0, 4) + b"abcd"
END = struct.pack("<HH2sHL", PIXELS >> 16, 0x0010, b"OW", 0, 4) + bytes(4)
ITEM_END = struct.pack("<HHL", 0xFFFE, 0xE00D, 0)


@pytest.mark.parametrize("syntax", ["explicit", "implicit"])
def test_what_is_whole_is_left_alone(tmp_path, syntax):
    save(make_dataset(CtSeries(), 0), tmp_path / "x", syntax, preamble=False)
    data = (tmp_path / "x").read_bytes()
    implicit = syntax == "implicit"
    assert mended(data, 0, implicit=implicit) is data
    assert lost_after(data, 0, implicit=implicit) == 0


@pytest.mark.parametrize(("at", "element"), [(4, SHORT), (len(SHORT) + 4, LONG)])
def test_an_element_without_a_value_representation_gets_its_own(at, element):
    data = SHORT + LONG + END
    broken = data[:at] + b"--" + data[at + 2 :]
    assert mended(broken, 0, implicit=False) == data
    assert lost_after(broken, 0, implicit=False) == (0 if element is SHORT else 0x00080060)


def test_a_delimiter_left_over_is_passed_over():
    data = SHORT + ITEM_END + LONG + END
    got = mended(data, 0, implicit=False)
    assert got[: len(SHORT)] == SHORT
    assert got[len(SHORT) + 8 :] == LONG + END
    assert lost_after(got, 0, implicit=False) == 0


def test_where_a_header_is_lost():
    assert lost_after(SHORT + b"\x01" * 20, 0, implicit=False) == 0x00080060
    assert lost_after(LONG + SHORT + END, 0, implicit=False) == 0x00091010  # tags ascend


@given(data=st.binary(max_size=200), begin=st.integers(0, 20), implicit=st.booleans())
def test_no_bytes_make_it_fail(data, begin, implicit):
    assert len(mended(data, begin, implicit=implicit)) == len(data)
    assert lost_after(data, begin, implicit=implicit) >= 0
