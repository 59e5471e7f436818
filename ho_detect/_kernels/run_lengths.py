"""Runs of voxels along the rows of a volume: where they are, what they measure, and masks painted from them.

Not checked: arrays are three-dimensional and of one shape, ``low`` is of the type of ``hu``, output arrays have the
sizes stated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ho_detect._kernels._jit import kernel, parallel_kernel

#: Voxels of a row that one word holds, the first in its lowest bit.
WORD = 64
_ZERO, _ONE = np.uint64(0), np.uint64(1)


@kernel
def count_runs(hu: Any, low: Any, least: Any, region: Any, words: Any, n_runs: Any) -> None:
    """Count the runs of ``hu >= low`` in each row, and keep one bit of each voxel, so that memory is read once.

    Most rows have no bone: to see that takes no longer than to read them.

    Parameters
    ----------
    hu
        (Z, Y, X), any number type.
    least
        The lowest value of that type.
    region
        (Z, Y, X) uint8, 0 outside; or None.
    words
        (Z * Y, W) uint64 out: bit ``i`` of word ``w`` is set where voxel ``64 w + i`` of the row is inside. Rows
        without runs are not written.
    n_runs
        (Z * Y,) int64 out.
    """
    # with an index that might be negative, loops are not vectorised; a division for each row takes as long as the row
    ny, nx = np.uint64(hu.shape[1]), np.uint64(hu.shape[2])
    n_words = words.shape[1]
    flags = np.zeros(n_words * WORD, np.uint8)
    eights = flags.view(np.uint64)
    row = -1
    for k in range(np.uint64(hu.shape[0])):
        for j in range(ny):
            row += 1
            n_runs[row] = 0
            # beside bone there is bone mostly: then it is not asked first whether there is
            if j == 0 or n_runs[row - 1] == 0:
                most = least
                for i in range(nx):
                    x = hu[k, j, i]
                    most = x if x > most else most
                if most < low:
                    continue
            if region is None:
                for i in range(nx):
                    flags[i] = hu[k, j, i] >= low
            else:
                for i in range(nx):
                    flags[i] = (hu[k, j, i] >= low) & (region[k, j, i] != 0)
            before = _ZERO
            for w in range(n_words):
                word = _packed(eights, 8 * w)
                words[row, w] = word
                n_runs[row] += bits(word & ~(word << _ONE | before))
                before = word >> np.uint64(WORD - 1)


@kernel
def _packed(eights: Any, begin: int) -> Any:
    """Return the word of 64 bytes that are 0 or 1, given as 8 little-endian integers."""
    some = _ZERO
    for k in range(8):
        some |= eights[begin + k]
    word = _ZERO
    for k in range(8 if some != _ZERO else 0):
        x = eights[begin + k]
        # bits 0, 8, ... 56 are moved together: two, four, all eight
        x |= x >> np.uint64(7)
        x |= x >> np.uint64(14)
        x |= x >> np.uint64(28)
        word |= (x & np.uint64(255)) << np.uint64(8 * k)
    return word


@kernel
def bits(word: Any) -> int:
    """Count the set bits of a word by halves; compiled to one instruction where the processor has it."""
    word = word - (word >> _ONE & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + (word >> np.uint64(2) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    word += word >> np.uint64(8)
    word += word >> np.uint64(16)
    word += word >> np.uint64(32)
    return int(word & np.uint64(127))


@kernel
def fill_runs(nx: int, words: Any, first: Any, start: Any, stop: Any) -> None:
    """Write where each run starts and stops (half open).

    Parameters
    ----------
    nx
        Voxels of a row.
    words
        Of :func:`count_runs`.
    first
        (Z * Y + 1,) int64: number of the first run of each row.
    start, stop
        (R,) int32 out: columns.
    """
    for row in range(first.shape[0] - 1):
        r = first[row]
        if r == first[row + 1]:
            continue
        before = _ZERO
        for w in range(words.shape[1]):
            word = words[row, w]
            changes = word ^ (word << _ONE | before)
            while changes != _ZERO:
                below = (changes & (~changes + _ONE)) - _ONE  # the bits below the lowest change
                column = WORD * w + bits(below)
                changes &= changes - _ONE
                if before == _ZERO:
                    start[r] = column
                else:
                    stop[r] = column
                    r += 1
                before ^= _ONE
        if before != _ZERO:
            stop[r] = nx


@kernel
def range_in_runs(volume: Any, first: Any, start: Any, stop: Any, component: Any, found: Any) -> None:
    """Widen the range of each component by the values of its voxels in a volume.

    Parameters
    ----------
    volume
        (Z, Y, X), any number type.
    found
        (C, 2) of the same type, in and out: smallest and largest.
    """
    ny = volume.shape[1]
    for row in range(first.shape[0] - 1):
        if first[row] == first[row + 1]:
            continue
        values = volume[row // ny, row % ny]
        for r in range(first[row], first[row + 1]):
            least, most = found[component[r], 0], found[component[r], 1]
            for i in range(start[r], stop[r]):
                least, most = min(least, values[i]), max(most, values[i])
            found[component[r], 0], found[component[r], 1] = least, most


@parallel_kernel
def paint_values(
    begin: int, end: int, ny: int, corner: Any, first: Any, start: Any, stop: Any, at: Any, values: Any, out: Any
) -> None:
    """Write the values of the voxels of runs that lie in a box.

    Parameters
    ----------
    ny, corner, out
        As for :func:`paint_runs`.
    at
        (R,) int64: place in ``values`` of the first voxel of each run.
    values
        (V,) of the type of ``out``.
    """
    for line in range(begin, end):
        k, j = line // out.shape[1], line % out.shape[1]
        row = (corner[0] + k) * ny + corner[1] + j
        for r in range(first[row], first[row + 1]):
            shift = at[r] - start[r] + corner[2]
            for i in range(max(start[r] - corner[2], 0), min(stop[r] - corner[2], out.shape[2])):
                out[k, j, i] = values[shift + i]


@parallel_kernel
def put_in_runs(
    begin: int,
    end: int,
    ny: int,
    corner: Any,
    first: Any,
    start: Any,
    stop: Any,
    at: Any,
    mask: Any,
    value: int,
    values: Any,
) -> None:
    """Write ``value`` to the place in ``values`` of each voxel of runs that a mask, a box of the volume, holds.

    Parameters
    ----------
    ny, corner, at, values
        As for :func:`paint_values`.
    mask
        (Z, Y, X) uint8 the box, inside the volume.
    """
    for line in range(begin, end):
        k, j = line // mask.shape[1], line % mask.shape[1]
        row = (corner[0] + k) * ny + corner[1] + j
        for r in range(first[row], first[row + 1]):
            shift = at[r] - start[r] + corner[2]
            for i in range(max(start[r] - corner[2], 0), min(stop[r] - corner[2], mask.shape[2])):
                if mask[k, j, i] != 0:
                    values[shift + i] = value


@parallel_kernel
def paint_runs(
    begin: int, end: int, ny: int, corner: Any, first: Any, start: Any, stop: Any, value: Any, component: Any, out: Any
) -> None:
    """Write ``value[component]`` into the voxels of each run that lie in a box; 0 leaves them as they are.

    Parameters
    ----------
    ny
        Rows of a slice of the volume.
    corner
        First voxel (slice, row, column) of the box.
    value
        (C,) of the type of ``out``.
    out
        (Z, Y, X) the box, inside the volume.
    """
    for line in range(begin, end):
        k, j = line // out.shape[1], line % out.shape[1]
        row = (corner[0] + k) * ny + corner[1] + j
        for r in range(first[row], first[row + 1]):
            v = value[component[r]]
            if v != 0:
                for i in range(max(start[r] - corner[2], 0), min(stop[r] - corner[2], out.shape[2])):
                    out[k, j, i] = v
