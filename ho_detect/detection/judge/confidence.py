"""Confidence in a lesion: what share of findings with the same evidence was ossification, on simulated studies."""

from __future__ import annotations

import math

import msgspec


class Calibration(msgspec.Struct, frozen=True):
    """Coefficients of a logistic regression."""

    intercept: float
    fat: float
    """For the share of fat in the surroundings."""
    log10_thickness: float
    """For the decimal logarithm of the thickness in mm."""


#: Fitted by ``benchmarks/accuracy/calibrate.py`` to ``tuning_findings.csv`` beside it: the 43 findings, 33 true, on the
#: first 29 tuning studies (seeds 20000 to 20028) of the project's own simulator. Nine of the false ones are set aside
#: by rules written since. docs/accuracy.md says what it means.
CALIBRATION = Calibration(intercept=1.984, fat=-8.125, log10_thickness=2.650)


def confidence_of(fat_fraction: float, thickness_mm: float) -> float:
    """Return the confidence, 0 to 1, in what was kept as ossification.

    Parameters
    ----------
    fat_fraction
        Share of fat in the surroundings; NaN where they are not known, and so is the confidence.
    thickness_mm
        Above 0.

    >>> round(confidence_of(0.05, 12.0), 2), round(confidence_of(0.7, 4.0), 2)
    (0.99, 0.11)
    """
    c = CALIBRATION
    margin = c.intercept + c.fat * fat_fraction + c.log10_thickness * math.log10(thickness_mm)
    return 1.0 / (1.0 + math.exp(-margin))
