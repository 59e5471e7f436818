"""Sentences say what the record holds, with its unit; what is not known is said to be so."""

from __future__ import annotations

import msgspec
from made_findings import make_excluded, make_record

from ho_detect.results.sentences import excluded_sentences, record_sentences


def test_what_is_not_counted_is_told_one_by_one_or_counted():
    sentences = list(excluded_sentences([make_excluded(), make_excluded(), make_excluded("osteophyte")]))
    assert len(sentences) == 2
    assert sentences[0].startswith("Bony outgrowth beside the joint, not counted: right, 0.06 mL")
    assert sentences[1].startswith("Detected, not counted: 2 x ")
    assert list(excluded_sentences([])) == []


def test_a_record_says_hips_then_lesions_then_the_rest():
    record = msgspec.structs.replace(make_record(), excluded=(make_excluded(),))
    starts = [sentence.split()[0] for sentence in record_sentences(record)]
    assert starts == ["Left", "Right", "Lesion", "Lesion", "Detected,", "Note:"]
