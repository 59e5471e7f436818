"""How round a head is, is told by the edges on its joint surface alone, and not by too few of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from phantoms import cropped, hip_phantom

from ho_detect.anatomy.fit import femur
from ho_detect.anatomy.fit.femur import head_residual_mm
from ho_detect.anatomy.fit.femur_starts import femur_starts
from ho_detect.anatomy.fit.hips import find_hip_joints
from ho_detect.anatomy.fit.shape_fit import SurfaceFit
from ho_detect.anatomy.fit.working_grid import COARSE_STEP_MM, resample_to_patient_axes
from ho_detect.image.grid import rotation
from ho_detect.settings import Settings
from ho_detect.system.parallel import using_threads


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


def test_where_the_first_starts_all_lead_beside_the_bone_many_more_are_tried(monkeypatch):
    """As new bone all around draws them to its own edges."""
    study = hip_phantom(scan=cropped(spacing_mm=(2.0, 2.0, 2.0)))
    asked = []

    def misled(fields, side, center, pelvis, most):
        asked.append(most)
        starts = femur_starts(fields, side, center, pelvis, most)
        if most < 10:
            return [replace(start, rotation=start.rotation @ rotation("x", 90.0)) for start in starts]
        return starts

    monkeypatch.setattr(femur, "femur_starts", misled)
    volume = study.volume
    with using_threads(1):
        hips = find_hip_joints(volume, resample_to_patient_axes(volume, COARSE_STEP_MM), Settings().anatomy)
    assert asked.count(40) == 2  # of both sides
    for hip in hips:
        truth = next(h for h in study.truth.hips if h.side == hip.joint.side)
        assert np.linalg.norm(np.array(truth.center_lps_mm) - hip.center_lps_mm) < 2.0
        assert hip.femur.explained > 0.7
    assert len(hips) == 2
