"""The scan that all is compiled on: one hip with ossification, one with metal, stored in both orders of slices."""

from __future__ import annotations

import numpy as np
from phantoms import hip_phantom

from ho_detect.cli import warmup_scan


def test_both_orders_hold_the_same_voxels_at_the_same_places(monkeypatch):
    plans, volumes = [], []
    study = hip_phantom()
    monkeypatch.setattr(warmup_scan, "simulate", lambda plan: plans.append(plan) or study)
    monkeypatch.setattr(warmup_scan, "analyze", volumes.append)
    warmup_scan.compile_all()
    (plan,) = plans
    assert plan.ossification
    assert plan.implants
    one, other = volumes
    assert not np.allclose(one.grid.affine, other.grid.affine)
    corners = np.array([[0, 0, 0], np.array(one.grid.shape) - 1, [3, 5, 7]])
    places = one.grid.to_lps(corners)
    index = np.rint(other.grid.to_index(places)).astype(int)
    assert np.array_equal(one.hu[tuple(corners.T)], other.hu[tuple(index.T)])
    assert np.array_equal(np.sort(one.hu, axis=None), np.sort(other.hu, axis=None))
