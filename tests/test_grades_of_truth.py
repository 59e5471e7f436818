"""Grades derived twice, by the package and by the benchmark, agree; on development cases they follow from the truth."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_findings import make_lesion
from test_accuracy_scorer import _load

import ho_detect
from ho_detect.detection.grade.systems import brooker, della_valle, mavrogenis
from ho_detect.settings import DetectionSettings

SETTINGS = DetectionSettings()
grades = _load("grades")
#: Development cases made by ../shared/evaluation/make_cases.py.
CASES = Path(os.environ.get("HO_DETECT_CASES", "/nowhere"))


@st.composite
def lesions(draw):
    """Draw what a hip may hold: the package's lesion and the benchmark's, the same."""
    out = []
    for number in range(1, draw(st.integers(0, 4)) + 1):
        touching = draw(st.sampled_from([(), ("femur",), ("pelvis",), ("femur", "pelvis")]))
        gaps = [
            0.0 if bone in touching else draw(st.none() | st.floats(0.01, 40).map(lambda v: round(v, 2)))
            for bone in ("femur", "pelvis")
        ]
        sector = draw(st.sampled_from(["anterior", "posterior", "medial", "lateral"]))
        size = draw(st.floats(3, 60))
        mine = make_lesion(
            number, attached_to=touching, gap_femur_mm=gaps[0], gap_pelvis_mm=gaps[1], sector=sector,
            max_diameter_mm=size,
        )  # fmt: skip
        out.append((mine, grades.TrueLesion(touching, *gaps, sector, size)))
    return out


@given(lesions())
@settings(max_examples=300)
def test_both_derivations_agree(pairs):
    mine, true = [a for a, _ in pairs], [b for _, b in pairs]
    assert grades.grades_of(true) == {
        "brooker_ct": brooker(mine, SETTINGS),
        "della_valle_ct": della_valle(mine, SETTINGS),
        "mavrogenis": mavrogenis(mine, SETTINGS),
    }


@pytest.mark.shared
@pytest.mark.skipif(not CASES.is_dir(), reason="HO_DETECT_CASES names no folder of development cases")
@pytest.mark.parametrize("case", sorted(CASES.glob("*/truth.json")), ids=lambda p: p.parent.name)
def test_development_cases(case):
    truth, masks = json.loads(case.read_text()), np.load(case.with_name("truth.npz"))
    found = ho_detect.detect(case.parent / "dicom")
    assert len(found.hips) > 0
    for hip in found.hips:
        if hip.status == "assessed" and hip.finding != "indeterminate":
            true = grades.of_development_case(truth, masks["lesions"], masks["spacing"], hip.side)
            assert {name: getattr(hip, name) for name in true} == true, hip.side
