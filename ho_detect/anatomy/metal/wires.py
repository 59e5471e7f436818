"""Loops of wire or cable around a bone, split from what they touch."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ho_detect.anatomy.metal.cells import CELL_MM3, Cells
from ho_detect.image.grid import FloatArray
from ho_detect.image.morphology import opened_by_ball, padded, within

#: What a ball of this radius does not reach is thin: wires and cables have 1 to 2 mm diameter and bloom to 3 or 4. mm
_THIN_MM = 2.2
#: What is left of the surface of something thick lies so near to it, mm.
_SURFACE_MM = 2.5
#: A loop is no thicker on average than a wire with its blooming, mm.
_THICK_MM = 4.5
#: An arc has at least this share of the least of a loop, and such a ratio of its two deviations in the plane; so many,
#: the largest, are tried in pairs.
_ARC, _BENT, _PAIRED = 0.4, 0.25, 5
#: The radius of a loop differs by no more than this share of its mean (standard deviation).
_UNEVEN = 0.25
#: The plane of a loop is found in so many rounds, in each of which what lies farther from it than this, mm, and than
#: this share of all, does not count.
_ROUNDS, _OFF_PLANE_MM, _MOST = 8, 4.0, 0.85
#: A loop keeps to a plane (standard deviation, mm), is so round (ratio of the two in it), has such a mean radius, mm,
#: and covers so many of 24 directions. Convention; femurs are 24 to 60 mm wide.
_FLAT_MM, _ROUND, _RADIUS_MM, _COVERS, _SECTORS = 4.0, 0.4, (8.0, 40.0), 0.6, 24


def find_wires(cells: Cells, some: NDArray[np.bool_], least_mm3: float) -> list[NDArray[np.bool_]]:
    """Return the (n,) members of each loop of wire.

    Parameters
    ----------
    some
        (n,) of the cubes: what is looked at.
    least_mm3
        Of a loop.
    """
    step = cells.grid.spacing_mm
    wide, inner = padded(cells.mask(some), 2 * _THIN_MM, step)
    thick = within(opened_by_ball(wide, _THIN_MM, step), _SURFACE_MM, step)[inner]
    thin = cells.split(some & ~thick[tuple(cells.index.T)])
    arcs = [part for part in thin if part.sum() * CELL_MM3 >= _ARC * least_mm3]
    loops: list[NDArray[np.bool_]] = []
    # where it touches something thick a loop falls into arcs
    bent = [arc for arc in arcs if _is_bent(cells.points[arc])][:_PAIRED]
    for arc, other in [(arc, arc) for arc in arcs] + list(combinations(bent, 2)):
        both = arc | other
        both[both] = _in_plane(cells.points[both])
        if both.sum() * CELL_MM3 < least_mm3 or any((both & loop).any() for loop in loops):
            continue
        if _is_loop(cells.points[both]):
            loops.append(both)
    return loops


def _in_plane(points: FloatArray) -> NDArray[np.bool_]:
    """Return which of (n, 3) points lie near the plane of most of them: what else a wire touches is left."""
    near = np.ones(len(points), bool)
    for _ in range(_ROUNDS):
        center = points[near].mean(axis=0)
        normal = np.linalg.eigh(np.cov((points[near] - center).T))[1][:, 0]
        off = np.abs((points - center) @ normal)
        near = off <= max(_OFF_PLANE_MM, float(np.quantile(off, _MOST)))
    return near


def _is_bent(points: FloatArray) -> bool:
    """Whether (n, 3) points are no straight rod."""
    value = np.linalg.eigvalsh(np.cov(points.T))
    return bool(value[1] >= _BENT**2 * value[2])


def circle_of(points: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the middle of the circle through most of (n, 3) points, its normal, and (n, 2) their way from its middle.

    Algebraic fit in the plane of least squares, as :func:`.fit_sphere`.
    """
    center = points.mean(axis=0)
    vector = np.linalg.eigh(np.cov((points - center).T))[1]
    flat = (points - center) @ vector[:, 1:]
    middle = np.linalg.lstsq(np.c_[2 * flat, np.ones(len(flat))], (flat**2).sum(axis=1), rcond=None)[0][:2]
    return center + vector[:, 1:] @ middle, vector[:, 0], flat - middle


def _is_loop(points: FloatArray) -> bool:
    """Whether (n, 3) points go around something."""
    value = np.linalg.eigvalsh(np.cov(points.T))
    if np.sqrt(max(value[0], 0.0)) > _FLAT_MM or value[1] < _ROUND**2 * value[2]:
        return False
    flat = circle_of(points)[2]
    away = np.linalg.norm(flat, axis=1)
    mean = float(away.mean())
    if not _RADIUS_MM[0] <= mean <= _RADIUS_MM[1] or away.std() > _UNEVEN * mean:
        return False
    if len(points) * CELL_MM3 > np.pi / 4 * _THICK_MM**2 * 2 * np.pi * mean:
        return False
    sector = ((np.arctan2(flat[:, 1], flat[:, 0]) / (2 * np.pi) + 0.5) * _SECTORS).astype(int) % _SECTORS
    return len(np.unique(sector)) >= _COVERS * _SECTORS
