"""What is said in codes is what the record holds: nothing more, nothing of what is null."""

from __future__ import annotations

import pytest
from made_findings import make_hip, make_lesion

from ho_detect.flags import flag
from ho_detect.results import codes
from ho_detect.results.coded_findings import hip_codes, hip_numbers, lesion_codes, lesion_numbers


def numbers(found):
    return {n.name.value: (n.value, n.unit) for n in found}


def words(found):
    said = {}
    for one in found:
        said.setdefault(one.name.value, []).append(one.value)
    return said


@pytest.mark.parametrize("value", [None, 0.0, 12.5])
def test_a_number_is_said_with_its_unit_and_null_is_not_said(value):
    found = numbers(hip_numbers(make_hip(min_gap_mm=value)))
    assert found.get("min_gap") == (None if value is None else (value, codes.MM))


def test_hu_say_how_they_are_derived():
    lesion = make_lesion(mean_hu=411.0, max_hu=905.0)
    derived = {n.derived: n.value for n in lesion_numbers(lesion) if n.name == codes.ATTENUATION}
    assert derived[codes.MEAN] == 411.0
    assert derived[codes.MAXIMUM] == 905.0


@pytest.mark.parametrize(("value", "code"), [(True, codes.YES), (False, codes.NO)])
def test_yes_and_no_have_codes_and_null_has_none(value, code):
    assert words(hip_codes(make_hip(bridging=value)))["bridging"] == [code]
    assert "bridging" not in words(hip_codes(make_hip(bridging=None)))


def test_several_words_are_said_one_by_one_and_none_by_its_own_code():
    both, none = (words(lesion_codes(make_lesion(attached_to=a))) for a in (("femur", "pelvis"), ()))
    (name,) = (name for name in both if len(both[name]) == 2)
    assert len(none[name]) == 1
    assert none[name][0] not in both[name]


def test_a_reason_is_said_by_its_code():
    hip = make_hip(reasons=(flag("hidden_by_metal", "81 % of 60 mm"),))
    said = [one.value.value for one in hip_codes(hip)]
    assert "hidden_by_metal" in said
