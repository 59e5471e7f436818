"""Laws of attenuation: more matter leaves less, the beam hardens, water is corrected, metals rank as they do."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.simulation.xray import (
    METALS,
    attenuation_per_mm,
    bone_hu,
    spectrum,
    transmitted,
    water_equivalent_mm,
)

VOLTAGES = (100.0, 120.0, 140.0)


def left_behind(kvp=120.0, **lengths):
    return transmitted({name: np.atleast_1d(np.float32(mm)) for name, mm in lengths.items()}, kvp)


@pytest.mark.parametrize("kvp", VOLTAGES)
def test_a_spectrum_is_shares(kvp):
    assert spectrum(kvp).sum() == pytest.approx(1)
    assert (spectrum(kvp) >= 0).all()


def test_a_voltage_between_is_taken_for_the_nearest():
    np.testing.assert_array_equal(spectrum(125), spectrum(120))
    np.testing.assert_array_equal(spectrum(80), spectrum(100))


def test_values_are_those_of_the_tables():
    mu = attenuation_per_mm()
    # NIST: water at 60 keV 0.2059 cm2/g; titanium alone at 60 keV 0.7661 cm2/g
    assert mu["water"][2] == pytest.approx(0.02059, rel=1e-3)
    assert mu["titanium"][2] == pytest.approx(0.1 * 4.43 * (0.9 * 0.7661 + 0.06 * 0.2778 + 0.04 * 0.8438), rel=1e-3)


def test_less_is_lost_at_higher_energy_and_metals_rank():
    mu = attenuation_per_mm()
    assert all((np.diff(mu[name]) < 0).all() for name in ("water", "bone", *METALS))
    assert (mu["cobalt_chromium"] > mu["steel"]).all()
    assert (mu["steel"] > 2 * mu["titanium"]).all()
    assert (mu["titanium"] > mu["bone"]).all()


@pytest.mark.parametrize("kvp", VOLTAGES)
def test_water_is_taken_for_what_it_is(kvp):
    water = np.array([0.0, 1.0, 37.0, 250.0, 480.0], np.float32)
    np.testing.assert_allclose(water_equivalent_mm(transmitted({"water": water}, kvp), kvp), water, atol=0.05)


def test_the_beam_hardens_in_metal():
    # the second half of a rod takes less than the first
    one, two = (float(-np.log(left_behind(titanium=mm))[0]) for mm in (10.0, 20.0))
    assert two < 1.85 * one
    # two rods on one ray are taken for less than each alone: the dark band between two heads
    alone = water_equivalent_mm(left_behind(water=300.0, cobalt_chromium=5.0), 120.0)[0] - 300
    both = water_equivalent_mm(left_behind(water=300.0, cobalt_chromium=10.0), 120.0)[0] - 300
    assert both < 1.9 * alone


def test_bone_is_as_dense_as_in_ct():
    assert 1200 < bone_hu(140) < bone_hu(120) < bone_hu(100) < 2200
