"""Stand-ins are valid, repeatable with the key, and tell nothing without it."""

from __future__ import annotations

import re

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ho_detect.errors import UsageError
from ho_detect.system.pseudonyms import Pseudonyms

ONE, OTHER = Pseudonyms(bytes(16)), Pseudonyms(b"another key of enough length")


@given(st.text())
def test_any_text_gets_a_valid_uid_and_a_harmless_folder(text):
    uid = ONE.uid(text)
    assert not text or (pydicom.uid.UID(uid).is_valid and uid.startswith("2.25."))
    assert re.fullmatch(r"series-[0-9a-f]{12}", ONE.folder(text))


def test_the_key_decides():
    assert ONE.uid("1.2.3") == Pseudonyms(bytes(16)).uid("1.2.3")
    assert ONE.uid("1.2.3") != OTHER.uid("1.2.3")
    assert ONE.folder("1.2.3") != OTHER.folder("1.2.3")
    assert Pseudonyms.random().uid("1.2.3") != Pseudonyms.random().uid("1.2.3")


def test_kept_identity_never_shapes_a_path():
    kept = Pseudonyms(bytes(16), keep_identity=True)
    assert kept.uid("../../x") == "../../x"
    assert kept.folder("../../x") == ONE.folder("../../x")


def test_the_key_is_not_shown():
    assert "another" not in repr(OTHER)


def test_a_key_file(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(b"another key of enough length\n")
    assert Pseudonyms.from_file(path).uid("1.2") == OTHER.uid("1.2")
    path.write_bytes(b"short")
    with pytest.raises(UsageError, match="5 bytes"):
        Pseudonyms.from_file(path)
    with pytest.raises(UsageError, match="nowhere"):
        Pseudonyms.from_file(tmp_path / "nowhere")
