"""Templates of oriented points, matched to the edges of a volume at many places in one go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ho_detect._kernels.surface_match import match_templates
from ho_detect.image.grid import FloatArray

#: Voxels inside of, at and outside of a point.
_STEPS = np.array([-1.0, 0.0, 1.0])[:, None]


@dataclass(frozen=True, eq=False)
class Places:
    """Where templates are tried.

    Parameters
    ----------
    origin
        (3,) position in voxels (z, y, x).
    shifts
        (C, 3) int64 whole voxels from there to each place.
    """

    origin: FloatArray
    shifts: NDArray[np.int64]


def gradient_of(hu: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (Z, Y, X, 3) float32 HU per voxel along each axis."""
    gradient = np.empty((*hu.shape, 3), np.float32)
    for axis in range(3):
        gradient[..., axis] = np.gradient(hu, axis=axis)
    return gradient


def match(
    gradient: NDArray[np.float32],
    points: FloatArray,
    normals: FloatArray,
    places: Places,
    *,
    full: float,
    least: tuple[int, float] = (0, 0.0),
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return how well each of T templates lies on the edges at each of C places, and what share of it is in view.

    Parameters
    ----------
    gradient
        (Z, Y, X, 3) float32, see :func:`gradient_of`.
    points
        (T, P, 3) LPS voxels of each template around its center.
    normals
        (T, P, 3) LPS outward unit normals.
    full
        Gradient that counts fully.
    least
        n and score: a place is left where the first n points in view score less, and counts as unseen.

    Returns
    -------
    (T, C) float32 scores from 0 to 1, and shares in view.
    """
    along = normals[..., ::-1]
    steps = np.floor(places.origin + (points[..., ::-1][:, :, None] + along[:, :, None] * _STEPS) + 0.5).astype(
        np.int64
    )
    shifts, (probe, hopeless) = places.shifts, least
    score, seen = np.empty((2, len(points), len(shifts)), np.float32)
    directions = np.ascontiguousarray(along, dtype=np.float32)
    match_templates(len(shifts), gradient, steps, directions, shifts, full, hopeless, probe, score, seen)
    return score, seen
