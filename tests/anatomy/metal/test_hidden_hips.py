"""What metal lets be said of a hip."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_detection import anatomy

from ho_detect.anatomy.metal.hidden_hips import beside_metal
from ho_detect.anatomy.metal.metal import Metal, Zone
from ho_detect.anatomy.regions.tissue import Tissue
from ho_detect.image.grid import Grid
from ho_detect.settings import AnatomySettings

SETTINGS = AnatomySettings()
GRID = Grid.axial((60, 60, 150), (3.0, 3.0, 3.0), (-223.5, -88.5, -88.5))
BODY = np.ones(GRID.shape, bool)


def hidden_around(radius_mm, side="left"):
    """Metal whose zone is a ball about the hip of that side."""
    points = GRID.to_lps(np.argwhere(BODY)) - anatomy(side).center_lps_mm
    away = np.linalg.norm(points, axis=1).reshape(GRID.shape).astype(np.float32)
    return Metal(100.0, zone=Zone(GRID, away, np.zeros_like(away), away <= radius_mm))


def joints(metal, sides=("left", "right")):
    return [
        h.joint for h in beside_metal(tuple(anatomy(s) for s in sides), metal, Tissue(GRID, BODY, BODY, BODY), SETTINGS)
    ]


@pytest.mark.parametrize(("radius_mm", "status"), [(20.0, "assessed_beside_metal"), (57.0, "not_assessable")])
def test_share_and_status(radius_mm, status):
    left, right = joints(hidden_around(radius_mm))
    assert left.status == status
    assert left.hidden_share == pytest.approx((radius_mm / 60.0) ** 3, abs=0.03)
    assert [r.code for r in left.reasons] == ["hidden_by_metal"]
    assert f"{left.hidden_share:.0%}" in left.reasons[0].message
    assert right == anatomy("right").joint


def test_no_metal_changes_nothing():
    assert joints(Metal()) == [anatomy("left").joint, anatomy("right").joint]


def test_what_lies_outside_of_the_body_does_not_count_as_seen():
    half = BODY.copy()
    half[:30] = False
    metal = hidden_around(20.0)
    (hip,) = beside_metal((anatomy("left"),), metal, Tissue(GRID, half, half, half), SETTINGS)
    assert hip.joint.hidden_share > 1.5 * joints(metal)[0].hidden_share


def test_a_hip_cut_by_the_view_stays_so():
    hip = anatomy("left")
    cut = replace(
        hip,
        joint=type(hip.joint)(
            **{f: getattr(hip.joint, f) for f in hip.joint.__struct_fields__} | {"status": "partly_in_view"}
        ),
    )
    (found,) = beside_metal((cut,), hidden_around(20.0), Tissue(GRID, BODY, BODY, BODY), SETTINGS)
    joint = found.joint
    assert (joint.status, joint.hidden_share > 0) == ("partly_in_view", True)
