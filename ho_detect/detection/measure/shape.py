"""Size and shape of a mask: diameters as a radiologist measures them, surface area, sphericity."""

from __future__ import annotations

import math
from itertools import product

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.spatial import ConvexHull, QhullError

from ho_detect.image.grid import FloatArray, Grid

#: Share of all directions that are nearest to one of the 26 from a voxel to its neighbours: along an axis, the diagonal
#: of a face, that of the cube (Lehmann and Legland 2012).
_SHARES = {1: 0.04577789120476, 2: 0.03698062787608, 3: 0.03519563978232}
#: Of opposing ones one.
_DIRECTIONS = tuple(d for d in product((-1, 0, 1), repeat=3) if d > (0, 0, 0))

#: A section is an ellipse when it fills so much of the one with its moments, and is at most so many times as long as
#: wide. Convention.
_FILLED, _LONGEST = 0.9, 3.0


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Lengths in mm. Diameters are edge to edge: between voxel centers, plus one voxel along their direction."""

    max_diameter_mm: float
    axial_long_mm: float
    axial_short_mm: float
    surface_area_mm2: float
    sphericity: float


def measure_shape(mask: NDArray[np.bool_], grid: Grid) -> Shape:
    """Measure a mask that is not empty.

    Axial diameters are taken in the slice where the mask is largest: the longest, and the extent across it. The
    surface area is Crofton's, from the number of times that lines in 13 directions cross it (Lehmann and Legland 2012,
    Insight Journal 3342), equal to SimpleITK's, whose import takes longer than all of this. Sphericity is the surface
    of the ball of equal volume over it.

    Parameters
    ----------
    mask
        (Z, Y, X), the first axis across the slices.
    grid
        Of the mask.
    """
    box = bounding_box(mask)
    mask, grid = mask[box], grid.crop(box)
    outer = outermost(mask)
    longest, _ = _diameters(np.argwhere(outer), grid.affine[:3, :3])
    k = int(mask.sum(axis=(1, 2)).argmax())
    long_mm, short_mm = _diameters(np.argwhere(outer[k]), grid.affine[:3, 1:3])
    area_mm2 = _surface_area_mm2(mask, grid.spacing_mm)
    ball_mm2 = math.pi ** (1 / 3) * (6.0 * float(mask.sum()) * grid.voxel_volume_mm3) ** (2 / 3)
    return Shape(
        # in the plane may be longer by a fraction of a voxel
        max_diameter_mm=round(max(longest, long_mm), 2),
        axial_long_mm=round(long_mm, 2),
        axial_short_mm=round(short_mm, 2),
        surface_area_mm2=round(area_mm2, 1),
        sphericity=round(min(ball_mm2 / area_mm2, 1.0), 3),
    )


def bounding_box(mask: NDArray[np.bool_], margin: int = 0) -> tuple[slice, slice, slice]:
    """Return the slices that hold all of a mask that is not empty, and a margin of voxels."""
    found, rest = [], mask
    for axis in range(3):
        at = np.flatnonzero(rest.any(axis=tuple(a for a in range(3) if a != axis)))
        found.append(slice(max(int(at[0]) - margin, 0), int(at[-1]) + 1 + margin))
        rest = rest[(slice(None),) * axis + (slice(int(at[0]), int(at[-1]) + 1),)]  # less to look through
    return found[0], found[1], found[2]


def round_share(mask: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> float:
    """Return the share of the slices of a mask in which it is one filled ellipse of about its usual area, as a vessel.

    The area of an ellipse is 4 pi times the square root of the determinant of its covariance; a longer one than three
    times its width is a vessel's no more.
    """
    k, *at = np.nonzero(mask)
    count = np.bincount(k, minlength=len(mask)).astype(float)
    used, area_mm2 = count > 0, count[count > 0] * spacing_mm[1] * spacing_mm[2]
    y, x = (np.asarray(place * step, float) for place, step in zip(at, spacing_mm[1:], strict=True))

    def mean(values: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(k, values, len(mask))[used] / count[used], float)

    own = np.square(spacing_mm[1:]) / 12.0  # of a voxel itself
    var_y, var_x = mean(y * y) - mean(y) ** 2 + own[0], mean(x * x) - mean(x) ** 2 + own[1]
    shared = mean(y * x) - mean(y) * mean(x)
    determinant = var_y * var_x - shared**2
    half, spread = (var_y + var_x) / 2, np.sqrt(((var_y - var_x) / 2) ** 2 + shared**2)
    usual_mm2 = np.median(area_mm2)
    is_round = (
        (area_mm2 > _FILLED * 4.0 * np.pi * np.sqrt(determinant))
        & (half + spread < _LONGEST**2 * (half - spread))
        & (area_mm2 > usual_mm2 / 2)
        & (area_mm2 < usual_mm2 * 2)
    )
    return float(is_round.mean())


def outermost(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the voxels of a mask with a face outside of it; the border of the array counts as outside."""
    return np.asarray(mask & ~ndi.binary_erosion(mask))


def _diameters(index: NDArray[np.int64], axes: FloatArray) -> tuple[float, float]:
    """Return the longest distance between voxels at (n, d) indices, and in a plane their extent across it, mm.

    Parameters
    ----------
    axes
        (3, d) mm: the step along each array axis.
    """
    hull = index[_hull(index)]
    step = (hull[:, None] - hull[None]) @ axes.T
    length = np.linalg.norm(step, axis=2)
    a, b = np.unravel_index(int(length.argmax()), length.shape)
    # of a single voxel the longest axis is any
    along = step[a, b] / length[a, b] if length[a, b] > 0 else axes[:, -1] / np.linalg.norm(axes[:, -1])
    longest = float(length[a, b] + np.linalg.norm(along @ axes))
    if axes.shape[1] > 2:
        return longest, float("nan")
    across = np.cross(np.cross(axes[:, 0], axes[:, 1]), along)
    across /= np.linalg.norm(across)
    return longest, float(np.ptp(hull @ axes.T @ across) + np.linalg.norm(across @ axes))


def _hull(index: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which of (n, d) points are corners of their convex hull; a sample of points that have none."""
    try:
        return np.asarray(ConvexHull(index).vertices, np.int64)
    except QhullError:  # all in one plane or on one line: few enough to compare
        return np.arange(0, len(index), max(1, len(index) // 500))


def _surface_area_mm2(mask: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> float:
    """Return Crofton's surface area: from how often lines through all voxels cross the border in each direction."""
    padded = np.pad(mask, 1)
    area_mm2 = 0.0
    for direction in _DIRECTIONS:
        here = tuple(slice(max(-d, 0), n - max(d, 0)) for d, n in zip(direction, padded.shape, strict=True))
        there = tuple(slice(max(d, 0), n - max(-d, 0)) for d, n in zip(direction, padded.shape, strict=True))
        crossings = np.count_nonzero(padded[here] != padded[there])
        apart_mm2 = math.prod(spacing_mm) / math.hypot(*(d * s for d, s in zip(direction, spacing_mm, strict=True)))
        area_mm2 += 4.0 * _SHARES[sum(map(abs, direction))] * crossings * apart_mm2
    return float(area_mm2)
