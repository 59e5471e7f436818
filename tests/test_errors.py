"""Errors say their reason, keep it over a pickle, and names of files in them can be hidden."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ho_detect.errors import SeriesError, named, names_in, with_names
from ho_detect.flags import LEFT_OUT, REASONS


@pytest.mark.parametrize("reason", REASONS)
def test_a_series_error_survives_a_pickle(reason):
    error = SeriesError(reason, f"{named(Path('a/ROE_JANE.dcm'))} is cut")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - made here
    assert (again.reason, again.detail, str(again)) == (error.reason, error.detail, str(error))
    assert REASONS[reason] in str(error)
    assert error.is_failure == (reason not in LEFT_OUT)


def test_an_unregistered_reason_is_a_mistake():
    with pytest.raises(ValueError, match="no_such_code"):
        SeriesError("no_such_code")


@given(st.text(st.characters(exclude_characters="/\0")).filter(lambda name: Path("x", name).name == name and name))
def test_names_can_be_hidden_whatever_they_are(name):
    text = f"one is {named(Path('folder') / name)}: cut"
    assert with_names(text, lambda _: "?") == "one is ?: cut"
    assert [n.replace("\x02", "").replace("\x03", "") for n in names_in(text)] == names_in(text)
    assert len(names_in(text)) == 1
