"""Stages rise with the rim; without a core nothing is said of zones."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ho_detect.detection.measure.density import _with_faces, atypical, maturity_of, zonal_index_of
from ho_detect.settings import DetectionSettings

SETTINGS = DetectionSettings()
STAGES = ("immature", "intermediate", "mature")


@given(st.lists(st.floats(-200, 3000), min_size=2, max_size=2))
def test_a_denser_rim_is_no_younger(rims):
    low, high = (STAGES.index(maturity_of(rim, SETTINGS)) for rim in sorted(rims))
    assert low <= high


def test_stages_begin_at_their_settings():
    limits = (SETTINGS.immature_rim_hu, SETTINGS.mature_rim_hu)
    assert [maturity_of(hu, SETTINGS) for hu in limits] == ["intermediate", "mature"]
    assert [maturity_of(np.nextafter(hu, 0), SETTINGS) for hu in limits] == ["immature", "intermediate"]


def test_without_a_core():
    assert zonal_index_of(600.0, None) is None
    assert atypical(200.0, None, SETTINGS) is None


@given(rim=st.floats(1, 3000), core=st.floats(-200, 3000))
def test_zones(rim, core):
    index = zonal_index_of(rim, core)
    assert (index > 0) == (core < rim)
    if atypical(rim, core, SETTINGS):
        assert index < 0
        assert maturity_of(rim, SETTINGS) != "mature"
    assert zonal_index_of(0.0, core) is None


@given(arrays(np.int16, (3, 4, 5)))
def test_the_largest_of_a_voxel_and_its_faces(values):
    padded = np.pad(values, 1, constant_values=np.iinfo(np.int16).min)
    shifts = [np.roll(padded, step, axis)[1:-1, 1:-1, 1:-1] for axis in range(3) for step in (-1, 1)]
    np.testing.assert_array_equal(_with_faces(values), np.max([values, *shifts], axis=0))
