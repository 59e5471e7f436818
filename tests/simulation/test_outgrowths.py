"""Laws of osteophytes and enthesophytes: native bone, on the bone that was there, out of the joint."""

from __future__ import annotations

import numpy as np
from phantoms import COARSE, hip_phantom
from scipy import ndimage as ndi

from ho_detect.simulation.person import HipPlan, Person


def test_outgrowths_are_native_bone_on_bone_and_leave_the_joint_free():
    plain = hip_phantom()
    worn = hip_phantom(person=Person(left=HipPlan(osteophytes=8, enthesophytes=4)))
    grid = plain.volume.grid
    grown = (worn.bone > 0) & (plain.bone == 0)
    assert grown.sum() * grid.voxel_volume_mm3 > 1000
    assert grid.to_lps(np.argwhere(grown))[:, 0].min() > 0  # on the left alone
    assert worn.truth.lesions == ()
    # what has grown hangs on what was there: as many pieces of bone as before
    pieces = [ndi.label(s.bone > 0, np.ones((3, 3, 3)))[1] for s in (plain, worn)]
    assert pieces[1] <= pieces[0] + 1
    hip = plain.truth.hips[0]
    away = np.linalg.norm(grid.to_lps(np.argwhere(grown)) - hip.center_lps_mm, axis=1)
    assert (away > hip.head_radius_mm - 0.5 * max(COARSE.spacing_mm)).all()
    assert (worn.volume.hu[grown] > 150).mean() > 0.5
