"""Threshold and connected components, with what each component measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ho_detect._kernels.components import histograms
from ho_detect._kernels.run_lengths import paint_runs, range_in_runs
from ho_detect.image.grid import FloatArray
from ho_detect.image.run_lengths import BoolArray, IntArray, Measures, Runs, Volume, measured_runs, spans_of

Box = tuple[slice, slice, slice]


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
    runs: Runs

    def __len__(self) -> int:
        return len(self.count)

    @property
    def touches_border(self) -> BoolArray:
        """(C,) whether a voxel lies on the border of the volume."""
        last = np.array(self.shape) - 1
        return np.asarray((self.box[:, ::2] == 0).any(axis=1) | (self.box[:, 1::2] == last).any(axis=1))

    def slices(self, number: int, margin: int | Sequence[int] = 0) -> Box:
        """Return the box of one component, ``margin`` voxels wider (along each axis), clipped to the volume."""
        low = np.maximum(self.box[number, ::2] - margin, 0)
        high = np.minimum(self.box[number, 1::2] + margin + 1, self.shape)
        a, b, c = (slice(int(i), int(j)) for i, j in zip(low, high, strict=True))
        return a, b, c

    def paint(self, values: NDArray[Any], box: Box | None = None) -> NDArray[Any]:
        """Return a volume, or a box of it, with ``values[c]`` in the voxels of component c, 0 elsewhere.

        Raises
        ------
        ValueError
            Not one value per component.
        """
        spans = spans_of(slice(None) if box is None else box, self.shape)
        out = np.zeros([s.stop - s.start for s in spans], values.dtype)
        self.paint_onto(out, values, np.array([s.start for s in spans]))
        return out

    def paint_onto(self, out: NDArray[Any], values: NDArray[Any], corner: NDArray[Any] | None = None) -> None:
        """Write ``values[c]`` into the voxels of component c; what has the value 0 stays as it is.

        Parameters
        ----------
        out
            The volume, or the box of it that begins at ``corner``.

        Raises
        ------
        ValueError
            Not one value per component, or of another type than ``out``.
        """
        if values.shape != (len(self),) or values.dtype != out.dtype:
            raise ValueError(f"{values.dtype} values of shape {values.shape} for {len(self)} components on {out.dtype}")
        corner = np.zeros(3, np.int64) if corner is None else np.asarray(corner, np.int64)
        runs = self.runs
        rows = out.shape[0] * out.shape[1]
        paint_runs(rows, self.shape[1], corner, runs.first, runs.start, runs.stop, values, runs.component, out)

    def meet(self, mask: BoolArray) -> BoolArray:
        """Return (C,) whether a voxel of the component lies in a mask of the volume's shape."""
        return np.asarray(self.range_of(mask.view(np.uint8))[:, 1] != 0)

    def range_of(self, volume: NDArray[Any]) -> NDArray[Any]:
        """Return (C, 2) smallest and largest value of another volume of the same shape in each component."""
        found = np.empty((len(self), 2), volume.dtype)
        whole = volume.dtype.kind in "iu"
        limits = np.iinfo(volume.dtype) if whole else np.finfo(volume.dtype)
        found[:, 0], found[:, 1] = limits.max, limits.min
        runs = self.runs
        range_in_runs(volume, runs.first, runs.start, runs.stop, runs.component, found)
        return found

    def first_voxel(self, number: int) -> tuple[int, int, int]:
        """Return the index (slice, row, column) of the first voxel of a component."""
        run = int(np.argmax(self.runs.component == number))
        row = int(np.searchsorted(self.runs.first, run, side="right")) - 1
        return row // self.shape[1], row % self.shape[1], int(self.runs.start[run])

    def at(self, voxel: tuple[int, int, int]) -> int | None:
        """Return the number of the component that a voxel belongs to, None for none."""
        row = voxel[0] * self.shape[1] + voxel[1]
        here = slice(self.runs.first[row], self.runs.first[row + 1])
        inside = (self.runs.start[here] <= voxel[2]) & (voxel[2] < self.runs.stop[here])
        return int(self.runs.component[here][inside][0]) if inside.any() else None

    def select(self, keep: BoolArray) -> Components:
        """Return only some of the components, (C,) bool, numbered anew in the same order."""
        runs = self.runs
        kept = keep[runs.component]
        first = np.concatenate([[0], np.cumsum(kept)])[runs.first]
        number = (np.cumsum(keep) - 1).astype(np.int32)
        fields = ("count", "box", "centroid", "mean_hu", "sd_hu", "min_hu", "max_hu")
        return replace(
            self,
            **{name: getattr(self, name)[keep] for name in fields},
            runs=Runs(first, runs.start[kept], runs.stop[kept], number[runs.component[kept]]),
        )

    def percentiles(self, hu: NDArray[Any], q: FloatArray, step: float = 1.0) -> FloatArray:
        """Return percentiles of each component's HU from its histogram.

        Parameters
        ----------
        hu
            The volume that was labelled.
        q
            (Q,) percent.
        step
            Width of a bin, HU.

        Returns
        -------
        (C, Q): the lower end of the bin that holds the value of that rank; for whole HU and steps of 1 that value.
        """
        if len(self) == 0:
            return np.empty((0, len(q)))
        lowest = float(self.min_hu.min())
        bins = np.empty((len(self), int((float(self.max_hu.max()) - lowest) / step) + 1), np.int64)
        runs = self.runs
        histograms(hu, runs.first, runs.start, runs.stop, runs.component, lowest, step, bins)
        rank = np.floor(np.asarray(q, float) / 100.0 * (self.count[:, None] - 1))
        place = [np.searchsorted(total, r, side="right") for total, r in zip(bins.cumsum(axis=1), rank, strict=True)]
        return np.asarray(lowest + step * np.array(place), np.float64)


