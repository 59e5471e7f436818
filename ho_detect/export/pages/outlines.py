"""Masks on a picture as SVG paths in millimetres."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["lesion", "undecided", "thing", "earlier", "grown", "shrunk"]


@dataclass(frozen=True)
class Outline:
    """One thing on a picture: an SVG path in mm, what is written beside it, and where."""

    id: int
    kind: Kind
    label: str
    colour: str
    path: str
    label_mm: tuple[float, float]


@dataclass(frozen=True)
class OnPicture:
    """Where the pixels of a part of a view lie: distances of rows and columns, and the middle of the first, mm."""

    spacing_mm: tuple[float, float]
    corner_mm: tuple[float, float]

    def path(self, mask: NDArray[np.bool_]) -> str:
        """Return the outline of a mask; empty where there is none."""
        from skimage.measure import find_contours

        (row_mm, column_mm), (x0, y0) = self.spacing_mm, self.corner_mm
        lines = []
        for contour in find_contours(np.pad(mask, 1).astype(np.float32), 0.5) if mask.any() else ():
            corners = _corners(contour[:-1])
            x, y = (corners[:, 1] - 1) * column_mm + x0, (corners[:, 0] - 1) * row_mm + y0
            lines.append("M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True)) + "Z")
        return "".join(lines)

    def label_at(self, mask: NDArray[np.bool_]) -> tuple[float, float]:
        """Return the uppermost place of a mask, mm."""
        rows, columns = np.nonzero(mask)
        (row_mm, column_mm), (x0, y0) = self.spacing_mm, self.corner_mm
        return float(columns[0] * column_mm + x0), float(rows[0] * row_mm + y0)


def _corners(loop: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the points of a closed line of (n, 2) points at which it turns."""
    before, after = loop - np.roll(loop, 1, axis=0), np.roll(loop, -1, axis=0) - loop
    return np.asarray(loop[np.abs(before - after).max(axis=1) > 0])


def numbers_on(labels: NDArray[np.uint16]) -> Iterable[tuple[int, NDArray[np.bool_]]]:
    """Yield each value of a label map but 0, and where it is."""
    for number in np.unique(labels[labels > 0]).tolist():
        yield number, labels == number
