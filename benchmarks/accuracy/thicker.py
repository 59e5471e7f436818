"""A study as it might have been: with slices twice as thick."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from labels import Truth
from numpy.typing import NDArray

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.image.grid import Grid


def thicker(volume: HuVolume, truth: Truth) -> tuple[HuVolume, Truth]:
    """Return a canonical study whose slices are the mean of two, and its truth: what is in either of them."""
    canonical = volume.canonical()
    n = canonical.hu.shape[0] // 2 * 2
    pairs = canonical.hu[:n].astype(np.float32).reshape(n // 2, 2, *canonical.hu.shape[1:])
    affine = canonical.grid.affine.copy()
    affine[:3, 3] += 0.5 * affine[:3, 0]
    affine[:3, 0] *= 2
    hu = np.round(pairs.mean(axis=1)).astype(np.int16)
    grid = Grid(hu.shape, affine)
    thick = replace(canonical, hu=hu, grid=grid, source=None)
    return thick, Truth(
        grid,
        _either(truth.lesions, n),
        None if truth.native is None else _either(truth.native, n),
        None if truth.mimic is None else _either(truth.mimic, n),
        None if truth.near_metal is None else _either(truth.near_metal, n),
        truth.known,
    )


def _either(labels: NDArray[Any], n: int) -> NDArray[Any]:
    return np.maximum(labels[0:n:2], labels[1:n:2])
