"""Laws of nails, plates and screws: they lie in or on the bone that they hold."""

from __future__ import annotations

import numpy as np
from implanted import NAIL, PLATE, SCREWS, part_of, points, study_of

from ho_detect.simulation.truth import FEMUR_LEFT


def test_a_nail_runs_down_the_shaft_and_its_screw_ends_in_the_head():
    study = study_of(NAIL)
    hip = study.truth.hips[0]
    assert not hip.metal
    nail, screw = part_of(study, "nail"), part_of(study, "head_screw")
    assert nail.ends_lps_mm[1][2] < hip.center_lps_mm[2] - 70
    tip = np.linalg.norm(np.array(screw.ends_lps_mm[0]) - hip.center_lps_mm)
    assert tip < hip.head_radius_mm - 4
    grid = study.volume.grid
    near = np.linalg.norm(points(study, study.bone == FEMUR_LEFT) - hip.center_lps_mm, axis=1)
    assert (near < hip.head_radius_mm).sum() * grid.voxel_volume_mm3 > 0.6 * 4.19 * hip.head_radius_mm**3


def test_a_plate_lies_on_the_lateral_surface():
    study = study_of(PLATE)
    plate = points(study, study.implant == part_of(study, "plate").label)
    bone = points(study, study.bone == FEMUR_LEFT)
    level = bone[np.abs(bone[:, 2] - plate[:, 2].mean()) < 3]
    assert np.median(plate[:, 0]) > level[:, 0].max() - 4
    assert sum(p.kind == "screw" for p in study.truth.implants[0].parts) == 4


def test_cannulated_screws_are_parallel_and_lie_in_neck_and_head():
    study = study_of(SCREWS)
    ends = np.array([p.ends_lps_mm for p in study.truth.implants[0].parts])
    way = ends[:, 1] - ends[:, 0]
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    assert len(way) == 3
    assert (way @ way.T > 0.999).all()
    hip = study.truth.hips[0]
    assert (np.linalg.norm(ends[:, 0] - hip.center_lps_mm, axis=1) < hip.head_radius_mm).all()
