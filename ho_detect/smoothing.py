"""Gaussian smoothing of a volume."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ho_detect._kernels._jit import in_parallel
from ho_detect._kernels.smoothing import smooth_slices

#: Slices smoothed at a time: a part of a larger volume is copied so far, to be read at full speed.
_SLICES = 32


def gaussian(volume: NDArray[Any], sigmas: Sequence[float]) -> NDArray[np.int16]:
    """Return a (Z, Y, X) volume smoothed by Gaussians of so many voxels along its axes; 0 leaves an axis as it is.

    In whole HU, so that it takes no more room than a scan.
    """
    across, down, along = (gaussian_weights(sigma) if sigma else np.ones(1, np.float32) for sigma in sigmas)
    smooth = np.empty(volume.shape, np.int16)
    reach = len(across) // 2

    def slab(first: int) -> None:
        last = min(first + _SLICES, len(volume))
        low, high = max(first - reach, 0), last + reach
        part = np.ascontiguousarray(volume[low:high])
        smooth_slices(first - low, last - low, part, across, down, along, smooth[low:high])

    in_parallel(slab, range(0, len(volume), _SLICES))
    return smooth


def gaussian_weights(sigma: float) -> NDArray[np.float32]:
    """Return the weights of a Gaussian of that many voxels, out to four of its widths, that sum to 1."""
    reach = int(np.ceil(4.0 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.asarray(weights / weights.sum(), np.float32)
