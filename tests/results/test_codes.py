"""Codes fit DICOM: short values, short meanings, no two meanings for one code."""

from __future__ import annotations

import pytest

from ho_detect.results import codes
from ho_detect.results.codes import SCHEME, Coded, own, word
from ho_detect.results.hip_fields import HIP_FIELDS
from ho_detect.results.lesion_fields import LESION_FIELDS

ALL = [c for c in vars(codes).values() if isinstance(c, Coded)]
ALL += [c for d in vars(codes).values() if isinstance(d, dict) for c in d.values() if isinstance(c, Coded)]
ALL += [f.code for f in (*HIP_FIELDS, *LESION_FIELDS) if f.code is not None]


def test_one_code_one_meaning():
    assert len(ALL) > 40
    meanings = {}
    for code in ALL:
        meanings.setdefault((code.scheme, code.value), set()).add(code.meaning)
    assert {key: said for key, said in meanings.items() if len(said) > 1} == {}


def test_what_dicom_does_not_allow_is_refused():
    assert own("a" * 16, "b" * 64) == Coded("a" * 16, SCHEME, "b" * 64)
    with pytest.raises(ValueError, match="too long"):
        own("a" * 17, "b")
    with pytest.raises(ValueError, match="too long"):
        own("a", "b" * 65)


def test_a_word_is_its_own_code():
    assert word("near_metal") == Coded("near_metal", SCHEME, "Near metal")
