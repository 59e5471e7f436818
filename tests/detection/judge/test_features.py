"""Features run from 0 to 1, follow what they are named after, and those of what grows from bone need bone."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_detection import evidence, grown_on_bone

from ho_detect.detection.judge.features import GROWN, OSSIFIED, log_ramp, ramp, values

FINITE = st.floats(-1e6, 1e6)


@given(FINITE, FINITE, st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
def test_a_ramp_lies_between_0_and_1_and_never_falls(a, b, low, width):
    one, other = sorted((a, b))
    assert 0.0 <= ramp(one, low, low + width) <= ramp(other, low, low + width) <= 1.0


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_so_does_a_ramp_of_logarithms(a, b):
    one, other = sorted((a, b))
    assert 0.0 <= log_ramp(one, 1.0, 100.0) <= log_ramp(other, 1.0, 100.0) <= 1.0
    assert log_ramp(0.0, 1.0, 100.0) == 0.0


@pytest.mark.parametrize(
    ("name", "field", "rising"),
    [
        ("grown_height", "reach_mm", (3.0, 8.0, 25.0)),
        ("grown_beyond", "beyond_mm", (0.0, 5.0, 15.0)),
        ("ossified_thick", "thickness_mm", (2.0, 6.0, 15.0)),
        ("grown_base_seen", "base_seen", (0.0, 0.5, 1.0)),
        ("ossified_sacral", "spine", (0.0, 0.5, 1.0)),
        ("grown_cortex", "cortex_hu", (400.0, 700.0, 1100.0)),
        ("ossified_compact", "solidity", (0.2, 0.5, 0.8)),
        ("ossified_large", "volume_mm3", (100.0, 1000.0, 10000.0)),
        ("ossified_too_dense", "mean_hu", (900.0, 1200.0, 1600.0)),
    ],
)
def test_a_feature_rises_with_what_it_is_named_after(name, field, rising):
    found = [values(grown_on_bone(**{field: x}))[name] for x in rising]
    assert found[0] < found[1] < found[2]


IN_CAVITY = {"cavity": 0.6, "interior_sd_hu": 30.0, "noise_hu": 12.0, "mean_hu": 300.0}


@pytest.mark.parametrize(
    ("name", "field", "rising"),
    [
        ("ossified_gas", "air", (0.0, 0.1, 0.2)),
        ("ossified_fluid", "interior_sd_hu", (200.0, 50.0, 20.0)),
        ("ossified_fluid", "cavity", (0.0, 0.1, 0.3)),
    ],
)
def test_what_speaks_of_bowel_speaks_in_the_cavity_alone(name, field, rising):
    found = [values(evidence(**IN_CAVITY | {field: x}))[name] for x in rising]
    assert found[0] < found[1] < found[2]
    assert values(evidence(**IN_CAVITY | {field: rising[2], "cavity": 0.0}))[name] == 0.0


BULK = {"cavity": 0.3, "thickness_mm": 30.0, "volume_mm3": 80000.0}


@pytest.mark.parametrize(
    ("field", "rising"),
    [("cavity", (0.0, 0.1, 0.3)), ("thickness_mm", (9.0, 15.0, 30.0)), ("volume_mm3", (4e3, 1e4, 8e4))],
)
def test_bowel_is_large_thick_and_in_part_in_the_cavity_and_never_on_the_femur(field, rising):
    found = [values(evidence(**BULK | {field: x}))["ossified_bowel"] for x in rising]
    assert found[0] < found[1] < found[2]
    assert values(grown_on_bone(**BULK, touching=("femur", "pelvis")))["ossified_bowel"] == 0.0


PLAIN = {
    "deep": 1.0,
    "fat": 0.1,
    "arterial": 0.0,
    "cavity": 0.0,
    "spine": 0.0,
    "at_border": 0.0,
    "interior_sd_hu": None,
}


@pytest.mark.parametrize(
    "mimic",
    [
        {"deep": 0.0}, {"fat": 1.0, "thickness_mm": 3.5}, {"blood": 0.9}, {"cavity": 1.0}, {"spine": 1.0},
        {"at_border": 1.0}, {"mean_hu": 1500.0},
    ],
)  # fmt: skip
def test_plain_is_what_lies_free_with_nothing_of_a_mimic(mimic):
    assert values(evidence(**PLAIN))["ossified_plain"] == 1.0
    assert values(evidence(**PLAIN | mimic))["ossified_plain"] == 0.0
    assert values(grown_on_bone(**PLAIN))["ossified_plain"] == 0.0


def test_muscle_wasted_to_fat_around_what_is_thicker_than_a_calcified_artery_says_nothing():
    found = [values(evidence(**PLAIN | {"fat": 1.0, "thickness_mm": x}))["ossified_plain"] for x in (4.0, 6.5, 8.0)]
    assert found[0] == 0.0 < found[1] < found[2] == 1.0


def test_a_cortex_tells_of_new_bone_that_is_fainter():
    def cortex(**changes):
        here = {"mean_hu": 300.0, "underlying_hu": 700.0, "cortex_hu": 750.0, "base_seen": 1.0}
        return values(grown_on_bone(**here | changes))["grown_cortex"]

    assert cortex() > 0.8
    assert cortex(mean_hu=700.0) < 0.2
    assert cortex(cortex_hu=300.0) < 0.3


@pytest.mark.parametrize(
    ("field", "rising"),
    [("base_seen", (0.0, 0.5, 1.0)), ("head_distance_mm", (25.0, 28.0, 40.0)), ("artefact_hu", (40.0, 15.0, 0.0))],
)
def test_a_cortex_tells_where_the_surface_is_seen_off_the_joint_and_off_metal(field, rising):
    """At the joint osteophytes are fainter than the bone beneath them too."""
    here = {"mean_hu": 300.0, "underlying_hu": 700.0, "cortex_hu": 750.0, "head_radius_mm": 24.0, "base_seen": 0.9}
    found = [values(grown_on_bone(**here | {field: x}))["grown_cortex"] for x in rising]
    assert 0.0 == found[0] < found[1] < found[2]


def test_under_the_skin_is_what_lies_in_fat_and_off_bone():
    found = [values(evidence(deep=0.1, gap_mm=x))["ossified_skin"] for x in (3.0, 8.0, 20.0)]
    assert 0.0 == found[0] < found[1] < found[2]
    assert values(evidence(deep=1.0, gap_mm=20.0))["ossified_skin"] == 0.0
    # farther from bone than gaps are measured
    assert values(evidence(deep=0.1, gap_mm=None))["ossified_skin"] == found[2]


def test_what_lies_free_has_none_of_the_features_of_what_grows_from_bone():
    found = values(evidence())
    assert all(math.isnan(found[f"grown_{f.name}"]) for f in GROWN)
    assert len(GROWN) > 5
    assert not any(math.isnan(found[f"ossified_{f.name}"]) for f in OSSIFIED)
    assert len(OSSIFIED) > 5


def streak(**of):
    return values(evidence(**of))["ossified_streak"]


def test_an_artefact_speaks_against_what_hardly_stands_out_of_it():
    faint, plain = (streak(artefact_hu=60.0, mean_hu=hu) for hu in (210.0, 2000.0))
    assert faint > 0.4
    assert plain == 0.0
    assert streak(artefact_hu=60.0, mean_hu=-200.0) > 0.4


def test_so_does_muscle_around_it_that_metal_makes_bright_too():
    faint, edged = ({"artefact_hu": 60.0, "mean_hu": hu} for hu in (210.0, 900.0))
    assert streak(**faint, around_hu=60.0) > 0.9 > streak(**faint, around_hu=0.0)
    assert streak(**faint, around_hu=-60.0) == streak(**faint, around_hu=0.0) == streak(**faint, around_hu=None)
    # the denser it is, the more of the brightness is its own blurred edge
    assert streak(**edged, around_hu=20.0) == 0.0


def test_without_metal_nothing_is_a_streak():
    assert streak(artefact_hu=0.0, mean_hu=150.0, around_hu=90.0) == 0.0
    assert streak(artefact_hu=0.5, mean_hu=150.0, around_hu=90.0) == 0.0


def test_a_value_that_is_not_known_is_said_in_no_words():
    (faint,) = (f for f in GROWN if f.name == "faint")
    assert values(grown_on_bone(underlying_hu=None))["grown_faint"] == pytest.approx(
        values(grown_on_bone(underlying_hu=0.0))["grown_faint"]
    )
    assert 0.0 <= faint.value(grown_on_bone(underlying_hu=None)) <= 1.0
