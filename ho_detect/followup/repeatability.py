"""How much the volumes of two scans differ without any change: what a change has to be held against.

Measured on simulated CT scanned twice (``benchmarks/accuracy/rescans.py`` and ``followup.py --unchanged``; figures in
``docs/accuracy.md``): the patient turned and moved, other voxels, noise, kernels. Not on patients, nor at another kVp.
"""

from __future__ import annotations

import math

#: Standard deviation of a difference of two volumes: a part that is always there, mm³, and a share of their mean.
_LEAST_MM3, _SHARE = 42.0, 0.035
#: 95 % of normal differences lie within so many standard deviations.
_WITHIN = 1.96

#: What is said of such a change.
WITHIN_ERROR = ", no more than two scans differ without any change"

#: Lower and upper end, mm³.
Interval = tuple[float, float]


def change_interval_mm3(earlier_mm3: float, later_mm3: float) -> Interval:
    """Return the 95 % interval of the true change between two volumes.

    >>> change_interval_mm3(1000.0, 1000.0)[0] < 0.0 < change_interval_mm3(1000.0, 1000.0)[1]
    True
    """
    half = _WITHIN * math.hypot(_LEAST_MM3, _SHARE * (earlier_mm3 + later_mm3) / 2)
    change = later_mm3 - earlier_mm3
    return round(change - half, 1), round(change + half, 1)


def is_within_error(interval: Interval | None) -> bool:
    """Whether no change may lie behind a difference; False where there is none to speak of."""
    return interval is not None and interval[0] <= 0.0 <= interval[1]
