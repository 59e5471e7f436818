"""Values of a header are read without trust: what is no number says so, and nothing raises."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.datadict import tag_for_keyword

from ho_detect.acquisition.headers.values import META, TAGS, Values, clock_seconds, positive


def values(name, raw, *, little=True):
    return Values({TAGS[name]: SimpleNamespace(value=raw)}, little=little)


@given(raw=st.binary(max_size=40), name=st.sampled_from(sorted(TAGS)), little=st.booleans())
def test_no_bytes_make_it_fail(raw, name, little):
    read = values(name, raw, little=little)
    assert name in read
    assert read.text(name).isprintable()
    assert read.numbers(name) is None or len(read.numbers(name)) >= 1
    assert read.integer(name) is None or isinstance(read.integer(name), int)


def test_what_is_not_there():
    read = Values({})
    assert "Rows" not in read
    assert (read.text("Modality"), read.numbers("KVP"), read.integer("Rows")) == ("", None, None)


def test_byte_order():
    assert values("Rows", b"\x00\x02").integer("Rows") == 512
    assert values("Rows", b"\x02\x00", little=False).integer("Rows") == 512


def test_text_that_is_no_utf8_is_latin_1_and_padding_goes():
    assert values("PatientName", b"M\xfcller \0").text("PatientName") == "Müller"


def test_a_value_that_is_no_number_is_said_to_be_none():
    position = values("ImagePositionPatient", b"1.5\\x\\1_0").numbers("ImagePositionPatient")
    assert position[0] == 1.5
    assert all(math.isnan(v) for v in position[1:3])
    assert len(position) == 3


def test_meta_and_data_set_share_no_tag():
    assert not set(META.values()) & set(TAGS.values())
    assert not set(META) & set(TAGS)


@given(hours=st.integers(0, 23), minutes=st.integers(0, 59), seconds=st.integers(0, 59))
def test_times_count_from_midnight(hours, minutes, seconds):
    assert clock_seconds(f"{hours:02}{minutes:02}{seconds:02}") == 3600 * hours + 60 * minutes + seconds


@given(text=st.text(max_size=30))
def test_any_text_is_a_time_or_none(text):
    moment = clock_seconds(text)
    assert moment is None or moment >= 0


@pytest.mark.parametrize("number", [-1.0, 0.0, math.nan, math.inf])
def test_what_is_not_positive_and_finite_is_not_said(number):
    assert positive((number, 3.0)) is None
    assert positive((3.0, number)) == 3.0


@pytest.mark.parametrize("name", [*META, *TAGS])
def test_a_name_stands_for_its_tag(name):
    expected = 0x60000102 if name == "OverlayBitPosition" else tag_for_keyword(name)
    assert {**META, **TAGS}[name] == expected
