"""How round a head is, is told by the edges on its joint surface alone, and not by too few of them."""

from __future__ import annotations

import numpy as np
import pytest

from ho_detect.anatomy.fit.femur import head_residual_mm
from ho_detect.anatomy.fit.shape_fit import SurfaceFit


def head(n=400, offset=0.0, seed=1):
    """Points of a sphere of 24 mm about the origin, with edges so far outside of them."""
    normals = np.random.default_rng(seed).normal(size=(n, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    everything = np.ones(n, bool)
    offsets = np.broadcast_to(offset, n).astype(float)
    return SurfaceFit(24.0 * normals, normals, np.zeros((0, 3), np.int64), everything, everything.copy(), offsets, 1.0)


def residual(fit):
    return head_residual_mm(fit, np.zeros(3), 24.0)


@pytest.mark.parametrize("offset", [0.0, 1.0, -2.0])
def test_it_is_the_distance_of_the_edges_to_the_sphere(offset):
    assert residual(head(offset=offset)) == pytest.approx(1.4826 * abs(offset), abs=1e-9)


def test_a_few_edges_that_are_not_the_heads_do_not_count():
    offset = np.zeros(400)
    offset[:150] = 9.0
    assert residual(head(offset=offset)) == pytest.approx(0.0, abs=1e-9)


def test_edges_off_the_joint_or_out_of_view_do_not_count():
    offset = np.where(np.arange(400) < 300, 5.0, 1.0)
    for name in ("joint", "in_view"):
        fit = head(offset=offset)
        getattr(fit, name)[:300] = False
        assert residual(fit) == pytest.approx(1.4826)


def test_with_fewer_than_twenty_edges_nothing_is_said():
    offset = np.full(400, np.nan)
    offset[:20] = 0.0
    assert residual(head(offset=offset)) == pytest.approx(0.0, abs=1e-9)
    offset[0] = np.nan
    assert residual(head(offset=offset)) is None
