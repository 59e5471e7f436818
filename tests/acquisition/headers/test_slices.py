"""What the header of one image states: frames, bytes of a frame, and whether its pixels were lossy."""

from __future__ import annotations

import msgspec
import pytest
from slice_entries import make_entry

from ho_detect.acquisition.headers.slices import LOSSY, PHASE_MARKS


def with_pixels(**changes):
    entry = make_entry()
    return msgspec.structs.replace(entry, pixels=msgspec.structs.replace(entry.pixels, **changes))


@pytest.mark.parametrize(("bits", "n_bytes"), [(1, 1), (8, 1), (12, 2), (16, 2), (32, 4)])
def test_a_frame_has_whole_bytes_for_each_sample(bits, n_bytes):
    pixels = with_pixels(rows=3, columns=5, samples=2, bits_allocated=bits).pixels
    assert pixels.frame_bytes == 3 * 5 * 2 * n_bytes


@pytest.mark.parametrize("syntax", LOSSY)
def test_some_syntaxes_are_always_lossy(syntax):
    assert with_pixels(transfer_syntax=syntax).is_lossy
    assert not make_entry().is_lossy


def test_others_where_it_is_stated():
    assert make_entry(lossy_stated=True).is_lossy


def test_only_deflated_pixels_lie_in_what_has_to_be_inflated():
    syntaxes = ("1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.1", *LOSSY)
    assert [s for s in syntaxes if with_pixels(transfer_syntax=s).pixels.deflated] == ["1.2.840.10008.1.2.1.99"]


def test_marks_stand_in_their_order():
    assert len(make_entry().marks) == len(PHASE_MARKS)
    assert with_pixels(n_frames=7).n_frames == 7
