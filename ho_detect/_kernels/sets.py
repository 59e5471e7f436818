"""Sets that are joined: union-find whose root is the first member, so that it does not matter what is joined first.

Not checked: ``parent`` holds of each member an earlier one of its set, or itself.
"""

from __future__ import annotations

from typing import Any

from ho_detect._kernels._jit import kernel


@kernel
def root(parent: Any, member: int) -> int:
    """Return the first member of a set, and shorten the way to it."""
    while parent[member] != member:
        parent[member] = parent[parent[member]]
        member = parent[member]
    return member


@kernel
def join(parent: Any, one: int, other: int) -> None:
    """Join the sets of two members."""
    if parent[one] != parent[other]:  # most are joined already
        u, v = root(parent, one), root(parent, other)
        parent[max(u, v)] = min(u, v)


@kernel
def number_sets(parent: Any) -> int:
    """Number sets 0, 1, ... in the order of their first members, and return how many there are.

    Parameters
    ----------
    parent
        (N,) int32: an earlier member of the same set, itself for the first, in; the number of the set out.
    """
    n = 0
    for r in range(parent.shape[0]):
        if parent[r] == r:
            parent[r] = -1 - n  # marks a first member, whose set has its number
            n += 1
        else:
            # an earlier member is numbered already
            parent[r] = parent[parent[r]]
    for r in range(parent.shape[0]):
        parent[r] = -1 - parent[r]
    return n
