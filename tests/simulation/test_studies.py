"""The shipped samples are what the generator makes, and hold what they promise."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pydicom
import pytest
from phantoms import COARSE

from ho_detect.simulation.studies import SAMPLES, write_sample

SHIPPED = Path(__file__).parents[2] / "sample_dicom"


def test_the_shipped_samples_are_what_the_generator_makes(tmp_path):
    plan = next(p for p in SAMPLES if p.name == "bent_bridged")
    write_sample(plan, tmp_path)
    shipped, made = SHIPPED / plan.name, tmp_path
    assert json.loads((made / "expected.json").read_text()) == json.loads((shipped / "expected.json").read_text())
    files = sorted(p.name for p in (shipped / "ct").iterdir())
    assert files == sorted(p.name for p in (made / "ct").iterdir())
    for name in files:
        a, b = (pydicom.dcmread(folder / "ct" / name) for folder in (shipped, made))
        assert a.SOPInstanceUID == b.SOPInstanceUID
        assert (a.pixel_array == b.pixel_array).all(), name


def test_a_longer_series_made_earlier_is_not_mixed_in(tmp_path):
    plan = msgspec.structs.replace(SAMPLES[2], scan=msgspec.structs.replace(COARSE, above_mm=4, below_mm=5))
    (tmp_path / "ct").mkdir()
    (tmp_path / "ct" / "IM0099.dcm").write_bytes(b"old")
    write_sample(plan, tmp_path)
    assert sorted(p.name for p in (tmp_path / "ct").iterdir()) == ["IM0001.dcm", "IM0002.dcm", "IM0003.dcm"]


@pytest.mark.parametrize("plan", SAMPLES, ids=lambda p: p.name)
def test_shipped_samples_hold_what_they_promise(plan):
    truth = json.loads((SHIPPED / plan.name / "expected.json").read_text())
    assert truth["study"] == plan.name
    assert all(h["in_view"] for h in truth["hips"])
    assert truth["not_painted"] == []
    for lesion in truth["lesions"]:
        gaps = {bone: lesion[f"gap_{bone}_mm"] for bone in ("femur", "pelvis")}
        assert all((mm == 0.0) == (bone in lesion["attached_to"]) for bone, mm in gaps.items())
        # a class is a fair question only away from its limit, contact only away from a narrow gap
        assert all(mm == 0.0 or (mm >= 4 and abs(mm - 10.0) > 2.0) for mm in gaps.values())
        # a sector is a fair question only away from the diagonals
        center = next(h["center_lps_mm"] for h in truth["hips"] if h["side"] == lesion["side"])
        x, y = np.abs(np.array(lesion["centroid_lps_mm"]) - center)[:2]
        assert max(x, y) > 1.15 * min(x, y)
    volumes = [lesion["volume_mm3"] for lesion in truth["lesions"]]
    if plan.name == "large_lesion":
        assert len(volumes) == 1
        assert volumes[0] > 3000
    elif plan.name == "bent_bridged":
        on_bone = {lesion["side"]: lesion["attached_to"] for lesion in truth["lesions"]}
        assert on_bone == {"left": ["femur", "pelvis"], "right": ["pelvis"]}
        assert 40 <= plan.person.left.flexion_deg <= 60
        assert plan.person.wasting >= 0.4
    else:
        assert not volumes
    size = sum(p.stat().st_size for p in (SHIPPED / plan.name).rglob("*") if p.is_file())
    assert size <= 4 * 1024 * 1024
