"""Laws of what is told of implants: one entry for each plan, in its order, balls of replaced joints only."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from implanted import LONG, NAIL, TOTAL, part_of, points, study_of
from phantoms import hip_phantom

from ho_detect.simulation.implant_plans import CannulatedScrews, TotalHip
from ho_detect.simulation.implant_truth import rounded
from ho_detect.simulation.truth import Truth


def test_each_plan_has_its_entry_in_order():
    study = hip_phantom(implants=(CannulatedScrews(side="right"), TotalHip(side="left")), scan=LONG)
    screws, hip = study.truth.implants
    assert (screws.kind, screws.side) == ("cannulated_screws", "right")
    assert (hip.kind, hip.side) == ("total_hip", "left")
    assert not {p.label for p in screws.parts} & {p.label for p in hip.parts}
    assert screws.head_center_lps_mm is None
    assert hip.head_center_lps_mm is not None
    assert [h.metal for h in study.truth.hips] == [True, False]


def test_a_nail_replaces_no_head():
    (nail,) = study_of(NAIL).truth.implants
    assert (nail.head_center_lps_mm, nail.head_radius_mm, nail.cup_center_lps_mm) == (None, None, None)


@pytest.mark.parametrize(("implant", "kind"), [(NAIL, "nail"), (NAIL, "head_screw"), (TOTAL, "cup_screw")])
def test_ends_are_those_of_the_part(implant, kind):
    study = study_of(implant)
    part = part_of(study, kind)
    at = points(study, study.implant == part.label)
    a, b = np.array(part.ends_lps_mm)
    way = (b - a) / np.linalg.norm(b - a)
    along = (at - a) @ way
    assert along.min() > -12
    # what is seen of it is no longer than it is, to within a voxel and the rounding of its ends
    assert along.max() < np.linalg.norm(b - a) + 12
    off = np.linalg.norm(at - a - along[:, None] * way, axis=1)
    assert np.median(off) < 16


def test_truth_survives_json():
    truth = study_of(TOTAL).truth
    assert msgspec.json.decode(msgspec.json.encode(truth), type=Truth) == truth


def test_rounding():
    assert rounded(np.array([1.234, -5.678, 9.0]), 1) == (1.2, -5.7, 9.0)
