"""Laws of masses that encase the joint and of ragged lesions of mixed maturity."""

from __future__ import annotations

import numpy as np
from phantoms import hip_phantom
from scipy import ndimage as ndi

from ho_detect.simulation.growth_plans import Encasing, Island


def test_an_encasing_mass_joins_both_bones_and_stays_out_of_the_joint():
    plan = Encasing(side="left", muscles=("iliopsoas", "gluteus_medius"), width_mm=44.0, maturity="mature")
    study = hip_phantom((plan,))
    (lesion,) = study.truth.lesions
    assert lesion.kind == "encasing"
    assert lesion.attached_to == ("femur", "pelvis")
    assert lesion.volume_mm3 > 60_000
    at = study.volume.grid.to_lps(np.argwhere(study.labels > 0))
    hip = study.truth.hips[0]
    assert np.linalg.norm(at - hip.center_lps_mm, axis=1).min() > hip.head_radius_mm + 2
    assert (study.bone[study.labels > 0] > 0).mean() < 0.02  # voxels that are half of each


def test_mixed_maturity_is_ragged_and_of_every_density():
    smooth, ragged = (
        hip_phantom((Island(side="left", muscle="gluteus_maximus", volume_ml=30.0, maturity=m),))
        for m in ("mature", "mixed")
    )
    faces = []
    for study in (smooth, ragged):
        mask = study.labels > 0
        surface = (mask & ~ndi.binary_erosion(mask)).sum()
        faces.append(surface / mask.sum() ** (2 / 3))
    assert faces[1] > 1.1 * faces[0]
    hu = ragged.volume.hu[ragged.labels > 0]
    assert np.percentile(hu, 90) > 350
    assert np.percentile(hu, 10) < 220
