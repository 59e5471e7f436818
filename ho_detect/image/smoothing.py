"""Gaussian smoothing of a volume, whole or where it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ho_detect._kernels.smoothing import smooth_slices
from ho_detect.image.lazy import LastBox, Spans
from ho_detect.image.run_lengths import spans_of
from ho_detect.system.parallel import in_parallel

#: Slices smoothed at a time: a part of a larger volume is copied so far, to be read at full speed.
_SLICES: Final = 32


@dataclass(frozen=True, eq=False)
class Smoothed:
    """A volume smoothed by Gaussians in whole HU, worked out where it is indexed: whole, it takes as much as the scan.

    Parameters
    ----------
    volume
        (Z, Y, X), any number type.
    sigmas
        Widths along its axes, voxels; 0 leaves an axis as it is.
    """

    volume: NDArray[Any]
    sigmas: Sequence[float]
    _last: LastBox[NDArray[np.int16]] = field(default_factory=LastBox)

    @property
    def shape(self) -> tuple[int, ...]:
        """(Z, Y, X)."""
        return self.volume.shape

    @property
    def dtype(self) -> np.dtype[np.int16]:
        """That of what it is indexed for."""
        return np.dtype(np.int16)

    def __getitem__(self, box: slice | tuple[slice, ...]) -> NDArray[np.int16]:
        """Return a box of it, not to be written to; a voxel is the same to the last bit in any box."""
        return self._last.get(spans_of(box, self.shape), self._worked_out)

    def _worked_out(self, spans: Spans) -> NDArray[np.int16]:
        smooth = _smoothed(self.volume, self.sigmas, spans)
        smooth.setflags(write=False)
        return smooth


def gaussian(volume: NDArray[Any], sigmas: Sequence[float]) -> NDArray[np.int16]:
    """Return a (Z, Y, X) volume smoothed by Gaussians of so many voxels along its axes; 0 leaves an axis as it is."""
    return _smoothed(volume, sigmas, spans_of(slice(None), volume.shape))


def _smoothed(volume: NDArray[Any], sigmas: Sequence[float], spans: Spans) -> NDArray[np.int16]:
    across, down, along = (gaussian_weights(sigma) if sigma else np.ones(1, np.float32) for sigma in sigmas)
    smooth = np.empty([s.stop - s.start for s in spans], np.int16)
    if smooth.size == 0:
        return smooth
    reach = [len(w) // 2 for w in (across, down, along)]
    around = tuple(slice(max(s.start - r, 0), s.stop + r) for s, r in zip(spans, reach, strict=True))
    rows, columns = (slice(s.start - a.start, s.stop - a.start) for s, a in zip(spans[1:], around[1:], strict=True))

    def slab(first: int) -> None:
        last = min(first + _SLICES, spans[0].stop)
        low = max(first - reach[0], 0)
        part = np.ascontiguousarray(volume[low : last + reach[0], around[1], around[2]])
        out = np.empty(part.shape, np.int16)
        smooth_slices(first - low, last - low, part, across, down, along, out)
        smooth[first - spans[0].start : last - spans[0].start] = out[first - low : last - low, rows, columns]

    in_parallel(slab, range(spans[0].start, spans[0].stop, _SLICES))
    return smooth


def gaussian_weights(sigma: float) -> NDArray[np.float32]:
    """Return the weights of a Gaussian of that many voxels, out to four of its widths, that sum to 1."""
    reach = int(np.ceil(4.0 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.asarray(weights / weights.sum(), np.float32)
