"""Planes through a CT, and its coronal projection, laid out as a radiologist expects them.

Axial: anterior at the top. Coronal and sagittal: superior at the top. The patient's left is on the right;
in a sagittal plane anterior is on the left. Voxels are shown where they are: nothing is resampled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.detection.grade.hip import Hip
from ho_detect.image.grid import FloatArray, Grid

Plane = Literal["axial", "coronal", "sagittal"]

#: For each plane the axis of the canonical array (superior, posterior, left) that is crossed, that runs down
#: (-1: upwards) and that runs right.
_LAYOUT: dict[Plane, tuple[int, tuple[int, int], int]] = {
    "axial": (0, (1, 1), 2),
    "coronal": (1, (0, -1), 2),
    "sagittal": (2, (0, -1), 1),
}
#: What a projection shows around the joints: depth, height and width beyond the head centers.
_DEPTH_MM, _HEIGHT_MM, _WIDTH_MM = 75.0, 135.0, 105.0


@dataclass(frozen=True, eq=False)
class View:
    """A picture of a plane or a projection.

    Parameters
    ----------
    hu
        (row, column) HU, row 0 at the top.
    labels
        (row, column) lesion ids.
    spacing_mm
        Distances of rows and columns, mm.
    letters
        Patient directions at the left, right, top and bottom edge.
    is_projection
        Whether depth is lost: distances from the plane then do not count.
    grid
        The canonical grid that it is cut out of.
    plane
        How it lies in it.
    """

    hu: NDArray[np.int16]
    labels: NDArray[np.uint16]
    spacing_mm: tuple[float, float]
    letters: tuple[str, str, str, str]
    is_projection: bool
    grid: Grid
    plane: Plane
    _index: float

    @property
    def index(self) -> int | None:
        """Which plane of the canonical grid it is, counted across; None for a projection."""
        return None if self.is_projection else round(self._index)

    @property
    def across(self) -> int:
        """The axis of the canonical grid that is crossed."""
        return _LAYOUT[self.plane][0]

    def lay(self, flat: NDArray[Any]) -> NDArray[Any]:
        """Lay a plane of the canonical grid, the crossed axis left out, as the picture is laid out."""
        return flat[:: _LAYOUT[self.plane][1][1]]

    @property
    def extent_mm(self) -> tuple[float, float, float, float]:
        """(left, right, bottom, top) edges in mm, the center of the upper left pixel at (0, 0), y down."""
        row, column = self.spacing_mm
        height, width = self.hu.shape
        return -column / 2, (width - 0.5) * column, (height - 0.5) * row, -row / 2

    def place(self, lps_mm: ArrayLike) -> tuple[float, float, float]:
        """Return where a point is on the picture: mm right, mm down, and mm from the plane."""
        across, (down, sign), right = _LAYOUT[self.plane]
        index = self.grid.to_index(lps_mm)
        spacing = self.grid.spacing_mm
        row = index[down] if sign > 0 else self.grid.shape[down] - 1 - index[down]
        depth = abs(index[across] - self._index) * spacing[across]
        return float(index[right] * spacing[right]), float(row * spacing[down]), float(depth)

    def points(self, rows: slice, columns: slice) -> FloatArray:
        """Return the (row, column, 3) LPS mm of the pixels of a part of a plane."""
        across, (down, sign), right = _LAYOUT[self.plane]
        row, column = np.meshgrid(
            np.arange(rows.start, rows.stop), np.arange(columns.start, columns.stop), indexing="ij"
        )
        index = np.empty((*row.shape, 3))
        index[..., across] = self._index
        index[..., down] = row if sign > 0 else self.grid.shape[down] - 1 - row
        index[..., right] = column
        return self.grid.to_lps(index)

    def circle(self, hip: Hip) -> tuple[float, float, float]:
        """Return the fitted femoral head as the picture cuts it: mm right, mm down, radius mm; 0 where it does not."""
        if hip.center_lps_mm is None or hip.head_radius_mm is None:
            return 0.0, 0.0, 0.0
        x, y, depth = self.place(hip.center_lps_mm)
        depth = 0.0 if self.is_projection else depth
        return x, y, math.sqrt(max(hip.head_radius_mm**2 - depth**2, 0.0))


def plane_through(volume: HuVolume, labels: NDArray[np.uint16], plane: Plane, point_lps_mm: ArrayLike) -> View:
    """Return the plane of voxels nearest to a point.

    Parameters
    ----------
    volume
        On any grid.
    labels
        (slice, row, column) on the same grid.
    plane
        Of the scan: in an oblique scan its planes are as oblique, and the letters say so.
    point_lps_mm
        LPS mm; a point beyond the volume gives its outermost plane.
    """
    hu, marks, grid = _canonical(volume, labels)
    across = _LAYOUT[plane][0]
    index = int(np.clip(np.rint(grid.to_index(point_lps_mm)[across]), 0, grid.shape[across] - 1))
    return _view(hu.take(index, axis=across), marks.take(index, axis=across), grid, plane, index)


def coronal_projection(volume: HuVolume, labels: NDArray[np.uint16], centers_lps_mm: Sequence[ArrayLike]) -> View:
    """Return the coronal maximum intensity projection of the region around the joints, and the label along that axis.

    Parameters
    ----------
    volume
        On any grid.
    labels
        (slice, row, column) on the same grid; lesions outside of the region in depth are shown too.
    centers_lps_mm
        Femoral head centers, LPS mm; without any the whole volume is projected.
    """
    hu, marks, grid = _canonical(volume, labels)
    box = region_around(grid, centers_lps_mm)
    hu, marks, grid = hu[box], marks[box[0], :, box[2]], grid.crop(box)
    return _view(hu.max(axis=1), marks.max(axis=1), grid, "coronal", None)


def _canonical(volume: HuVolume, labels: NDArray[np.uint16]) -> tuple[NDArray[Any], NDArray[Any], Grid]:
    return volume.grid.turned(volume.hu), volume.grid.turned(labels), volume.grid.to_canonical()[0]


def region_around(grid: Grid, centers_lps_mm: Sequence[ArrayLike]) -> tuple[slice, slice, slice]:
    """Return the part of a canonical grid around the joints that pictures show; all of it without a center."""
    if not len(centers_lps_mm):
        a, b, c = (slice(0, n) for n in grid.shape)
        return a, b, c
    index = np.array([grid.to_index(center) for center in centers_lps_mm])
    reach = np.array([_HEIGHT_MM, _DEPTH_MM, _WIDTH_MM]) / grid.spacing_mm
    low = np.clip(np.floor(index.min(axis=0) - reach), 0, np.array(grid.shape) - 1).astype(int)
    high = np.clip(np.ceil(index.max(axis=0) + reach) + 1, low + 1, grid.shape).astype(int)
    a, b, c = (slice(int(i), int(j)) for i, j in zip(low, high, strict=True))
    return a, b, c


def _view(hu: NDArray[Any], labels: NDArray[Any], grid: Grid, plane: Plane, index: int | None) -> View:
    _, (down, sign), right = _LAYOUT[plane]
    down_lps, right_lps = sign * grid.affine[:3, down], grid.affine[:3, right]
    return View(
        hu=hu[::sign],
        labels=labels[::sign],
        spacing_mm=(grid.spacing_mm[down], grid.spacing_mm[right]),
        letters=(direction(-right_lps), direction(right_lps), direction(-down_lps), direction(down_lps)),
        is_projection=index is None,
        grid=grid,
        plane=plane,
        _index=0.0 if index is None else float(index),
    )


def direction(lps: FloatArray) -> str:
    """Return the letters of a patient direction, the main one first.

    >>> direction(np.array([1.0, 0, 0])), direction(np.array([-0.9, -0.5, 0.1]))
    ('L', 'RA')
    """
    unit = np.asarray(lps, float) / np.linalg.norm(lps)
    # below 20 degrees of tilt one letter is what a reader expects
    parts = [(abs(v), letters[0] if v > 0 else letters[1]) for v, letters in zip(unit, ("LR", "PA", "SI"), strict=True)]
    return "".join(letter for size, letter in sorted(parts, reverse=True) if size > np.sin(np.radians(20)))