def label_components(
    hu: Volume,
    low: float,
    region: BoolArray | None = None,
    connectivity: int = 26,
    high: float | None = None,
) -> Components:
    """Find the connected components of ``hu >= low`` inside ``region``.

    Parameters
    ----------
    hu
        (slice, row, column), any number type and strides; or what is worked out where it is indexed.
    region
        Same shape; None: everywhere.
    connectivity
        6, 18 or 26 neighbours.
    high
        Only components that reach this somewhere (hysteresis); None: all.

    Raises
    ------
    ValueError
        Not three-dimensional, shapes differ, or no such connectivity.
    """
    if len(hu.shape) != 3 or (region is not None and region.shape != hu.shape):
        raise ValueError(f"volume of shape {hu.shape} with region {None if region is None else region.shape}")
    if connectivity not in (6, 18, 26):
        raise ValueError(f"connectivity {connectivity} is not 6, 18 or 26")
    if isinstance(hu, np.ndarray) and hu.dtype == np.bool_:
        hu = hu.view(np.uint8)
    components = _described(hu.shape, *measured_runs(hu, low, region, connectivity))
    return components if high is None else components.select(components.max_hu >= high)


def holes_filled(mask: BoolArray) -> BoolArray:
    """Return a mask with what it encloses: what is not joined by faces with the border of the array."""
    outside = label_components(~mask, 1.0, connectivity=6)
    filled = mask.copy()
    outside.paint_onto(filled, ~outside.touches_border)
    return filled


def joined_with(seeds: BoolArray, mask: BoolArray, connectivity: int = 26) -> BoolArray:
    """Return the parts of a mask that hold a voxel of ``seeds``."""
    parts = label_components(mask, 1.0, connectivity=connectivity)
    return parts.paint(parts.meet(seeds))


def _described(shape: tuple[int, ...], runs: Runs, measures: Measures) -> Components:
    count, box, index_sum, moments = measures.arrays
    mean = moments[:, 0] / count
    variance = np.maximum(moments[:, 1] / count - mean**2, 0.0)
    nz, ny, nx = shape
    return Components(
        (nz, ny, nx),
        count,
        box,
        index_sum / count[:, None],
        mean,
        np.sqrt(variance),
        moments[:, 2],
        moments[:, 3],
        runs,
    )
