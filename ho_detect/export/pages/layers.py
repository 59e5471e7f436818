"""What is drawn over a plane besides lesions: native bone, what is not counted, metal and what it hides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ho_detect.errors import SeriesError, UsageError
from ho_detect.export.pictures.planes import View
from ho_detect.image.grid import Grid
from ho_detect.image.sides import Point
from ho_detect.results.result import Box, Result

#: The zone that metal hides is projected from about so coarse a grid, mm.
_COARSE_MM = 2.0


@dataclass(frozen=True, eq=False)
class Layers:
    """Label maps around all that a page draws, worked out once.

    Parameters
    ----------
    box
        The part of the canonical volume that they cover.
    bones
        (Z, Y, X) native bone in it; None where it is not known.
    missing
        Why native bone is not known; empty where it is.
    """

    result: Result
    box: Box
    bones: NDArray[np.uint8] | None
    missing: str = ""

    @classmethod
    def around(cls, result: Result, balls: Iterable[tuple[Point, float]]) -> Layers:
        """Return the layers around points, each with a radius in mm."""
        box = _around(result.grid.to_canonical()[0], balls)
        try:
            bones = result.native_bone_in(box)
        except (UsageError, SeriesError) as error:  # a saved result whose bones are not found again: its page says so
            return cls(result, box, None, error.message if isinstance(error, UsageError) else str(error))
        return cls(result, box, bones)

    def bones_in(self, box: Box) -> NDArray[np.uint8]:
        """Return native bone in a box of the canonical volume; nothing beyond what is covered, or where not known."""
        out = np.zeros(tuple(s.stop - s.start for s in box), np.uint8)
        return out if self.bones is None else _filled(out, box, self.bones, self.box)

    def bones_on(self, view: View) -> NDArray[np.bool_]:
        """Return (row, column) where a plane meets native bone."""
        return _flat(view, self.bones_in(_plane(view)) > 0)

    def things_on(self, view: View, numbers: frozenset[int]) -> NDArray[np.uint16]:
        """Return (row, column) those numbers of what is not counted, on a plane, or along a projection."""
        found = self.result.detected.labels(view.grid.crop(_plane(view))) if numbers else None
        if found is None:
            return np.zeros(view.hu.shape, np.uint16)
        wanted = np.zeros(int(found.max()) + 1, np.uint16)
        shown = [n for n in numbers if n < len(wanted)]
        wanted[shown] = shown
        return _flat(view, wanted[found])

    def hidden_on(self, view: View) -> tuple[NDArray[np.uint8], tuple[float, float]]:
        """Return (row, column) 0, hidden or metal on a plane or a projection, and the distance of rows and columns."""
        if self.result.record.metal is None:
            return np.zeros(view.hu.shape, np.uint8), view.spacing_mm
        if not view.is_projection:
            return _flat(view, self.result.hidden_in(_plane(view))), view.spacing_mm
        zone = self.result.metal.zone
        steps = [max(1, round(_COARSE_MM / mm)) for mm in view.grid.spacing_mm]
        affine = view.grid.affine.copy()
        affine[:3, :3] = affine[:3, :3] * steps
        # the last row is the first on the picture: the coarse grid ends there
        skipped = (view.grid.shape[0] - 1) % steps[0]
        affine[:3, 3] = view.grid.to_lps([skipped, 0, 0])
        shape = tuple(1 + (n - 1) // step for n, step in zip(view.grid.shape, steps, strict=True))
        coarse = Grid(shape, affine)  # type: ignore[arg-type]
        hidden = np.zeros(shape, np.uint8) if zone is None else zone.labels(coarse)
        return _flat(view, hidden), (view.spacing_mm[0] * steps[0], view.spacing_mm[1] * steps[2])


def _around(grid: Grid, balls: Iterable[tuple[Point, float]]) -> Box:
    boxes = [grid.box_around(point, radius) for point, radius in balls] or [(slice(0, 1), slice(0, 1), slice(0, 1))]
    z, y, x = (slice(min(b[a].start for b in boxes), max(b[a].stop for b in boxes)) for a in range(3))
    return z, y, x


def _plane(view: View) -> Box:
    """Return the box of a plane, or of a projection, in the grid that it was cut out of."""
    box = [slice(0, n) for n in view.grid.shape]
    if view.index is not None:
        box[view.across] = slice(view.index, view.index + 1)
    return box[0], box[1], box[2]


def _filled(out: NDArray[Any], box: Box, values: NDArray[Any], covered: Box) -> NDArray[Any]:
    low = [max(b.start, c.start) for b, c in zip(box, covered, strict=True)]
    high = [min(b.stop, c.stop) for b, c in zip(box, covered, strict=True)]
    if all(a < b for a, b in zip(low, high, strict=True)):
        here = tuple(slice(a - b.start, z - b.start) for a, z, b in zip(low, high, box, strict=True))
        there = tuple(slice(a - c.start, z - c.start) for a, z, c in zip(low, high, covered, strict=True))
        out[here] = values[there]
    return out


def _flat(view: View, values: NDArray[Any]) -> NDArray[Any]:
    return view.lay(values.max(axis=view.across))
