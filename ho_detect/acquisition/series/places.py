"""Heights of slices to places on an even grid: as they are, with slices missing, or resampled."""

from __future__ import annotations

import numpy as np

from ho_detect.flags import Flag, flag
from ho_detect.image.grid import FloatArray
from ho_detect.settings import AcquisitionSettings

#: A step at a limit may come out a little beyond it.
ROUNDING_MM = 1e-3


def even_places(heights: FloatArray, settings: AcquisitionSettings) -> tuple[FloatArray, float, tuple[Flag, ...]]:
    """Return where ordered heights (n,) lie on a grid of even steps, that step in mm, and a flag where it is made.

    Where steps are whole multiples of the smallest, and most are of that, slices are missing, and all that are there
    keep their pixels. Other uneven steps get a grid as fine as the smallest of them, or half their mean.
    """
    steps, extent = np.diff(heights), float(heights[-1] - heights[0])
    typical = float(np.median(steps))
    if (abs(steps - typical) <= _tolerance(typical, settings)).all() or _rounded_off_even_places(heights, settings):
        return np.arange(len(heights), dtype=np.float64), extent / len(steps), ()
    times, smallest, missing = whole_multiples(steps, settings)
    if missing and np.median(times) == 1:
        places = np.concatenate([[0.0], np.cumsum(times)])
        detail = f"{missing} slices at a step of {smallest:.2f} mm, at most {int(times.max()) - 1} side by side"
        return places, extent / places[-1], (flag("gaps_filled", detail),)
    n = round(extent / max(float(steps.min()), extent / len(steps) / 2))
    detail = f"steps from {steps.min():.2f} to {steps.max():.2f} mm, now {extent / n:.2f} mm"
    return (heights - heights[0]) * n / extent, extent / n, (flag("resampled_spacing", detail),)


def _rounded_off_even_places(heights: FloatArray, settings: AcquisitionSettings) -> bool:
    """Whether ordered heights (n,) are those of an even grid, written with one decimal or none.

    Each is then within the tolerance of its place, and steps between two differ by twice as much.
    """
    if (abs(heights * 10 - np.rint(heights * 10)) > ROUNDING_MM).any():
        return False
    places = np.linspace(-1, 1, len(heights))
    offs = heights - heights.mean()
    offs -= places * float(offs @ places) / float(places @ places)
    return bool(abs(offs).max() <= settings.step_tolerance_mm + ROUNDING_MM)


def whole_multiples(steps: FloatArray, settings: AcquisitionSettings) -> tuple[FloatArray, float, int]:
    """Return steps (n,) in units of the smallest, the smallest in mm, and how many slices they say are missing.

    None are missing where some step is not a whole multiple of the smallest.
    """
    tolerance = _tolerance(float(np.median(steps)), settings)
    smallest = float(np.median(steps[steps <= steps.min() + tolerance]))
    times = np.round(steps / smallest)
    whole = bool((abs(steps - times * smallest) <= tolerance * times).all())
    return times, smallest, int((times - 1).sum()) if whole else 0


def _tolerance(step_mm: float, settings: AcquisitionSettings) -> float:
    return max(settings.step_tolerance_mm, 0.01 * step_mm)
