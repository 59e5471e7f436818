"""One lesion in words: sizes as they are, and gaps that mean something."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_findings import make_lesion

from ho_detect.results.lesion_words import contact_words, lesion_sentence, millilitres, probability_words


@pytest.mark.parametrize(
    ("attached", "femur", "pelvis", "said"),
    [
        ((), 7.5, 111.0, "free in soft tissue, gap to the femur 8 mm"),
        ((), None, None, "free in soft tissue"),
        (("femur",), 0.0, 12.0, "attached to femur, gap to the pelvis 12 mm"),
        (("femur",), 0.0, None, "attached to femur"),
        (("femur", "pelvis"), 0.0, 0.0, "attached to femur and pelvis"),
    ],
)
def test_contact_and_the_gap_that_is_left(attached, femur, pelvis, said):
    lesion = make_lesion(attached_to=attached, gap_femur_mm=femur, gap_pelvis_mm=pelvis)
    assert contact_words(lesion) == said
    assert said in lesion_sentence(lesion)


def test_where_how_large_how_dense():
    sentence = lesion_sentence(make_lesion())
    assert sentence.startswith(
        "Lesion 1: left, anterior, about the iliopsoas or rectus femoris, 3.5 mL, maximum diameter 31 mm, mean 512 HU, "
        "mature by rim density, "
    )


def test_what_is_cut_at_metal_is_the_least_there_is():
    assert "the least there is" in lesion_sentence(make_lesion(cut_at_metal_zone=True))


@given(st.floats(0.0, 1.0))
def test_no_probability_is_certain(probability):
    said = probability_words(probability)
    assert said not in ("0.00", "1.00")
    assert abs(float(said.lstrip("<>")) - probability) <= 0.0101


@given(st.floats(0.0, 1e6))
def test_volumes_are_rounded_no_coarser_than_their_size(mm3):
    said, unit = millilitres(mm3).split()
    assert unit == "mL"
    assert said != "0.00"
    assert abs(float(said.lstrip("<")) - mm3 / 1000) <= max(0.0101 if "<" in said else 0.0051, 0.051 * mm3 / 1000)
