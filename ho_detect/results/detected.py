"""Where the things lie that were detected and not counted: painted when a label map of them is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from ho_detect.image.grid import Grid
from ho_detect.results.label_map import read_labels

if TYPE_CHECKING:
    from ho_detect.detection.detect import Judgement

Label = TypeVar("Label", np.uint8, np.uint16)


@dataclass(frozen=True, eq=False)
class DetectedThings:
    """Voxels by number.

    Parameters
    ----------
    grid
        Of the arrays that the things lie in: a part of the canonical volume.
    things
        Number, box in those arrays, and mask; the largest first.
    """

    grid: Grid
    things: tuple[tuple[int, tuple[slice, slice, slice], NDArray[np.bool_]], ...]

    @classmethod
    def of(cls, judgement: Judgement) -> DetectedThings:
        """Return those of a judgement, numbered as readers see them."""
        from ho_detect.detection.detect import candidate_of
        from ho_detect.detection.judge.excluded import numbered

        parts = [
            (shown.number or 0, candidate_of(thing))
            for shown, thing in zip(numbered(judgement.excluded), judgement.things, strict=True)
        ]
        return cls(judgement.region.grid, tuple((number, c.box, c.mask) for number, c in parts))

    def labels(self, grid: Grid) -> NDArray[np.uint16]:
        """Return (slice, row, column) on the grid of the series or a part of it; where two overlap, the smaller one."""
        upright, _, _ = grid.to_canonical()
        out = np.zeros(upright.shape, np.uint16)
        offset = first_voxel(self.grid, upright)
        for number, box, mask in self.things:
            start = np.array([s.start for s in box]) + offset
            low, high = np.maximum(start, 0), np.minimum(start + mask.shape, upright.shape)
            if (low < high).all():
                here = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
                there = tuple(slice(a, b) for a, b in zip(low - start, high - start, strict=True))
                out[here][mask[there]] = number
        return np.ascontiguousarray(grid.from_canonical(out))


def first_voxel(part: Grid, whole: Grid) -> NDArray[np.int64]:
    """Return the (3,) index at which a grid begins in another one with the same voxels and axes."""
    return np.rint(whole.to_index(part.origin_lps_mm)).astype(np.int64)


def cut_out(labels: NDArray[Label], whole: Grid, part: Grid) -> NDArray[Label]:
    """Return a label map on the grid of a series, on a part of that grid, in its own order or the canonical one."""
    cut = part.to_canonical()[0]
    start = first_voxel(cut, whole.to_canonical()[0])
    z, y, x = (slice(int(a), int(a) + n) for a, n in zip(start, cut.shape, strict=True))
    return part.from_canonical(whole.turned(labels)[z, y, x])


@dataclass(frozen=True)
class SavedThings:
    """The label map that was saved with a result."""

    path: Path

    def labels(self, grid: Grid) -> NDArray[np.uint16] | None:
        """Return it, on a grid as in :func:`cut_out`; None where the result was saved without, as before version 2.1.

        Raises
        ------
        UsageError
            It cannot be read.
        """
        return None if self._saved is None else cut_out(*self._saved, grid).copy()

    @cached_property
    def _saved(self) -> tuple[NDArray[np.uint16], Grid] | None:
        return read_labels(self.path) if self.path.is_file() else None


@dataclass(frozen=True)
class NoThings:
    """Of a result that was made without them."""

    def labels(self, grid: Grid) -> None:
        """Return none."""
