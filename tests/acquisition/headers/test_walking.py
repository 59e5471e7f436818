"""Walking over a header ends at its pixels, wherever it is cut before them it is not complete."""

from __future__ import annotations

import pytest
from dicom_files import CtSeries, make_dataset, save
from hypothesis import given
from hypothesis import strategies as st

from ho_detect.acquisition.headers.walking import looks_like_dicom, walk_header


@pytest.fixture(scope="module", params=["explicit", "implicit", "big_endian"])
def data(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("walking") / "x"
    save(make_dataset(CtSeries(), 0), path, request.param)
    return path.read_bytes()


def test_it_ends_at_the_pixels(data):
    walk = walk_header(data)
    assert walk.complete
    assert walk.fault == ""
    tag, offset, length = walk.at_pixels
    assert tag == 0x7FE00010
    assert offset + length == len(data)


def test_cut_anywhere_it_says_no_pixels(data):
    _, offset, _ = walk_header(data).at_pixels
    cuts = range(200, offset - 12, 23)
    assert len(cuts) > 20
    pixels = [walk_header(data[:cut]).at_pixels for cut in cuts]
    assert pixels == [None] * len(cuts)


def test_cut_within_an_element_it_is_not_complete(data):
    at = data.index(b"SECRET-ID")  # within the value of (0010,0020)
    assert not walk_header(data[: at + 4]).complete


def test_cut_within_its_meta_information_it_is_not_complete(data):
    at = data.index(b"1.2.840.10008.5.1.4.1.1.2")
    assert not walk_header(data[: at + 4]).complete


@given(noise=st.binary(max_size=300))
def test_no_bytes_make_it_fail(noise):
    assert looks_like_dicom(noise) in (True, False)
    walk = walk_header(bytes(128) + b"DICM" + noise)
    assert walk.at_pixels is None or len(walk.at_pixels) == 3
