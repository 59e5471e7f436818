"""Confidence: a probability among simulated findings, by evidence that is in the record."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ho_detect.detection.judge.confidence import CALIBRATION, confidence_of

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks" / "accuracy"))

import calibrate

shares, lengths = st.floats(0, 1), st.floats(0.1, 80)


@given(shares, lengths)
def test_lies_between_0_and_1(fat, mm):
    assert 0.0 < confidence_of(fat, mm) < 1.0


@given(shares, shares, lengths, lengths)
def test_less_fat_around_and_more_thickness_never_lower_it(fat, other_fat, mm, other_mm):
    less, more = sorted((fat, other_fat))
    thin, thick = sorted((mm, other_mm))
    assert confidence_of(less, thick) >= confidence_of(more, thin)


def test_is_not_known_without_surroundings():
    assert math.isnan(confidence_of(float("nan"), 8.0))


def test_the_coefficients_are_those_of_the_tuning_findings():
    fit = calibrate.fitted(*calibrate.read_findings(calibrate.TUNING))
    c = CALIBRATION
    assert (c.intercept, c.fat, c.log10_thickness) == pytest.approx(fit, abs=2e-3)


def test_over_the_findings_it_was_fitted_to_the_mean_is_the_share_of_true_ones():
    evidence, true = calibrate.read_findings(calibrate.TUNING)
    said = [confidence_of(fat, 10**log) for fat, log in evidence]
    assert np.mean(said) == pytest.approx(true.mean(), abs=2e-3)
    assert 0 < true.sum() < len(true)
