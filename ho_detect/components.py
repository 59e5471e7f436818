"""Threshold and connected components, with what each component measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ho_detect._kernels.components import count_runs, fill_runs, join_runs, paint_runs, run_statistics
from ho_detect.geometry import FloatArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Components:
    """Connected components of a thresholded volume, C of them, numbered by their first voxel.

    Parameters
    ----------
    count
        (C,) voxels.
    box
        (C, 6) first and last index along slice, row, column.
    centroid
        (C, 3) index.
    mean_hu, sd_hu, min_hu, max_hu
        (C,) HU.
    """

    shape: tuple[int, int, int]
    count: IntArray
    box: IntArray
    centroid: FloatArray
    mean_hu: FloatArray
    sd_hu: FloatArray
    min_hu: FloatArray
    max_hu: FloatArray
    _first: IntArray
    _start: IntArray
    _stop: IntArray
    _component: IntArray

    def __len__(self) -> int:
        return len(self.count)

    @property
    def touches_border(self) -> NDArray[np.bool_]:
        """(C,) whether a voxel lies on the border of the volume."""
        last = np.array(self.shape) - 1
        return np.asarray((self.box[:, ::2] == 0).any(axis=1) | (self.box[:, 1::2] == last).any(axis=1))

    def slices(self, number: int, margin: int = 0) -> tuple[slice, slice, slice]:
        """Return the box of one component, ``margin`` voxels wider, clipped to the volume."""
        low = np.maximum(self.box[number, ::2] - margin, 0)
        high = np.minimum(self.box[number, 1::2] + margin + 1, self.shape)
        a, b, c = (slice(int(i), int(j)) for i, j in zip(low, high, strict=True))
        return a, b, c

    def paint(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return a volume with ``values[c]`` in the voxels of component c, 0 elsewhere.

        Raises
        ------
        ValueError
            Not one value per component.
        """
        if values.shape != (len(self),):
            raise ValueError(f"values of shape {values.shape} for {len(self)} components")
        out = np.zeros(self.shape, values.dtype)
        paint_runs(self._first, self._start, self._stop, values, self._component, out)
        return out


def label_components(
    hu: NDArray[Any], low: float, region: NDArray[np.bool_] | None = None, connectivity: int = 26
) -> Components:
    """Find the connected components of ``hu >= low`` inside ``region``.

    Parameters
    ----------
    hu
        (slice, row, column), any number type and strides.
    region
        Same shape; None: everywhere.
    connectivity
        6, 18 or 26 neighbours.

    Raises
    ------
    ValueError
        Not three-dimensional, shapes differ, or no such connectivity.
    """
    if hu.ndim != 3 or (region is not None and region.shape != hu.shape):
        raise ValueError(f"volume of shape {hu.shape} with region {None if region is None else region.shape}")
    if connectivity not in (6, 18, 26):
        raise ValueError(f"connectivity {connectivity} is not 6, 18 or 26")
    mask = np.broadcast_to(np.uint8(1), hu.shape) if region is None else region.view(np.uint8)
    rows = hu.shape[0] * hu.shape[1]
    first = np.zeros(rows + 1, np.int64)
    count_runs(hu, mask, low, first[1:])
    np.cumsum(first, out=first)
    start, stop = np.empty(first[-1], np.int64), np.empty(first[-1], np.int64)
    fill_runs(hu, mask, low, first, start, stop)
    component = np.empty(first[-1], np.int64)
    n = join_runs(hu.shape, connectivity, first, start, stop, component)
    count, box = np.empty(n, np.int64), np.empty((n, 6), np.int64)
    index_sum, moments = np.empty((n, 3)), np.empty((n, 4))
    run_statistics(hu, first, start, stop, component, count, box, index_sum, moments)
    mean = moments[:, 0] / count
    variance = np.maximum(moments[:, 1] / count - mean**2, 0.0)
    return Components(
        hu.shape,
        count,
        box,
        index_sum / count[:, None],
        mean,
        np.sqrt(variance),
        moments[:, 2],
        moments[:, 3],
        first,
        start,
        stop,
        component,
    )
