"""Every value outside of what is declared is refused with its name; names are refused with the nearest one."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ho_detect.errors import SettingError
from ho_detect.system.tunable import Group, Tunable, declared_settings, refuse_unknown_names, said_range


class Inner(Group, frozen=True):
    place: ClassVar[str] = "inner"
    depth_mm: Annotated[float, Tunable("mm", 0.5, 9, "Depth.")] = 2.0
    span_hu: Annotated[tuple[float, float], Tunable("HU", 50, 1000, "Span.")] = (120.0, 200.0)
    often: Annotated[int, Tunable("count", 1, 20, "How many.")] = 3
    way: Annotated[Literal["plain", "bids"], Tunable("name", None, None, "Way.")] = "plain"


class Outer(Group, frozen=True):
    inner: Inner = Inner()
    threads: Annotated[int, Tunable("count", 0, 8, "Threads.")] = 0


@given(st.floats(allow_nan=True))
def test_a_number_is_taken_within_its_range_only(value):
    if 0.5 <= value <= 9:
        assert Inner(depth_mm=value).depth_mm == value
        return
    with pytest.raises(SettingError, match=r"inner\.depth_mm = .*from 0\.5 to 9 mm"):
        Inner(depth_mm=value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"span_hu": (200.0, 120.0)}, {"span_hu": (10.0, 120.0)}, {"span_hu": (120.0,)}, {"span_hu": (math.nan, 200.0)},
        {"often": 2.5}, {"often": "3"}, {"often": 0}, {"way": "other"}, {"way": None}, {"depth_mm": None},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_its_name(wrong):
    (name,) = wrong
    with pytest.raises(SettingError, match=rf"inner\.{name} = "):
        Inner(**wrong)


def test_values_come_as_their_own_type():
    values = Inner(depth_mm=3, span_hu=[100, 300])
    assert (type(values.depth_mm), values.span_hu) == (float, (100.0, 300.0))


def test_a_group_is_no_plain_value():
    with pytest.raises(SettingError, match="inner"):
        Outer(inner={"depth_mm": 3.0})


def test_all_are_declared_under_their_heading():
    assert list(declared_settings(Outer)) == ["threads", "inner.depth_mm", "inner.span_hu", "inner.often", "inner.way"]


@pytest.mark.parametrize(
    ("values", "nearest"),
    [
        ({"inner": {"dept_mm": 1}}, "inner.depth_mm"),
        ({"depth_mm": 1}, "inner.depth_mm"),
        ({"thread": 1}, "threads"),
        ({"iner": {}}, "inner"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(values, nearest):
    with pytest.raises(SettingError, match=rf"is not known; the nearest name is {nearest}"):
        refuse_unknown_names(values, Outer)


def test_known_names_are_not_refused():
    refuse_unknown_names({"threads": 1, "inner": {"depth_mm": 1}}, Outer)
    with pytest.raises(SettingError, match="heading"):
        refuse_unknown_names({"inner": 3}, Outer)


def test_a_range_is_said_as_it_is_checked():
    said = {name: said_range(*declared) for name, declared in declared_settings(Outer).items()}
    assert said["inner.span_hu"] == "two numbers, the lower one first, from 50 to 1,000 HU"
    assert said["inner.way"] == "one of plain, bids"
    assert said["threads"] == "a whole number from 0 to 8"
