"""The methods that are compared: each takes a volume and returns a label map and what it says."""

from __future__ import annotations

import numpy as np
from scipy import ndimage as ndi
from scorer import Answer, Claim, Labels

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.analyze import analyze
from ho_detect.errors import SeriesError
from ho_detect.results.result import Result
from ho_detect.settings import Settings

#: The script researchers write today: bone threshold; what is too large is skeleton, what is too small is noise.
NAIVE_HU, NAIVE_SKELETON_MM3, NAIVE_SMALLEST_MM3 = 200, 50_000.0, 100.0


def answer_of(findings: Result) -> Answer:
    """Return what findings say, as it is scored."""
    names = ("id", "side", "sector", "maturity", "attached_to", "gap_femur_mm", "gap_pelvis_mm", "confidence",
             "fat_fraction", "thickness_mm")  # fmt: skip
    return Answer(
        claims=tuple(Claim(**{n: getattr(x, n) for n in names}) for x in findings.lesions),
        hips={h.side: h.center_lps_mm for h in findings.hips if h.center_lps_mm is not None},
        hip_scores={h.side: h.score for h in findings.hips if h.score is not None},
        grades={
            h.side: {name: getattr(h, name) for name in ("brooker_ct", "della_valle_ct", "mavrogenis")}
            for h in findings.hips
            if h.status == "assessed" and h.finding in ("present", "absent")
        },
        verdicts={h.side: h.finding for h in findings.hips if h.finding is not None},
        set_aside=tuple((x.reason, x.centroid_lps_mm) for x in findings.excluded),
    )


def this_project(volume: HuVolume) -> tuple[Labels, Answer, Result | None]:
    """Run :func:`ho_detect.analyze.analyze`; a refused study is an answer too."""
    try:
        findings = analyze(volume, Settings(threads=1))
    except SeriesError as error:
        return np.zeros(volume.hu.shape, np.uint16), Answer(refused=error.reason), None
    return findings.labels, answer_of(findings), findings


def naive_script(volume: HuVolume) -> tuple[Labels, Answer, None]:
    """Threshold at 200 HU, label, drop the skeleton (all that is large) and specks, as benchmarks/naive_script.py."""
    label, n = ndi.label(volume.hu >= NAIVE_HU, np.ones((3, 3, 3), bool))
    size = np.bincount(label.ravel(), minlength=n + 1) * volume.grid.voxel_volume_mm3
    keep = (size >= NAIVE_SMALLEST_MM3) & (size < NAIVE_SKELETON_MM3)
    keep[0] = False
    number = np.where(keep, np.cumsum(keep), 0).astype(np.uint16)
    return number[label], Answer(claims=tuple(Claim(id=i) for i in range(1, int(keep.sum()) + 1))), None
