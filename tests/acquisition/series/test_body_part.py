"""A series is left out for its body part only where nothing in its header could bring a hip into view."""

from __future__ import annotations

import pytest

from ho_detect.acquisition.series.body_part import other_body_part


@pytest.mark.parametrize("part", ["HEAD", "head", "CSPINE", "WRIST", "HEART"])
def test_elsewhere(part):
    assert other_body_part({"BodyPartExamined": part}) == part.upper()


@pytest.mark.parametrize("name", ["SeriesDescription", "StudyDescription", "ProtocolName"])
@pytest.mark.parametrize("said", ["Becken", "whole body", "HIP right", "trauma", "CT-Thorax/Abdomen"])
def test_one_word_keeps_it(name, said):
    assert other_body_part({"BodyPartExamined": "HEAD", name: said}) is None


def test_only_the_body_part_says_it():
    assert other_body_part({"SeriesDescription": "HEAD"}) is None
    assert other_body_part({}) is None


def test_a_part_within_a_word_says_nothing():
    assert other_body_part({"BodyPartExamined": "HANDLUNG"}) is None
