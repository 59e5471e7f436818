"""What is not counted: every reason has words and a kind, numbers follow kind and size, counts add up."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_findings import make_excluded

from ho_detect.detection.judge.excluded import (
    EXCLUSIONS,
    GROUPS,
    UNDECIDED,
    counted,
    exclude,
    group_of,
    numbered,
)

THINGS = st.lists(
    st.builds(
        lambda reason, mm3: msgspec.structs.replace(make_excluded(reason), volume_mm3=mm3),
        st.sampled_from(sorted(EXCLUSIONS)),
        st.floats(0.0, 1e6),
    ),
    max_size=12,
)


@pytest.mark.parametrize("reason", EXCLUSIONS)
def test_every_reason_is_of_one_kind_and_has_words(reason):
    assert group_of(reason) in GROUPS
    assert (group_of(reason) == "undecided") == (reason in UNDECIDED)
    assert EXCLUSIONS[reason]


def test_every_kind_has_a_reason():
    assert {group_of(reason) for reason in EXCLUSIONS} == set(GROUPS)


@given(THINGS)
def test_numbers_count_each_once_by_kind_then_size_and_the_order_stays(things):
    done = numbered(things)
    assert [msgspec.structs.replace(x, number=None) for x in done] == things
    shown = sorted(done, key=lambda x: x.number)
    assert [x.number for x in shown] == list(range(1, len(things) + 1))
    kinds = [(GROUPS.index(group_of(x.reason)), -x.volume_mm3) for x in shown]
    assert kinds == sorted(kinds)


@given(st.lists(st.tuples(st.sampled_from(("too_small", "near_metal")), st.floats(0.0, 100.0)), max_size=20))
def test_specks_add_up_whatever_their_order(specks):
    one, other = counted(specks), counted(specks[::-1])
    assert one == other
    assert sum(s.n for s in one) == len(specks)
    assert math.fsum(s.volume_mm3 for s in one) == pytest.approx(math.fsum(v for _, v in specks), abs=0.11)


def test_what_is_none_by_definition_has_no_probability_and_rounded_values():
    thing = exclude("too_small", "left", 12.34, np.array([1.234, -5.678, 9.0]), 456.78)
    assert (thing.volume_mm3, thing.centroid_lps_mm, thing.max_hu) == (12.3, (1.23, -5.68, 9.0), 456.8)
    assert (thing.probability, thing.because, thing.base_mm, thing.number) == (None, "", None, None)
    assert thing.message == EXCLUSIONS["too_small"]


def test_the_base_is_a_disc_of_its_area():
    thing = msgspec.structs.replace(make_excluded(), base_mm2=math.pi * 25.0)
    assert thing.base_mm == pytest.approx(10.0)
