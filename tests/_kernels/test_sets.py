"""Joined sets are those of their members, whatever is joined first, and are numbered by their first members."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ho_detect._kernels.sets import join, number_sets, root

PAIRS = st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=40)


def joined(pairs):
    parent = np.arange(20, dtype=np.int32)
    for one, other in pairs:
        join(parent, one, other)
    return parent


@pytest.mark.jit_off
@given(pairs=PAIRS, order=st.randoms(use_true_random=False))
def test_the_order_does_not_matter(pairs, order):
    other = list(pairs)
    order.shuffle(other)
    parents = joined(pairs), joined(other)
    roots = [[root(parent, member) for member in range(20)] for parent in parents]
    assert roots[0] == roots[1]
    assert all(first <= member for member, first in enumerate(roots[0]))


@pytest.mark.jit_off
@given(pairs=PAIRS)
def test_sets_are_numbered_as_scipy_finds_them(pairs):
    parent = joined(pairs)
    n = number_sets(parent)
    one, other = np.array(pairs, int).reshape(-1, 2).T
    n_expected, expected = connected_components(coo_array((np.ones(len(one)), (one, other)), shape=(20, 20)), False)
    assert n == n_expected
    first = {int(k): number for number, k in enumerate(dict.fromkeys(expected.tolist()))}
    assert parent.tolist() == [first[int(k)] for k in expected]
