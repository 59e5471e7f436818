"""The cup around a prosthetic head: a shell that covers a good part of all directions at one distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ho_detect.image.grid import FloatArray, Sphere

#: Metal so near to the head's surface is its blooming, mm: 1 to 2 mm at 2500 HU in simulated CT.
HEAD_BLOOMING_MM = 2.0
#: A cup begins beyond what fits between it and the head, and ends within this radius, mm: cups are 44 to 68 mm wide.
_GAP_MM, _LARGEST_MM = 3.0, 38.0
#: Metal at one distance that covers so large a share of all directions is a cup's wall: half a ball covers 0.5, a neck
#: of 13 mm, 20 mm from the center, 0.03. Convention.
_COVERS = 0.2
#: The share is taken in steps of this, mm.
_STEP_MM = 0.5
#: A wall is no thinner, mm, and its directions keep so much to one side: the length of their mean, 0.5 for half a ball.
_LEAST_WALL_MM, _ONE_SIDED = 1.5, 0.3
#: A cup reaches so far beyond half a ball, cosine with its axis; and so far beyond its wall, mm.
_RIM, _WALL_MARGIN_MM = -0.2, 1.0


@dataclass(frozen=True, eq=False)
class Cup:
    """A shell of metal about a head.

    Parameters
    ----------
    outside
        Its center, that of the head, and outer radius.
    inner_mm
        Radius of its inside.
    axis
        (3,) unit vector out of its opening.
    """

    outside: Sphere
    inner_mm: float
    axis: FloatArray

    def in_wall(self, points: FloatArray) -> NDArray[np.bool_]:
        """Return (n,) whether points lie in its wall."""
        away = np.linalg.norm(points - self.outside.center_lps_mm, axis=1)
        return np.asarray(self.encloses(points) & (away >= self.inner_mm - _WALL_MARGIN_MM))

    def encloses(self, points: FloatArray) -> NDArray[np.bool_]:
        """Return (n,) whether points lie in its wall or in its hollow."""
        way = points - self.outside.center_lps_mm
        away = np.linalg.norm(way, axis=1)
        near = away <= self.outside.radius_mm + _WALL_MARGIN_MM
        return np.asarray(near & (way @ self.axis <= -_RIM * away))


def find_cup(points: FloatArray, cell_mm3: float, head: Sphere) -> Cup | None:
    """Return the cup around a head; None where there is none: half a prosthesis, or a cup of polyethylene.

    Parameters
    ----------
    points
        (n, 3) LPS mm, of all metal around the head.
    cell_mm3
        Volume of each.
    """
    way = points - head.center_lps_mm
    away = np.linalg.norm(way, axis=1)
    edges = np.arange(head.radius_mm + _GAP_MM, _LARGEST_MM + _STEP_MM, _STEP_MM)
    if len(edges) < 2:
        return None
    shell_mm3 = 4 / 3 * np.pi * np.diff(edges**3)
    # three steps together: one is finer than a voxel
    covered = np.convolve(np.histogram(away, edges)[0] * cell_mm3 / shell_mm3, np.ones(3) / 3, mode="same")
    wall = np.flatnonzero(covered >= _COVERS)
    if not len(wall):
        return None
    last = first = int(wall[-1])
    while first > 0 and covered[first - 1] >= _COVERS:
        first -= 1
    if (last + 1 - first) * _STEP_MM < _LEAST_WALL_MM:
        return None
    inner_mm, outer_mm = float(edges[first]), float(edges[last + 1])
    here = (away >= inner_mm) & (away <= outer_mm)
    mean = (way[here] / away[here, None]).mean(axis=0)
    length = float(np.linalg.norm(mean))
    if length < _ONE_SIDED:
        return None
    return Cup(Sphere(head.center_lps_mm, outer_mm), inner_mm, -mean / length)
