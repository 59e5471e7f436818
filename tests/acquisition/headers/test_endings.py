from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ho_detect.acquisition.headers.endings import OTHER, LookedAt, count_endings, ending_of, is_packed

NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("name", "ending"),
    [("a.nii.gz", ".nii.gz"), ("a.b.NII", ".nii"), ("x.tar.xz", ".tar.xz"), ("IMG.gz", ".gz"), ("tgz", OTHER)],
)
def test_endings_that_belong_together_are_one(name, ending):
    assert ending_of(Path(name)) == ending


@given(NAMES)
def test_nothing_of_a_name_is_repeated_but_a_known_ending(name):
    assert ending_of(Path(f"{name}.Roe_Jane")) == OTHER
    assert ending_of(Path(f"Roe_Jane.{name}.nii.gz")) == ".nii.gz"


@given(st.lists(NAMES, max_size=8))
def test_every_file_is_counted_once(names):
    paths = [Path(f"a{name}") for name in names]
    counts = count_endings(paths)
    assert sum(counts.values()) == len(paths)
    assert LookedAt(len(paths) + 1, counts).n_others == len(paths)


@pytest.mark.parametrize(("name", "packed"), [("a.tgz", True), ("a.7z", True), ("a.nii.gz", False), ("a.zip", False)])
def test_what_has_to_be_unpacked_first(name, packed):
    assert is_packed(Path(name)) is packed


def test_where_all_is_dicom_no_ending_is_named():
    assert LookedAt(3).words == "3 files looked at"
