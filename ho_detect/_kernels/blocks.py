"""Union-find over blocks of 2 x 2 rows: with 26 neighbours, what their rows hold together along x is joined.

Of 2 rows of 2 slices any voxels in one column, or in columns side by side, are neighbours. So runs of what the four
rows hold together are joined sets, a third as many as there are runs, and blocks meet their neighbours at their outer
rows alone: one comparison a row instead of four, and 64 voxels at a time.

Not checked: as in :mod:`ho_detect._kernels.components`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ho_detect._kernels._jit import kernel
from ho_detect._kernels.run_lengths import WORD, bits
from ho_detect._kernels.sets import join, root

_ZERO, _ONE, _TOP = np.uint64(0), np.uint64(1), np.uint64(WORD - 1)


@kernel
def _held(words: Any, row: int, other: int, w: int) -> Any:
    """Return word ``w`` of what two rows hold together; a row below 0 holds nothing."""
    held = words[row, w] if row >= 0 else _ZERO
    return held | words[other, w] if other >= 0 else held


@kernel
def _last(begins: Any, number: Any, layer: int, j: int, w: int, until: Any) -> int:
    """Return the number of the last run of a block that begins at one of the voxels ``until`` of a word, or before."""
    return int(number[layer, j, w] + bits(begins[layer, j, w] & until) - 1)


@kernel
def _meet(words: Any, near: Any, far: Any, begins: Any, number: Any, here: Any, there: Any, parent: Any) -> None:
    """Join the runs of two blocks that touch.

    Parameters
    ----------
    near, far
        The rows of each along which they lie side by side, -1 for none.
    begins, number
        (2, blocks, W) uint64 first voxels of the runs of blocks, int32 number of the first run that begins in a word.
    here, there
        Place of each block in these.
    """
    if (near[0] < 0 and near[1] < 0) or (far[0] < 0 and far[1] < 0):
        return
    # of the word before: whether its last voxel is in both, in the one, in the other
    covered = side = far_side = _ZERO
    for w in range(words.shape[1]):
        a, b = _held(words, near[0], near[1], w), _held(words, far[0], far[1], w)
        if a | side == _ZERO or b | far_side == _ZERO:  # most words
            covered, side, far_side = _ZERO, a >> _TOP, b >> _TOP
            continue
        both = a & b
        # one voxel for each stretch that they share
        left = both & ~(both << _ONE | covered)
        while left != _ZERO:
            until = left ^ (left - _ONE)
            left &= left - _ONE
            one = _last(begins, number, here[0], here[1], w, until)
            join(parent, one, _last(begins, number, there[0], there[1], w, until))
        # where the one ends right before the other begins
        left = (a << _ONE | side) & ~a & b & ~(b << _ONE | far_side)
        while left != _ZERO:
            until = left ^ (left - _ONE)
            left &= left - _ONE
            one = _last(begins, number, here[0], here[1], w, until >> _ONE)
            join(parent, one, _last(begins, number, there[0], there[1], w, until))
        left = (b << _ONE | far_side) & ~b & a & ~(a << _ONE | side)
        while left != _ZERO:
            until = left ^ (left - _ONE)
            left &= left - _ONE
            one = _last(begins, number, here[0], here[1], w, until)
            join(parent, one, _last(begins, number, there[0], there[1], w, until >> _ONE))
        covered, side, far_side = both >> _TOP, a >> _TOP, b >> _TOP


@kernel
def _some(first: Any, row: int, inside: bool) -> int:
    """Return a row that has runs, -1 for one without or outside of the slab."""
    return row if inside and first[row] < first[row + 1] else -1


@kernel
def join_blocks(ny: int, words: Any, first: Any, start: Any, parent: Any) -> None:
    """Join the runs of a slab of whole slices that touch, 26 neighbours; to the same end as :func:`.join_runs`.

    Parameters
    ----------
    ny
        Rows of a slice.
    words
        (rows, W) uint64 of :func:`~ho_detect._kernels.run_lengths.count_runs`.
    parent
        (R,) int32 out: the first run of the same set.
    """
    nz, n_words = (first.shape[0] - 1) // max(ny, 1), words.shape[1]
    by = (ny + 1) // 2
    begins, number = np.empty((2, by, n_words), np.uint64), np.empty((2, by, n_words), np.int32)
    rows = np.full((2, by, 4), -1, np.int64)  # of each block, -1 for those without runs
    sets = np.empty(parent.shape[0], np.int32)  # union-find over the runs of blocks, of which there are no more
    n = 0
    for k in range((nz + 1) // 2):
        z, now, below = 2 * k, k % 2, (k + 1) % 2
        upper = z + 1 < nz
        for j in range(by):
            row, right = z * ny + 2 * j, 2 * j + 1 < ny
            a, b = _some(first, row, True), _some(first, row + 1, right)
            c, d = _some(first, row + ny, upper), _some(first, row + ny + 1, upper and right)
            rows[now, j, 0], rows[now, j, 1], rows[now, j, 2], rows[now, j, 3] = a, b, c, d
            if max(a, b, c, d) < 0:
                continue
            before = _ZERO
            for w in range(n_words):
                word = _held(words, a, b, w) | _held(words, c, d, w)
                begun = word & ~(word << _ONE | before)
                before = word >> _TOP
                begins[now, j, w] = begun
                number[now, j, w] = n
                for _ in range(bits(begun)):
                    sets[n] = n
                    n += 1
            for corner in range(4):
                own = rows[now, j, corner]
                for r in range(first[own], first[own + 1] if own >= 0 else first[own]):
                    w = start[r] // WORD
                    bit = _ONE << np.uint64(start[r] - WORD * w)
                    parent[r] = _last(begins, number, now, j, w, bit | (bit - _ONE))
            if j > 0:
                far = rows[now, j - 1, 1], rows[now, j - 1, 3]
                _meet(words, (a, c), far, begins, number, (now, j), (now, j - 1), sets)
            if k == 0:
                continue
            under = rows[below, j, 2], rows[below, j, 3]
            _meet(words, (a, b), under, begins, number, (now, j), (below, j), sets)
            if j > 0:
                _meet(words, (a, -1), (rows[below, j - 1, 3], -1), begins, number, (now, j), (below, j - 1), sets)
            if j + 1 < by:
                _meet(words, (b, -1), (rows[below, j + 1, 2], -1), begins, number, (now, j), (below, j + 1), sets)
    first_run = np.full(n, -1, np.int32)
    for r in range(parent.shape[0]):
        member = root(sets, parent[r])
        if first_run[member] < 0:
            first_run[member] = r
        parent[r] = first_run[member]
