"""Shapes to signed distance on a grid; smooth unions and hollows."""

from __future__ import annotations

import numpy as np

from ho_detect.image.grid import Grid
from ho_detect.simulation.fields import Box, Field, axes_of, box_of, coarse_grid, refine
from ho_detect.simulation.shapes import FAR, Shape, smooth_min

_COARSE_STEP_MM = 4.0


def render(shape: Shape, grid: Grid, *, margin_mm: float = FAR) -> tuple[Box, Field]:
    """Evaluate a shape on the part of an axial grid near it.

    Returns
    -------
    box
        The part; possibly empty.
    field
        Signed distance there, mm.
    """
    box = box_of(grid, shape.bounds, margin_mm)
    x, y, z = axes_of(grid, box)
    size = (z.shape[0], y.shape[1], x.shape[2])
    if 0 in size:
        return box, np.empty(size, np.float32)
    step = _COARSE_STEP_MM
    if np.prod(size) < 20_000 or max(grid.spacing_mm) > step / 1.5:
        points = np.stack([np.broadcast_to(a, size).ravel() for a in (x, y, z)], axis=1)
        return box, shape.distance(points).astype(np.float32).reshape(size)
    # far from the surface, inside and out, an interpolated distance is good enough
    fine = grid.crop(box)
    coarse = coarse_grid(fine, step)
    whole = (slice(None), slice(None), slice(None))
    points = np.stack([a.ravel() for a in np.broadcast_arrays(*axes_of(coarse, whole))], axis=1)
    field = refine(shape.distance(points).astype(np.float32).reshape(coarse.shape), coarse, fine)
    near = np.nonzero(np.abs(field) < step)
    field[near] = shape.distance(np.stack([a.ravel()[i] for a, i in zip((x, y, z), near[::-1], strict=True)], axis=1))
    return box, field


def union(shapes: tuple[Shape, ...], grid: Grid, blend_mm: float) -> Field:
    """Render the smooth union of shapes on the whole grid, :data:`FAR` where none is near."""
    out = np.full(grid.shape, FAR, np.float32)
    for shape in shapes:
        box, distance = render(shape, grid)
        if distance.size:
            out[box] = smooth_min(out[box], distance, blend_mm)
    return out


def carve(field: Field, shape: Shape, grid: Grid, blend_mm: float = 0.0) -> None:
    """Take a shape out of a field, in place, with an edge rounded over ``blend_mm``."""
    box, distance = render(shape, grid)
    if distance.size:
        field[box] = -smooth_min(-field[box], distance, blend_mm)
