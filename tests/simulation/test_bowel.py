"""Laws of bowel that holds contrast medium: dense, in the cavity, gas above, never on bone or ossification."""

from __future__ import annotations

import numpy as np
import pytest
from phantoms import cropped, hip_phantom

from ho_detect.simulation.bowel import Bowel
from ho_detect.simulation.study import MIMICS

SCAN = cropped(above_mm=130.0, noise_hu=0.0)


@pytest.mark.parametrize("segment", ["cecum", "descending", "sigmoid", "small_bowel", "low_small_bowel", "rectum"])
def test_content_is_dense_and_bone_stays_as_it_was(segment):
    plan = Bowel(segment=segment, content_hu=500.0, radius_mm=14.0, gas=0.0, seed=3)
    plain, full = hip_phantom(scan=SCAN), hip_phantom(mimics=(plan,), scan=SCAN)
    assert [m.kind for m in full.truth.mimics] == ["bowel"]
    here = full.mimic == 1 + MIMICS.index("bowel")
    assert here.sum() * plain.volume.grid.voxel_volume_mm3 > 2000
    assert not (full.bone[here] > 0).any()
    assert (full.bone == plain.bone).all()
    assert np.median(full.volume.hu[here]) > 300
    assert full.truth.lesions == ()


def test_gas_lies_in_front_of_a_supine_patient_and_behind_in_a_prone_one():
    plan = Bowel(segment="cecum", content_hu=500.0, radius_mm=22.0, gas=0.4, seed=3)
    plain, full = (hip_phantom(mimics=m, scan=SCAN) for m in ((), (plan,)))
    gas = (full.volume.hu < -700) & (plain.volume.hu > -500)
    dense = (full.volume.hu > 350) & (plain.volume.hu < 150)
    assert gas.any()
    rows = [full.volume.grid.to_lps(np.argwhere(m))[:, 1].mean() for m in (gas, dense)]
    assert rows[0] < rows[1]
    prone = hip_phantom(mimics=(plan,), scan=cropped(above_mm=130.0, noise_hu=0.0, position="HFP"))
    hu = prone.volume.canonical().hu
    gas, dense = (hu < -700) & (plain.volume.hu > -500), (hu > 350) & (plain.volume.hu < 150)
    rows = [full.volume.grid.to_lps(np.argwhere(m))[:, 1].mean() for m in (gas, dense)]
    assert rows[0] > rows[1]
