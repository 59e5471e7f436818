"""Where the things lie that were detected and not counted: painted when a label map of them is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ho_detect.image.grid import Grid
from ho_detect.results.label_map import read_labels

if TYPE_CHECKING:
    from ho_detect.detection.detect import Judgement


@dataclass(frozen=True, eq=False)
class DetectedThings:
    """Voxels by number.

    Parameters
    ----------
    box
        Where the arrays that the things lie in are in the canonical volume.
    things
        Number, box in those arrays, and mask; the largest first.
    """

    box: tuple[slice, slice, slice]
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
        return cls(judgement.region.box, tuple((number, c.box, c.mask) for number, c in parts))

    def labels(self, grid: Grid) -> NDArray[np.uint16]:
        """Return (slice, row, column) on the grid of the series; where two overlap, the smaller one's number."""
        out = np.zeros(grid.to_canonical()[0].shape, np.uint16)
        near = out[self.box]
        for number, box, mask in self.things:
            near[box][mask] = number
        return np.ascontiguousarray(grid.from_canonical(out))


@dataclass(frozen=True)
class SavedThings:
    """The label map that was saved with a result."""

    path: Path

    def labels(self, grid: Grid) -> NDArray[np.uint16] | None:  # noqa: ARG002 - the saved map is on that grid
        """Return it; None where the result was saved without one, as before version 2.1 of the record.

        Raises
        ------
        UsageError
            It cannot be read.
        """
        return read_labels(self.path)[0] if self.path.is_file() else None


@dataclass(frozen=True)
class NoThings:
    """Of a result that was made without them."""

    def labels(self, grid: Grid) -> None:
        """Return none."""
