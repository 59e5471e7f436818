"""The whole method on real CT in ../shared: no ossification where there is none, and no hip where there is none."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ho_detect
from ho_detect.cli import main

SHARED = Path(os.environ.get("HO_DETECT_SHARED", Path(__file__).parents[2] / "shared"))
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not (SHARED / "real").is_dir(), reason=f"no real CT at {SHARED}"),
]

#: Study without ossification: head center (LPS mm) of each hip in view, by its readme, which is right within 4 mm.
NORMAL = {
    "tcga_ov_pelvis": {"left": (88, 28, 1115), "right": (-90, 8, 1106)},
    "sts_012": {"right": (-92, 23, -680)},
    "sts_040": {"right": (-88, 7, -735)},
    "sts_044": {"right": (-83, 16, -731)},
}
#: The other one without is looked through in tests/anatomy/fit/test_hips.py, at a lower score than here.
NO_HIP = ("sts_045",)


@lru_cache(maxsize=4)
def findings(name):
    return ho_detect.detect(SHARED / "real" / name)


@pytest.mark.parametrize("name", NORMAL)
class TestNormal:
    def test_no_lesion(self, name):
        found = findings(name)
        assert found.lesions == ()
        assert not found.labels.any()
        assert all(h.finding != "present" for h in found.hips)

    def test_hips_in_view_and_no_other(self, name):
        hips = {h.side: h for h in findings(name).hips}
        for side in ("left", "right"):
            if side in NORMAL[name]:
                assert hips[side].status in ("assessed", "partly_in_view")
                assert np.linalg.norm(np.subtract(hips[side].center_lps_mm, NORMAL[name][side])) < 8
            else:
                assert hips[side].status == "not_in_view"


def test_new_bone_along_the_shaft_is_found():
    found = findings("sts_020")
    left = next(h for h in found.hips if h.side == "left")
    assert left.finding == "present"
    assert {x.side for x in found.lesions} == {"left"}
    assert all("femur" in x.attached_to for x in found.lesions)
    # spicules along the medial shaft, from 75 to 140 mm below the head center
    z = found.volume.grid.to_lps(np.argwhere(found.labels))[:, 2]
    assert z.min() < -735.0
    assert z.max() > -690.0
    assert sum(x.volume_mm3 for x in found.lesions) > 3000.0


def test_a_cut_head_is_no_absence():
    right = next(h for h in findings("sts_012").hips if h.side == "right")
    assert right.status == "partly_in_view"
    assert right.finding == "indeterminate"


def test_series_without_a_hip_are_rows_not_failures(tmp_path, capfd):
    inputs = [str(SHARED / "real" / name) for name in NO_HIP]
    with pytest.raises(SystemExit) as ended:
        main(["run", *inputs, "--out", str(tmp_path), "--workers", "1", "--json"])
    assert ended.value.code == 0
    studies = pd.read_csv(tmp_path / "studies.csv")
    assert list(studies.status) == ["left_out"]
    assert list(studies.reason) == ["no_hip_in_view"]
    assert len(pd.read_csv(tmp_path / "summary.csv")) == 0
    assert list(tmp_path.glob("*/findings.json")) == []
    assert len(json.loads(capfd.readouterr().out)["studies"]) == 1
