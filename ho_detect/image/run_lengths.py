"""Threshold a volume to runs of voxels, a slab of slices at a time: memory is read once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from ho_detect._kernels.components import component_statistics, join_runs, join_slabs, merge_statistics
from ho_detect._kernels.run_lengths import WORD, count_runs, fill_runs
from ho_detect._kernels.sets import number_sets
from ho_detect.image.grid import FloatArray
from ho_detect.system.parallel import in_parallel

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
#: A volume is worked on in slabs that stay in the processor's cache from its first step to its last, but in a few at
#: least; the same ones for any number of threads.
_SLAB_BYTES, _SLABS = 2**23, 4


class Volume(Protocol):
    """What can be thresholded: an array, or what is worked out where it is indexed."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(Z, Y, X)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the arrays that indexing returns."""

    def __getitem__(self, slices: slice, /) -> NDArray[Any]:
        """Return those slices."""


@dataclass(frozen=True, eq=False)
class Runs:
    """Runs of voxels along the rows of a volume, R of them, and the component that each belongs to.

    Parameters
    ----------
    first
        (rows + 1,) number of the first run of each row.
    start, stop
        (R,) first column, and the one after the last.
    component
        (R,) number.
    """

    first: IntArray
    start: NDArray[np.int32]
    stop: NDArray[np.int32]
    component: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Measures:
    """What components measure, C of them, numbered by their first voxel; sums of indices and of HU.

    Parameters
    ----------
    count
        (C,) int64 voxels.
    box
        (C, 6) int64 first and last index along slice, row, column.
    index_sum
        (C, 3) float64 sums of the indices.
    moments
        (C, 4) float64 sum and sum of squares of HU, smallest, largest.
    """

    count: IntArray
    box: IntArray
    index_sum: FloatArray
    moments: FloatArray

    @classmethod
    def of(cls, n: int) -> Self:
        """Return room for ``n`` components."""
        return cls(np.empty(n, np.int64), np.empty((n, 6), np.int64), np.empty((n, 3)), np.empty((n, 4)))

    @property
    def arrays(self) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
        """All of them."""
        return self.count, self.box, self.index_sum, self.moments


def measured_runs(hu: Volume, low: float, region: BoolArray | None, connectivity: int) -> tuple[Runs, Measures]:
    """Find the runs of ``hu >= low`` inside ``region``, their components, and what these measure.

    Parameters
    ----------
    hu, region, connectivity
        As for :func:`ho_detect.image.components.label_components`, which checks them.
    """
    nz, ny, nx = hu.shape
    first = np.zeros(nz * ny + 1, np.int64)
    threshold = _of_type(low, hu.dtype)
    if threshold is None or nz * ny * nx == 0:
        nothing = np.empty(0, np.int32)
        return Runs(first, nothing, nothing, nothing), Measures.of(0)
    n_slabs = min(nz, max(_SLABS, -(-nz * ny * nx * hu.dtype.itemsize // _SLAB_BYTES)))
    bounds = np.arange(n_slabs + 1) * nz // n_slabs
    inside = None if region is None else region.view(np.uint8)

    def slab(k: int, end: int) -> tuple[Runs, Measures]:
        return _measured_slab(hu[k:end], int(k), threshold, None if inside is None else inside[k:end], connectivity)

    runs, measures = zip(*in_parallel(slab, bounds[:-1], bounds[1:]), strict=True)
    n_runs = np.cumsum([0, *(len(of_slab.start) for of_slab in runs)])
    n_parts = np.cumsum([0, *(len(of_slab.count) for of_slab in measures)])
    for k, of_slab, n in zip(bounds, runs, n_runs, strict=False):
        first[k * ny + 1 : k * ny + len(of_slab.first)] = of_slab.first[1:] + n
    start, stop = (np.concatenate([getattr(of_slab, name) for of_slab in runs]) for name in ("start", "stop"))
    part = np.concatenate([s.component + np.int32(n) for s, n in zip(runs, n_parts, strict=False)])
    number = np.empty(n_parts[-1], np.int32)
    join_slabs(ny, connectivity, bounds[1:-1], first, start, stop, part, number)
    whole = Measures.of(number_sets(number))
    parts = zip(*(of_slab.arrays for of_slab in measures), strict=True)
    count, box, index_sum, moments = (np.concatenate(field) for field in parts)
    merge_statistics(number, (count, box, index_sum, moments), *whole.arrays)
    return Runs(first, start, stop, number[part]), whole


def _measured_slab(
    hu: NDArray[Any], lowest: int, low: np.generic, inside: NDArray[np.uint8] | None, connectivity: int
) -> tuple[Runs, Measures]:
    """Return runs and components of a slab whose first slice is number ``lowest``."""
    rows, ny = hu.shape[0] * hu.shape[1], hu.shape[1]
    first, words = np.zeros(rows + 1, np.int64), np.empty((rows, -(-hu.shape[2] // WORD)), np.uint64)
    count_runs(hu, low, _lowest(hu.dtype), inside, words, first[1:])
    np.cumsum(first, out=first)
    start, stop, component = (np.empty(first[-1], np.int32) for _ in range(3))
    fill_runs(hu.shape[2], words, first, start, stop)
    join_runs(ny, connectivity, first, start, stop, component)
    measures = Measures.of(number_sets(component))
    component_statistics(hu, zero_to_sum(hu.dtype), lowest, first, start, stop, component, *measures.arrays)
    return Runs(first, start, stop, component), measures


def spans_of(box: slice | tuple[slice, ...], shape: tuple[int, ...]) -> tuple[slice, ...]:
    """Return what ``array[box]`` holds of an array of that shape, one slice with both ends along each axis."""
    asked = box if isinstance(box, tuple) else (box,)
    spans = (s.indices(n) for s, n in zip((*asked, *(slice(None),) * (len(shape) - len(asked))), shape, strict=True))
    return tuple(slice(start, max(start, stop)) for start, stop, _ in spans)


def zero_to_sum(dtype: np.dtype[Any]) -> np.generic:
    """Return a zero of the type to sum squares of a row in: whole numbers are faster, where they cannot overflow."""
    return np.int64(0) if dtype.kind in "iu" and dtype.itemsize <= 2 else np.float64(0.0)


def _lowest(dtype: np.dtype[Any]) -> np.generic:
    lowest: np.generic = dtype.type(-np.inf if dtype.kind == "f" else np.iinfo(dtype).min)
    return lowest


def _of_type(low: float, dtype: np.dtype[Any]) -> np.generic | None:
    """Return the lowest value of a type that is not below ``low``; None where there is none."""
    typed: np.generic
    if dtype.kind == "f":
        # the lowest of the type that is not below: rounded to nearest it could be
        typed = dtype.type(low)
        return dtype.type(np.nextafter(typed, dtype.type(np.inf))) if float(typed) < low else typed
    limits = np.iinfo(dtype)
    least = int(np.ceil(np.clip(low, float(limits.min), float(limits.max) + 1.0)))
    typed = dtype.type(min(least, limits.max))
    return typed if least <= limits.max else None
