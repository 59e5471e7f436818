"""Laws of metal: it replaces bone, is told, and a nail runs along the shaft into the head."""

from __future__ import annotations

import numpy as np
import pytest
from phantoms import hip_phantom

from ho_detect.simulation.metal import Arthroplasty, Nail


@pytest.mark.parametrize("metal", [Arthroplasty(side="right"), Nail(side="right")])
def test_metal_is_dense_and_no_bone(metal):
    study = hip_phantom(mimics=(metal,))
    assert (study.volume.hu[study.metal] > 2000).mean() > 0.75
    assert not (study.bone[study.metal] > 0).any()
    assert study.volume.grid.to_lps(np.argwhere(study.metal))[:, 0].max() < 0


def test_a_nail_runs_down_the_shaft_and_its_screw_ends_in_the_head():
    study = hip_phantom(mimics=(Nail(side="left"),))
    hip = study.truth.hips[0]
    at = study.volume.grid.to_lps(np.argwhere(study.metal))
    assert hip.metal == bool(np.linalg.norm(at - hip.center_lps_mm, axis=1).min() < 3)
    assert np.linalg.norm(at - hip.center_lps_mm, axis=1).min() < 0.5 * hip.head_radius_mm
    assert at[:, 2].min() < hip.center_lps_mm[2] - 80
    # the head around the screw is still bone
    grid = study.volume.grid
    near = np.linalg.norm(grid.to_lps(np.argwhere(study.bone == 1)) - hip.center_lps_mm, axis=1)
    assert (near < hip.head_radius_mm).sum() * grid.voxel_volume_mm3 > 0.6 * 4.19 * hip.head_radius_mm**3
