"""What is printable stays; anything else becomes an escape that can be written anywhere."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ho_detect.system.text import printable


@given(st.text(st.characters(exclude_categories=())))  # lone surrogates too
def test_any_text_can_be_written_anywhere(text):
    shown = printable(text)
    assert shown.isprintable()
    shown.encode("utf-8")
    assert printable(shown) == shown
    assert (shown == text) == text.isprintable()
