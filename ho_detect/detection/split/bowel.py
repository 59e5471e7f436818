"""Ossification that lies against bowel or bladder with contrast medium, split from it: only the one has a rim."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ho_detect.anatomy.regions.cavity import Cavity
from ho_detect.detection.candidates import Candidate, Region, points_of
from ho_detect.image.components import label_components
from ho_detect.image.grid import FloatArray
from ho_detect.image.morphology import opened_by_ball, padded, within

BoolArray = NDArray[np.bool_]
#: Bowel is wider than twice this, and holds a ball of it; what its edge takes more is given back, mm.
_BALL_MM, _EDGE_MM = 3.0, 1.5
#: Around so much of the core of a lesion, so near to it, lies a denser rim.
_RIMMED, _SHELL_MM = 0.5, 2.0
#: Contrast medium in bowel is as dense as its median, and this many times the noise more.
_NOISE = 2.5
#: Less of it is not looked for, mm³; single bodies of it are larger than this share of that.
_LEAST_MM3, _SHARE = 1000.0, 0.3
#: The place is the same for so near voxels, mm.
_CELL_MM = 4.0


def split_from_bowel(region: Region, candidate: Candidate, cavity: Cavity, wall_mm: float) -> list[Candidate]:
    """Return what of a candidate is bowel or bladder, and the rest where there is any; nothing where there is no bowel.

    That is every body of one density, thick and without a rim, that lies mostly in the pelvic cavity and away from its
    wall. The core of a lesion is as faint, but its rim stands between the two.

    Parameters
    ----------
    cavity
        Of the hip that the candidate belongs to.
    wall_mm
        Distance from the bony wall of the cavity from which on nothing is periarticular.
    """
    mask, box = candidate.mask, candidate.box
    far = np.zeros(mask.shape, bool)
    far[mask] = _away(points_of(region, candidate), cavity, wall_mm)
    least = _LEAST_MM3 / region.grid.voxel_volume_mm3
    if far.sum() < least:
        return []
    smooth = region.smooth[box]
    inside = _opened(far, region)
    if inside.sum() < least:
        return []
    noise_hu = region.noise_hu if np.isfinite(region.noise_hu) else 0.0
    highest = np.median(smooth[inside]) + _NOISE * noise_hu
    faint = mask & (smooth <= highest)
    bodies = label_components(far.view(np.uint8), 0.0, _opened(faint, region), connectivity=6)
    fluid = np.zeros(mask.shape, bool)
    # the mean of what was labelled is the share that lies far
    for number in np.flatnonzero((bodies.mean_hu > 0.5) & (bodies.count >= _SHARE * least)):
        body = bodies.paint(np.arange(len(bodies)) == number)
        body = within(body, _BALL_MM + _EDGE_MM, region.grid.spacing_mm) & faint
        around = within(body, _SHELL_MM, region.grid.spacing_mm) & ~body
        if (smooth[around] > highest).mean() < _RIMMED:
            fluid |= body
    if fluid.sum() < least:
        return []
    bowel = replace(candidate, mask=fluid, joined=False, is_split=True)
    rest = replace(candidate, mask=mask & ~fluid, is_split=True)
    return [bowel, rest] if rest.mask.any() else [bowel]


def _away(points: FloatArray, cavity: Cavity, wall_mm: float) -> BoolArray:
    """Whether each of (n, 3) points lies away from the wall, told for a cell of 4 mm at once."""
    cell = np.floor(points / _CELL_MM).astype(np.int64)
    low = cell.min(axis=0)
    shape = np.ptp(cell, axis=0) + 1
    number = np.ravel_multi_index(tuple((cell - low).T), shape)
    taken = np.flatnonzero(np.bincount(number))
    centers = (np.stack(np.unravel_index(taken, shape), axis=1) + low + 0.5) * _CELL_MM
    away = np.zeros(int(shape.prod()), bool)
    away[taken] = cavity.away_from_wall(centers, wall_mm)
    return np.asarray(away[number])


def _opened(mask: BoolArray, region: Region) -> BoolArray:
    """Return what a ball reaches inside a mask; the border of the array counts as outside."""
    wide, inner = padded(mask, _BALL_MM, region.grid.spacing_mm)
    return opened_by_ball(wide, _BALL_MM, region.grid.spacing_mm)[inner]
