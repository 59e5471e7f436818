"""What only neighbouring slices show: one that is out of scale, and scans that lie between each other's slices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ho_detect.errors import SeriesError, named
from ho_detect.image.grid import FloatArray

#: What is no air in two neighbouring slices differs by less in the median: in real CT the means of whole slices do by
#: up to 50 HU. Convention, far from it: a lost intercept makes 1000 HU of it, a lost slope of 2 some 500.
_LARGEST_JUMP_HU: Final = 300.0
#: Tissue, HU: denser than skin that a slice only grazes.
_TISSUE_HU: Final = -300.0
#: Two slices are compared where they share so much tissue; a slice that has hardly any of what its two neighbours share
#: is none of theirs.
_LEAST_SHARED, _HARDLY_ANY = 0.01, 0.05
#: In one scan a slice is more like the next than like those after it (in real CT by a factor of 1.4 at least); more
#: unlike by this factor, scans alternate.
_ALTERNATING: Final = 1.1
#: Of so many scans laid into each other.
_MOST_SCANS: Final = 4
#: Differences below this (HU) are of slices of one value, or nearly: they tell nothing.
_LEAST_DIFFERENCE_HU: Final = 1.0
#: About so many rows and columns of each slice are looked at.
_LOOKED_AT: Final = 64


def check_neighbours(hu: NDArray[np.int16], files: Sequence[Path]) -> None:
    """Check that ordered slices go on from one to the next as those of one scan do.

    Parameters
    ----------
    hu
        (slice, row, column) HU in the order of the stack; not changed.
    files
        (slice,) where each is from.

    Raises
    ------
    SeriesError
        not_hu: the values of a slice lie far from those of its neighbour; several_volumes: slices are more like
        those further on than like the next, as where scans of one place are laid into each other.
    """
    every = max(1, min(hu.shape[1:]) // _LOOKED_AT)
    sample = np.clip(hu[:, ::every, ::every], -1000, 2000).astype(np.float32)
    k = _out_of_scale(sample)
    if k is not None:
        means = sample.mean(axis=(1, 2), dtype=np.float64)
        raise SeriesError("not_hu", f"{named(files[k])}: {means[k]:.0f} HU in the mean, {_beside(means, k)} beside it")
    if len(hu) <= 2 * _MOST_SCANS:
        return
    differences = [_difference(sample, k) for k in range(1, _MOST_SCANS + 1)]
    nearest = int(np.argmin(differences))
    if differences[0] > _ALTERNATING * max(differences[nearest], _LEAST_DIFFERENCE_HU):
        raise SeriesError(
            "several_volumes",
            f"a slice differs by {differences[0]:.0f} HU from the next and by {differences[nearest]:.0f} HU "
            f"from the {('second', 'third', 'fourth')[nearest - 1]} after it, as of scans laid into each other",
        )


def _out_of_scale(sample: NDArray[np.float32]) -> int | None:
    """Return a slice of (n, rows, columns) out of scale, or blank beside tissue; None where there is none.

    What is compared is what two slices share: where a body ends the next slice is air, and in scale. A first or last
    slice whose tissue has become air, or that lost its slope, passes for one beyond the body or grazing its skin.
    """
    tissue = sample > _TISSUE_HU
    shared = tissue[1:] & tissue[:-1]
    far = shared & (np.abs(np.diff(sample, axis=0)) > _LARGEST_JUMP_HU)
    compared = shared.mean(axis=(1, 2)) >= _LEAST_SHARED
    # without half of them so far no median is
    for k in np.flatnonzero(compared & (2 * far.sum(axis=(1, 2)) >= shared.sum(axis=(1, 2)))).tolist():
        if abs(float(np.median((sample[k + 1] - sample[k])[shared[k]]))) > _LARGEST_JUMP_HU:
            level = np.array([np.median(s[t]) if t.any() else np.nan for s, t in zip(sample, tissue, strict=True)])
            usual = float(np.nanmedian(level))
            return k if abs(level[k] - usual) > abs(level[k + 1] - usual) else k + 1
    beside = np.pad(tissue, ((1, 1), (0, 0), (0, 0)), constant_values=True)
    around = beside[:-2] & beside[2:]
    left = (tissue & around).sum(axis=(1, 2)) / np.maximum(around.sum(axis=(1, 2)), 1)
    left[[0, -1]] = 1.0  # with one neighbour none is told
    blank = (left < _HARDLY_ANY) | (np.ptp(sample, axis=(1, 2)) == 0.0)
    blank &= around.mean(axis=(1, 2)) >= _LEAST_SHARED
    return int(blank.argmax()) if blank.any() else None


def _beside(means: FloatArray, k: int) -> str:
    return " and ".join(f"{means[j]:.0f}" for j in (k - 1, k + 1) if 0 <= j < len(means))


def _difference(sample: NDArray[np.float32], distance: int) -> float:
    """Return how much slices (n, rows, columns) differ from those so much further on: the median over the stack, HU."""
    return float(np.median(abs(sample[distance:] - sample[:-distance]).mean(axis=(1, 2))))
