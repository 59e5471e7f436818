"""Sentences say what the record holds, with its unit; what is not known is said to be so."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_findings import make_excluded, make_hip, make_lesion, make_record

from ho_detect.flags import flag
from ho_detect.results.sentences import (
    excluded_sentences,
    hip_sentence,
    lesion_sentence,
    millilitres,
    probability_words,
    record_sentences,
)


def test_a_hip_with_ossification():
    hip = make_hip(
        finding="present", n_lesions=2, total_volume_mm3=3520.0, sectors=("anterior", "medial"), min_gap_mm=7.6,
        brooker_ct="III", joint_space_resolved=None,
    )  # fmt: skip
    assert hip_sentence(hip) == (
        "Left hip: ossification present, 2 lesions, 3.5 mL, anterior and medial; minimum femur–pelvis gap 8 mm; "
        "Brooker III, Della Valle A (from CT)."
    )


def test_a_hip_without():
    assert hip_sentence(make_hip("right", joint_space_resolved=None)) == "Right hip: no ossification found."
    part = make_hip(status="partly_in_view", joint_space_resolved=None)
    assert hip_sentence(part) == "Left hip: no ossification found in the part that is in view."


def test_what_is_not_known_of_a_hip_is_said():
    assert hip_sentence(make_hip(status="not_in_view", finding=None)) == "Left hip: not in view."
    hidden = make_hip(status="not_assessable", finding=None, reasons=(flag("hidden_by_metal"),))
    assert hip_sentence(hidden).startswith("Left hip: not assessable (")
    doubtful = make_hip(finding="indeterminate", undecided_volume_mm3=700.0, joint_space_mean_mm=None)
    assert "indeterminate" in hip_sentence(doubtful)
    assert "0.70 mL undecided, not counted" in hip_sentence(doubtful)
    assert "joint space not measurable" in hip_sentence(doubtful)
    blurred = make_hip(joint_space_min_mm=None)
    assert "joint space 3.4 mm, minimum not measurable" in hip_sentence(blurred)


@pytest.mark.parametrize(
    ("attached", "said"),
    [
        ((), "free in soft tissue"),
        (("femur",), "attached to femur"),
        (("femur", "pelvis"), "attached to femur and pelvis"),
    ],
)
def test_a_lesion(attached, said):
    sentence = lesion_sentence(make_lesion(attached_to=attached))
    assert sentence.startswith(
        "Lesion 1: left, anterior, about the iliopsoas or rectus femoris, 3.5 mL, maximum diameter"
    )
    assert said in sentence
    assert "mean 512 HU" in sentence


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


@given(st.floats(0.0, 1.0))
def test_no_probability_is_certain(probability):
    said = probability_words(probability)
    assert said not in ("0.00", "1.00")
    assert abs(float(said.lstrip("<>")) - probability) <= 0.0101


@given(st.floats(0.0, 1e6))
def test_volumes_are_rounded_no_coarser_than_their_size(mm3):
    said, unit = millilitres(mm3).split()
    assert unit == "mL"
    assert abs(float(said) - mm3 / 1000) <= max(0.0051, 0.051 * mm3 / 1000)
