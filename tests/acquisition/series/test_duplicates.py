"""Of equal images at one place one is kept; different ones are all kept, and places apart are never compared."""

from __future__ import annotations

import numpy as np
import pytest
from slice_entries import make_entry

from ho_detect.acquisition.headers.slices import Rescale
from ho_detect.acquisition.series.duplicates import pixel_digest, without_duplicates

HERE = np.zeros((2, 3))


def pair(tmp_path, first=None, second=None, *, same=True):
    one, other = b"abcd", b"abcd" if same else b"wxyz"
    return [make_entry(tmp_path / "1", one, **first or {}), make_entry(tmp_path / "2", other, **second or {})]


def test_equal_pixels_at_one_place_are_one(tmp_path):
    assert len(without_duplicates(pair(tmp_path, {"sop_uid": "1.1"}, {"sop_uid": "1.2"}), HERE)) == 1


def test_one_uid_at_one_place_is_one(tmp_path):
    assert len(without_duplicates(pair(tmp_path, {"sop_uid": "1.1"}, {"sop_uid": "1.1"}, same=False), HERE)) == 1


def test_frames_of_one_file_are_two(tmp_path):
    entries = pair(tmp_path, {"sop_uid": "1.1"}, {"sop_uid": "1.1", "frame": 1}, same=False)
    assert without_duplicates(entries, HERE) == [0, 1]


@pytest.mark.parametrize("changes", [{}, {"rescale": Rescale(2.0, 0.0, "HU", None)}])
def test_different_images_at_one_place_are_kept(tmp_path, changes):
    assert without_duplicates(pair(tmp_path, None, changes, same=bool(changes)), HERE) == [0, 1]


def test_places_apart_are_not_compared(tmp_path):
    entries = pair(tmp_path, {"sop_uid": "1.1"}, {"sop_uid": "1.1"})
    assert without_duplicates(entries, np.array([[0.0, 0, 0], [0.0, 0, 1.0]])) == [0, 1]


def test_the_larger_of_two_copies_is_kept(tmp_path):
    entries = [
        make_entry(tmp_path / "1", b"ab", sop_uid="1.1"),
        make_entry(tmp_path / "2", b"abcd", sop_uid="1.1"),
    ]
    assert without_duplicates(entries, HERE) == [1]


def test_a_file_that_cannot_be_read_is_unlike_any_other(tmp_path):
    lost = [make_entry(tmp_path / name) for name in ("gone", "away")]
    assert pixel_digest(lost[0]) != pixel_digest(lost[1])
    assert without_duplicates(lost, HERE) == [0, 1]
