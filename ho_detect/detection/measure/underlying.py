"""The native bone that a candidate stands on: how dense it is, and whether its cortex goes on beneath."""

from __future__ import annotations

import numpy as np

from ho_detect.detection.candidates import Candidate, Region
from ho_detect.image.morphology import margins, within

#: What lies so near to native bone is the base, mm; native bone so near is what it stands on, mm.
BASE_MM, _UNDERLYING_MM = 3.0, 4.0
#: The cortex under a base is looked for at about so many places of it.
_BASE_SAMPLE = 500
#: A cortex goes on under new bone: all but so large a share of the base lies on one. Convention.
_MOST_OF_BASE = 0.25


def underlying_hu(region: Region, candidate: Candidate) -> tuple[float | None, float | None]:
    """Return the mean HU of the native bone near a candidate, and its densest places under the base; None for none.

    Beneath new bone lies the cortex of the old one; marrow goes on into native bone that the fit missed.
    """
    mask, box = candidate.mask, candidate.box
    distance = region.distance_mm[box]
    native = distance <= 0.0
    hu = region.smooth[box]
    near = within(mask, _UNDERLYING_MM, region.grid.spacing_mm) & native
    if not near.any():
        return None, None
    base = np.argwhere(mask & (distance < BASE_MM))
    base = base[:: 1 + len(base) // _BASE_SAMPLE]
    spacing_mm = region.grid.spacing_mm
    n = margins(_UNDERLYING_MM, spacing_mm)
    steps = np.indices(tuple(2 * m + 1 for m in n)).reshape(3, -1).T - np.array(n)
    steps = steps[np.linalg.norm(steps * spacing_mm, axis=1) <= _UNDERLYING_MM]
    around = np.pad(np.where(native, hu, np.int16(-1024)), [(m, m) for m in n], constant_values=-1024)
    # places as they lie in memory: how far off is the same from any of them
    in_memory = np.array(around.strides) // around.itemsize
    densest = around.ravel()[((base + n) @ in_memory)[:, None] + steps @ in_memory].max(axis=1, initial=-1024)
    densest = densest[densest > -1024]
    # native bone that the fit missed has a cortex all around its base, new bone under all of it
    return float(hu[near].mean()), float(np.quantile(densest, _MOST_OF_BASE)) if densest.size else None
