"""Fields on axial grids: coordinates, boxes, soft edges, interpolation, smooth random fields."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ho_detect.image.grid import FloatArray, Grid

Field = NDArray[np.float32]
Box = tuple[slice, slice, slice]


def axes_of(grid: Grid, box: Box | None = None) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return LPS x, y, z of an axial grid as arrays that broadcast to (slice, row, column).

    Raises
    ------
    ValueError
        The grid's axes do not run (superior, posterior, left).
    """
    if np.abs(grid.affine[:3, :3] - np.diag(grid.spacing_mm)[::-1]).max() > 1e-9:
        raise ValueError("the simulation paints on axial grids only")
    ranges = [np.arange(n) for n in grid.shape]
    if box is not None:
        ranges = [r[s] for r, s in zip(ranges, box, strict=True)]
    z, y, x = (o + s * r for o, s, r in zip(grid.affine[[2, 1, 0], 3], grid.spacing_mm, ranges, strict=True))
    return x[None, None, :], y[None, :, None], z[:, None, None]


def box_of(grid: Grid, bounds: FloatArray, margin_mm: float) -> Box:
    """Return the part of an axial grid within ``margin_mm`` of bounds (2, 3) LPS mm; may be empty."""
    spacing = np.array(grid.spacing_mm)
    low = np.floor((bounds[0] - margin_mm - grid.affine[:3, 3])[::-1] / spacing).astype(int)
    high = np.ceil((bounds[1] + margin_mm - grid.affine[:3, 3])[::-1] / spacing).astype(int) + 1
    low = np.clip(low, 0, grid.shape)
    high = np.clip(high, low, grid.shape)
    a, b, c = (slice(int(i), int(j)) for i, j in zip(low, high, strict=True))
    return a, b, c


def coverage(distance: Field, width_mm: float) -> Field:
    """Share of a voxel ``width_mm`` wide that lies inside, from its center's signed distance: 0 to 1."""
    share: Field = np.clip(np.float32(0.5) - distance / np.float32(width_mm), 0, 1)
    return share


def voxel_width(grid: Grid) -> float:
    """Edge of the cube as large as a voxel, mm."""
    return float(np.cbrt(grid.voxel_volume_mm3))


def coarse_grid(grid: Grid, step_mm: float) -> Grid:
    """Return an axial grid of at least that step that covers ``grid``."""
    spacing = np.maximum(grid.spacing_mm, step_mm)
    extent = (np.array(grid.shape) - 1) * grid.spacing_mm
    a, b, c = (int(n) for n in np.ceil(extent / spacing) + 2)
    return Grid.axial((a, b, c), spacing, grid.origin_lps_mm)


def refine(field: Field, coarse: Grid, grid: Grid, box: Box | None = None) -> Field:
    """Interpolate a field linearly from a coarse axial grid to (a box of) a grid that it covers."""
    start = (grid.origin_lps_mm - coarse.origin_lps_mm)[::-1]
    for axis in range(3):
        index = np.arange(grid.shape[axis])
        if box is not None:
            index = index[box[axis]]
        at = (index * grid.spacing_mm[axis] + start[axis]) / coarse.spacing_mm[axis]
        low = np.clip(np.floor(at).astype(int), 0, field.shape[axis] - 2)
        w = (at - low).reshape([-1 if a == axis else 1 for a in range(3)]).astype(np.float32)
        field = np.take(field, low, axis) * (1 - w) + np.take(field, low + 1, axis) * w
    return field


def smooth_noise(rng: np.random.Generator, grid: Grid, length_mm: float) -> Field:
    """Return a random field of mean 0 and variance about 1 that varies over about ``length_mm``."""
    from scipy.ndimage import gaussian_filter

    coarse = coarse_grid(grid, length_mm / 2.5)
    sigma = [length_mm / 2.5 / s for s in coarse.spacing_mm]
    raw = rng.standard_normal(coarse.shape, dtype=np.float32)
    raw = gaussian_filter(raw, sigma, mode="wrap")
    # the gain of the filter, not the sample: a crop of the same body must not change its tissue
    gain = float(np.prod([1 / np.sqrt(2 * np.sqrt(np.pi) * max(s, 0.29)) for s in sigma]))
    return refine(raw / np.float32(min(gain, 1.0)), coarse, grid)


def blend_in(hu: Field, value: NDArray[np.float32] | float, share: Field) -> None:
    """Mix ``value`` into ``hu`` by ``share`` 0 to 1, in place."""
    hu += (value - hu) * share
