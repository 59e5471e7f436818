"""What lies around a candidate: muscle, fat, bone and air in a shell outside of its partial volume."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ho_detect.anatomy.regions.tissue import FAT_HU
from ho_detect.anatomy.user_masks.masks import UserMasks
from ho_detect.anatomy.user_masks.names import MUSCLES
from ho_detect.detection.candidates import Candidate, Region
from ho_detect.detection.measure.shape import bounding_box
from ho_detect.image.morphology import distance_to, margins

#: Surroundings begin so far outside of a lesion, past its partial volume, and reach so far, mm.
SHELL_MM = (1.5, 6.5)


class Surroundings(NamedTuple):
    """Shares of muscle, fat, bone (or whatever is as dense) and air, and the mean HU of what is as dense as muscle.

    NaN where nothing of it is in view.
    """

    muscle: float
    fat: float
    bone: float
    air: float
    muscle_hu: float


def surroundings(region: Region, candidate: Candidate, supplied: UserMasks) -> Surroundings:
    """Return what lies around a candidate.

    Shares are 1 together: fat blurred into air is air. Fat in a user's muscle is muscle.
    """
    tight = bounding_box(candidate.mask)
    start = [s.start + t.start for s, t in zip(candidate.box, tight, strict=True)]
    size = [t.stop - t.start for t in tight]
    margin = margins(SHELL_MM[1], region.grid.spacing_mm)
    low = [max(a - m, 0) for a, m in zip(start, margin, strict=True)]
    high = [min(a + n + m, end) for a, n, m, end in zip(start, size, margin, region.grid.shape, strict=True)]
    z, y, x = (slice(a, b) for a, b in zip(low, high, strict=True))
    box = (z, y, x)
    mask = np.zeros([b - a for a, b in zip(low, high, strict=True)], bool)
    mask[tuple(slice(a - b, a - b + n) for a, b, n in zip(start, low, size, strict=True))] = candidate.mask[tight]
    away = distance_to(mask, SHELL_MM[1], region.grid.spacing_mm)
    shell = (away > SHELL_MM[0]) & np.isfinite(away)
    hu = region.smooth[box][shell]
    if not hu.size:
        return Surroundings(*(float("nan"),) * 5)
    muscle = (hu > FAT_HU[1]) & (hu < region.low_hu)
    muscle_hu = float(hu[muscle].mean()) if muscle.any() else float("nan")
    fat = (hu > FAT_HU[0]) & (hu <= FAT_HU[1])
    if supplied.names:
        wasted = fat.copy()
        wasted[fat] = supplied.within(MUSCLES, region.grid.crop(box).to_lps(np.argwhere(shell)[fat]))
        muscle, fat = muscle | wasted, fat & ~wasted
    bone, air = float((hu >= region.low_hu).mean()), float((hu <= FAT_HU[0]).mean())
    return Surroundings(float(muscle.mean()), float(fat.mean()), bone, air, muscle_hu)
