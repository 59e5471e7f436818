"""Only what plainly lies elsewhere is set aside unseen; the outline decides on all else."""

from __future__ import annotations

import numpy as np
import pytest
from made_detection import frames, made_anatomy, region

from ho_detect.anatomy.regions.metal import Metal
from ho_detect.detection.candidates import Candidate
from ho_detect.detection.judge.mimic_settings import MimicSettings
from ho_detect.detection.judge.screening import plainly_elsewhere
from ho_detect.image.grid import Grid

SHAPE = (24, 24, 24)
WHOLE = (slice(0, 24),) * 3
FRAME = frames()["left"]
SETTINGS = MimicSettings()
NO_METAL = Metal(Grid.axial((2, 2, 2), (3.0,) * 3, (0, 0, 0)), 0.0, None)


def judged(offset_mm, *, joined=True, metal=NO_METAL):
    """A cube of 20 mm centered at an offset from the head center."""
    mask = np.zeros(SHAPE, bool)
    mask[2:22, 2:22, 2:22] = True
    found = region(np.full(SHAPE, 600.0))
    grid = Grid.axial(SHAPE, (1, 1, 1), FRAME.center + np.asarray(offset_mm, float) - 12.0)
    found = type(found)(**{**vars(found), "grid": grid})
    return plainly_elsewhere(
        found, Candidate(WHOLE, mask, joined), made_anatomy(landmarks=(FRAME,), metal=metal), SETTINGS
    )


def test_what_is_near_the_joint_is_looked_at():
    assert judged((0.0, -40.0, 0.0)) is None


@pytest.mark.parametrize(("joined", "reach_mm"), [(True, SETTINGS.reach_mm), (False, SETTINGS.free_reach_mm)])
def test_reach_is_to_the_nearest_voxel(joined, reach_mm):
    assert judged((0.0, 0.0, -(reach_mm + 7.0)), joined=joined) is None
    found = judged((0.0, 0.0, -(reach_mm + 15.0)), joined=joined)
    assert (found.reason, found.volume_mm3, found.max_hu, found.side) == ("out_of_reach", 8000.0, 600.0, "left")
    below = np.array([0.0, 0.0, -(reach_mm + 15.0)])
    np.testing.assert_allclose(found.centroid_lps_mm, FRAME.center + below, atol=0.6)


def test_the_sacrum_is_native_bone_unless_part_lies_elsewhere():
    offset = FRAME.midline - FRAME.center + np.array([0.0, 50.0, 60.0])
    inside = FRAME.spine_or_sacrum((FRAME.center + offset)[None])
    assert inside.all()
    assert judged(offset).reason == "native_bone"
    shares = []
    for aside in range(0, 80, 4):
        at = offset + np.array([aside, 0.0, 0.0])
        corner = np.stack(np.meshgrid(*[np.arange(-10, 10)] * 3), -1).reshape(-1, 3)
        share = float(FRAME.spine_or_sacrum(FRAME.center + at + corner).mean())
        shares.append(share)
        found = judged(at)
        assert (found is not None and found.reason == "native_bone") or share < 0.95
        assert found is None or share > 0.85 or found.reason == "out_of_reach"
    assert min(shares) < 0.5


def test_beside_metal_nothing_is_plain():
    metal = Metal(Grid.axial((2, 2, 2), (3.0,) * 3, (0, 0, 0)), 500.0, None)
    assert judged((0.0, 0.0, -400.0), metal=metal) is None
