"""A lesion has the volume that it has in the same study acquired straight, however the slices were taken.

HO_DETECT_LONG=1 python -m pytest tests/test_resampled_studies.py -s      all ways, all studies with a lesion
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from acquired import acquire

from ho_detect.acquisition.series.index import index_series
from ho_detect.acquisition.volume.load import load_volume
from ho_detect.settings import Settings
from ho_detect.study import detect
from ho_detect.system.pseudonyms import Pseudonyms

CASES = os.environ.get("HO_DETECT_CASES")
pytestmark = pytest.mark.skipif(not CASES, reason="minutes long: asked for by HO_DETECT_CASES")
STUDIES = ("d02_island", "d04_spur")
STEP_MM = 2.0
#: Steps between slices (mm), repeated over the study, tilt (degrees), and what must be said.
WAYS = {
    "tilted": ([STEP_MM], 15.0, {"resampled_tilt"}),
    "tilted the other way": ([STEP_MM], -18.5, {"resampled_tilt"}),
    "uneven": ([1.2, 2.0, 2.8], 0.0, {"resampled_spacing"}),
    "uneven and tilted": ([1.2, 2.0, 2.8], 12.0, {"resampled_spacing", "resampled_tilt"}),
    "slices missing": ([STEP_MM] * 12 + [2 * STEP_MM], 0.0, {"gaps_filled"}),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Findings of a study acquired with these steps and this tilt; each once."""
    known = {}

    def find(study, steps, degrees):
        key = study, tuple(steps), degrees
        if key not in known:
            (entry,) = index_series([Path(str(CASES)) / study / "dicom"], Settings().acquisition)
            volume = load_volume(entry, Settings(), Pseudonyms(bytes(16)))
            height = (volume.hu.shape[0] - 1) * volume.spacing_mm[0] - 4 * STEP_MM
            taken = np.resize(steps, int(height / min(steps)))
            folder = tmp_path_factory.mktemp("acquired")
            acquire(volume, folder, taken[np.cumsum(taken) <= height], degrees)
            known[key] = detect(folder)
        return known[key]

    return find


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("way", WAYS)
def test_the_volume_is_that_of_the_study_acquired_straight(found, study, way):
    steps, degrees, said = WAYS[way]
    straight, taken = found(study, [STEP_MM], 0.0), found(study, steps, degrees)
    assert {f.code for f in taken.record.flags} - {f.code for f in straight.record.flags} - {"thick_slices"} == said
    assert len(taken.lesions) == len(straight.lesions) > 0
    for lesion in straight.lesions:
        other = min(taken.lesions, key=lambda o: np.linalg.norm(np.subtract(o.centroid_lps_mm, lesion.centroid_lps_mm)))
        print(f"{study}, {way}: {lesion.volume_mm3:.0f} and {other.volume_mm3:.0f} mm3")  # noqa: T201
        assert other.volume_mm3 == pytest.approx(lesion.volume_mm3, rel=0.05)
        assert np.allclose(other.centroid_lps_mm, lesion.centroid_lps_mm, atol=1.0)
        assert (other.side, other.sector) == (lesion.side, lesion.sector)
    for hip, other in zip(straight.hips, taken.hips, strict=True):
        assert np.allclose(hip.center_lps_mm, other.center_lps_mm, atol=1.0)
