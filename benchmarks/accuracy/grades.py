"""The grades that follow from the truth, derived apart from the package, so that one can be checked by the other.

From the definitions in words: Brooker 1973, Della Valle 2002 and Mavrogenis 2012, with what a spur leaves open read as
the smaller of its gap to the opposing bone and of the one to what grows from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from ho_detect.simulation.study import SimulatedStudy

#: A true lesion so near to bone touches it: between centers of voxels that touch there is a voxel, mm.
TOUCHING_MM = 2.5


class TrueLesion(NamedTuple):
    """What grades depend on. Gaps are None where farther than the truth says."""

    attached_to: tuple[str, ...]
    gap_femur_mm: float | None
    gap_pelvis_mm: float | None
    sector: str
    diameter_mm: float


def grades_of(lesions: Sequence[TrueLesion]) -> dict[str, str | None]:
    """Return the three grades of one hip, by field name."""
    return {"brooker_ct": _brooker(lesions), "della_valle_ct": _della_valle(lesions), "mavrogenis": _type(lesions)}


def _opening(lesion: TrueLesion) -> float:
    """What a spur leaves open to the bone that it does not stand on, mm."""
    if "femur" in lesion.attached_to and "pelvis" in lesion.attached_to:
        return 0.0
    other = lesion.gap_pelvis_mm if "femur" in lesion.attached_to else lesion.gap_femur_mm
    return float("inf") if other is None else other


def _brooker(lesions: Sequence[TrueLesion]) -> str:
    grade = "0"
    for lesion in lesions:
        if len(lesion.attached_to) == 2:
            mine = "IV"
        elif lesion.attached_to:
            mine = "III" if _opening(lesion) < 10 else "II"
        else:
            mine = "I"
        grade = max(grade, mine, key=["0", "I", "II", "III", "IV"].index)
    return grade


def _della_valle(lesions: Sequence[TrueLesion]) -> str:
    grade = "A"
    for lesion in lesions:
        if lesion.attached_to:
            mine = "C" if _opening(lesion) < 10 else "B"
        else:
            mine = "B" if lesion.diameter_mm >= 10 else "A"
        grade = max(grade, mine)
    return grade


def _type(lesions: Sequence[TrueLesion]) -> str | None:
    found = "".join(sorted({x.sector[0] for x in lesions}))
    known = {"a": "1", "p": "2", "am": "3"}
    around = len(found) >= 3 or ("a" in found and "p" in found)
    return "4" if around else known.get(found)


def diameter_mm(mask: NDArray[np.bool_], spacing_mm: Sequence[float]) -> float:
    """Largest distance between two voxels, mm, and a voxel."""
    points = np.argwhere(mask) * np.array(spacing_mm)
    try:
        points = points[ConvexHull(points).vertices]
    except QhullError:
        points = points[:200]
    return float(pdist(points).max(initial=0.0)) + float(np.mean(spacing_mm))


def of_simulated(study: SimulatedStudy, side: str) -> dict[str, str | None]:
    """Return the grades of one hip of a simulated study."""
    spacing = study.volume.grid.spacing_mm
    return grades_of(
        [
            TrueLesion(
                t.attached_to, t.gap_femur_mm, t.gap_pelvis_mm, t.sector, diameter_mm(study.labels == t.label, spacing)
            )
            for t in study.truth.lesions
            if t.side == side
        ]
    )


def of_development_case(
    truth: dict[str, Any], labels: NDArray[np.integer], spacing_mm: Sequence[float], side: str
) -> dict[str, str | None]:
    """Return the grades of one hip of a development case, from its ``truth.json`` and the masks beside it."""
    lesions = []
    for t in truth["lesions"]:
        if t["side"] == side:
            gaps = {bone: t[f"gap_{bone}_mm"] for bone in ("femur", "pelvis")}
            touching = tuple(b for b, gap in gaps.items() if t["attached"] and gap is not None and gap <= TOUCHING_MM)
            diameter = diameter_mm(labels == t["label"], spacing_mm)
            lesions.append(TrueLesion(touching, gaps["femur"], gaps["pelvis"], t["sector"], diameter))
    return grades_of(lesions)
