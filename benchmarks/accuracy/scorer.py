"""Findings against truth. The same definitions for every method that is compared.

A lesion is *found* when the label map covers at least 30 % of it. A finding is *false* when less than 10 % of it lies
within 3 mm of a true lesion. Lesions of a hip that is not in view, and what metal mostly hides (:mod:`hidden`), count
neither way. Dice and volume error of a lesion are those of all findings that overlap it more than any other lesion.
"""

from __future__ import annotations

import msgspec
import numpy as np
from grades import of_simulated
from hidden import hidden_by_metal
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.image.grid import Grid
from ho_detect.image.sides import Side
from ho_detect.simulation.study import SimulatedStudy
from ho_detect.simulation.truth import FEMUR_LEFT, FEMUR_RIGHT, PELVIS, LesionTruth

FOUND_SHARE = 0.3
NEAR_MM = 3.0
FALSE_SHARE = 0.1
#: A finding is put down to native bone, to a mimic or to the middle of an implant's part so near to it, mm.
ON_BONE_MM, AT_MIMIC_MM, AT_IMPLANT_MM = 1.5, 20.0, 60.0

Labels = NDArray[np.integer]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a method says of one finding; None where it says nothing."""

    id: int
    side: str | None = None
    sector: str | None = None
    maturity: str | None = None
    attached_to: tuple[str, ...] | None = None
    gap_femur_mm: float | None = None
    gap_pelvis_mm: float | None = None
    confidence: float | None = None
    fat_fraction: float | None = None
    thickness_mm: float | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a method says of a study, beside its label map.

    ``refused`` is the reason when the study was not analysed; ``hips`` maps sides to centers, LPS mm; ``verdicts``
    maps sides to present, absent or indeterminate, ``grades`` to grades by name, of hips assessed whole; ``set_aside``
    lists reasons and centroids, LPS mm.
    """

    claims: tuple[Claim, ...] = ()
    hips: dict[str, tuple[float, float, float]] = {}
    hip_scores: dict[str, float] = {}
    verdicts: dict[str, str] = {}
    grades: dict[str, dict[str, str | None]] = {}
    set_aside: tuple[tuple[str, tuple[float, float, float]], ...] = ()
    refused: str | None = None


class LesionScore(msgspec.Struct, frozen=True, kw_only=True):
    """One true lesion."""

    label: int
    kind: str
    maturity: str
    volume_mm3: float
    gap_mm: float | None
    """Smallest distance to native bone; 0 when attached."""
    muscle: str | None
    side: str
    sector: str
    counted: bool
    cover: float
    found: bool
    pieces: int
    """Findings that overlap it more than any other lesion."""
    dice: float
    volume_error: float | None
    """Found over true volume, less 1; None when not found."""
    set_aside: str | None
    """Why it was set aside, when what was set aside lies in it."""
    confidence: float | None = None
    side_ok: bool | None = None
    sector_ok: bool | None = None
    maturity_ok: bool | None = None
    attached_ok: bool | None = None
    """Whether attached at all."""
    bridging_ok: bool | None = None
    gap_error_mm: float | None = None
    """Largest absolute error of the two gaps."""


class FalseScore(msgspec.Struct, frozen=True, kw_only=True):
    """One false finding."""

    id: int
    volume_mm3: float
    centroid_lps_mm: tuple[float, float, float]
    cause: str
    confidence: float | None


class FindingScore(msgspec.Struct, frozen=True, kw_only=True):
    """One finding that counts, true or false, with what its confidence rests on."""

    true: bool
    confidence: float | None
    fat_fraction: float | None
    thickness_mm: float | None


class HipScore(msgspec.Struct, frozen=True, kw_only=True):
    """One side."""

    side: str
    in_view: bool
    metal: bool
    error_mm: float | None
    """None where no hip is reported."""
    score: float | None
    """What the method says of its own fit."""
    ossification: bool | None
    """Whether a lesion of this hip is counted; None where one lies there that counts neither way."""
    verdict: str | None
    grades_ok: dict[str, bool] = {}
    """Of each grade said whether it follows from the truth; where nothing at the hip counts neither way."""


class StudyScore(msgspec.Struct, frozen=True, kw_only=True):
    """One study."""

    refused: str | None
    lesions: tuple[LesionScore, ...]
    false: tuple[FalseScore, ...]
    findings: tuple[FindingScore, ...]
    hips: tuple[HipScore, ...]


def score(study: SimulatedStudy, found: Labels, answer: Answer) -> StudyScore:
    """Score one method on one study.

    Parameters
    ----------
    found
        (slice, row, column) on the study's grid: 0, or the id of a finding.
    """
    hidden = hidden_by_metal(study)
    neither = np.zeros(found.shape, bool) if hidden is None else hidden
    in_view = {h.side for h in study.truth.hips if h.in_view}
    counted = {t.label: t.side in in_view for t in study.truth.lesions}
    for label in [t.label for t in study.truth.lesions]:
        lesion = study.labels == label
        if counted[label] and float(neither[lesion].mean()) >= 0.5:
            counted[label] = False
        if not counted[label]:
            neither |= lesion
    lesions = tuple(_lesion(study, t, counted[t.label], found, answer) for t in study.truth.lesions)
    return StudyScore(
        refused=answer.refused,
        lesions=lesions,
        false=_false(study, found, neither, answer),
        findings=_findings(study, found, neither, answer),
        hips=_hips(study, lesions, answer),
    )


def covered_share(lesion: NDArray[np.bool_], found: Labels) -> float:
    """Share of a lesion that any finding covers."""
    return float((found[lesion] > 0).mean()) if lesion.any() else 0.0


def owners(truth: Labels, found: Labels) -> dict[int, int]:
    """For each finding that overlaps a lesion, the label of the one it overlaps most (the lowest when equal)."""
    both = (found > 0) & (truth > 0)
    pairs, n = np.unique(np.stack([found[both], truth[both]]), axis=1, return_counts=True)
    owner: dict[int, tuple[int, int]] = {}
    for finding, label, count in zip(*pairs.tolist(), n.tolist(), strict=True):
        if count > owner.get(finding, (0, 0))[1]:
            owner[finding] = (label, count)
    return {finding: label for finding, (label, _) in owner.items()}


def false_ids(truth: Labels, found: Labels, neither: NDArray[np.bool_], spacing_mm: tuple[float, ...]) -> list[int]:
    """Return the ids of findings that hit no lesion and do not lie mostly where nothing counts."""
    near = np.zeros(truth.shape, bool)
    if (truth > 0).any():
        near = ndi.distance_transform_edt(truth == 0, sampling=spacing_mm) <= NEAR_MM
    ids = [int(i) for i in np.unique(found) if i > 0]
    return [i for i in ids if near[found == i].mean() < FALSE_SHARE and neither[found == i].mean() < 0.5]


def dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Twice the common part over the sum of both."""
    total = int(a.sum()) + int(b.sum())
    return 2.0 * int((a & b).sum()) / total if total else float("nan")


def _lesion(study: SimulatedStudy, t: LesionTruth, counted: bool, found: Labels, answer: Answer) -> LesionScore:
    lesion = study.labels == t.label
    mine = [i for i, label in owners(study.labels, found).items() if label == t.label]
    region = np.isin(found, mine) if mine else np.zeros(found.shape, bool)
    cover = covered_share(lesion, found)
    hit = cover >= FOUND_SHARE
    ids, n = np.unique(found[lesion & (found > 0)], return_counts=True)
    best = int(ids[n.argmax()]) if hit else None
    claim = next((c for c in answer.claims if c.id == best), None)
    gaps = [g for g in (t.gap_femur_mm, t.gap_pelvis_mm) if g is not None]
    return LesionScore(
        label=t.label,
        kind=_kind(t),
        maturity=t.maturity,
        volume_mm3=t.volume_mm3,
        gap_mm=min(gaps) if gaps else None,
        muscle=t.muscle,
        side=t.side,
        sector=t.sector,
        counted=counted,
        cover=round(cover, 3),
        found=hit,
        pieces=len(mine),
        dice=round(dice(lesion, region), 3),
        volume_error=round(int(region.sum()) / int(lesion.sum()) - 1.0, 3) if hit else None,
        set_aside=None if hit else _set_aside(study.volume.grid, lesion, answer),
        confidence=None if claim is None else claim.confidence,
        **({} if claim is None else _agreement(t, claim)),
    )


def _kind(t: LesionTruth) -> str:
    """What it has become, not what was planned: a bridge may fall short of one bone, a spur float free."""
    if t.kind == "bridge" and len(t.attached_to) < 2:
        return "bridge with a gap"
    if t.kind in ("spur", "sheet") and not t.attached_to:
        return f"{t.kind} off the bone"
    return t.kind


def _agreement(t: LesionTruth, claim: Claim) -> dict[str, bool | float | None]:
    said: dict[str, bool | float | None] = {
        name: None if getattr(claim, name) is None else getattr(claim, name) == getattr(t, name)
        for name in ("side", "sector", "maturity")
    }
    if t.maturity == "mixed":  # no one stage is right
        said["maturity"] = None
    out: dict[str, bool | float | None] = {f"{k}_ok": v for k, v in said.items()}
    if claim.attached_to is not None:
        out["attached_ok"] = bool(claim.attached_to) == bool(t.attached_to)
        out["bridging_ok"] = (len(claim.attached_to) == 2) == (len(t.attached_to) == 2)
    pairs = ((claim.gap_femur_mm, t.gap_femur_mm), (claim.gap_pelvis_mm, t.gap_pelvis_mm))
    errors = [abs(a - b) for a, b in pairs if a is not None and b is not None]
    out["gap_error_mm"] = round(max(errors), 2) if errors else None
    return out


def _set_aside(grid: Grid, lesion: NDArray[np.bool_], answer: Answer) -> str | None:
    if not lesion.any():
        return None
    at = grid.to_lps(np.argwhere(lesion))
    for reason, centroid in answer.set_aside:
        if float(np.linalg.norm(at - np.array(centroid), axis=1).min()) <= NEAR_MM:
            return reason
    return None


def _false(study: SimulatedStudy, found: Labels, neither: NDArray[np.bool_], answer: Answer) -> tuple[FalseScore, ...]:
    grid = study.volume.grid
    confidence = {c.id: c.confidence for c in answer.claims}
    out = []
    for i in false_ids(study.labels, found, neither, grid.spacing_mm):
        at = np.argwhere(found == i)
        x, y, z = (round(float(v), 1) for v in grid.to_lps(at.mean(axis=0)))
        out.append(
            FalseScore(
                id=i,
                volume_mm3=round(len(at) * grid.voxel_volume_mm3, 1),
                centroid_lps_mm=(x, y, z),
                cause=_cause(study, found == i, np.array([x, y, z])),
                confidence=confidence.get(i),
            )
        )
    return tuple(out)


def _findings(
    study: SimulatedStudy, found: Labels, neither: NDArray[np.bool_], answer: Answer
) -> tuple[FindingScore, ...]:
    false = set(false_ids(study.labels, found, neither, study.volume.grid.spacing_mm))
    return tuple(
        FindingScore(
            true=c.id not in false, confidence=c.confidence, fat_fraction=c.fat_fraction, thickness_mm=c.thickness_mm
        )
        for c in answer.claims
        if c.confidence is not None and neither[found == c.id].mean() < 0.5
    )


def _cause(study: SimulatedStudy, finding: NDArray[np.bool_], centroid: NDArray[np.float64]) -> str:
    """What a false finding lies on: the nearest mimic, the native bone it takes in or touches, or other tissue."""
    for mimic in study.truth.mimics:
        at = mimic.centroid_lps_mm
        reach = 60.0 if mimic.kind == "hand" else AT_MIMIC_MM
        if at is not None and float(np.linalg.norm(np.array(at) - centroid)) <= reach:
            return mimic.kind
    for implant in study.truth.implants:
        parts = [np.linalg.norm(np.array(p.centroid_lps_mm) - centroid) for p in implant.parts]
        if parts and min(parts) <= AT_IMPLANT_MM:
            return implant.kind
    voxels = np.ceil(ON_BONE_MM / np.array(study.volume.grid.spacing_mm)).astype(int)
    z, y, x = (np.arange(-n, n + 1) for n in voxels)
    sz, sy, sx = study.volume.grid.spacing_mm
    ball = (z[:, None, None] * sz) ** 2 + (y[:, None] * sy) ** 2 + (x * sx) ** 2 <= ON_BONE_MM**2
    margin = [slice(max(s.start - 4, 0), s.stop + 4) for s in ndi.find_objects(finding.astype(np.uint8))[0]]
    near = ndi.binary_dilation(finding[tuple(margin)], ball)
    touched = study.bone[tuple(margin)][near]
    if (touched > 0).mean() < 0.02:
        calcified = any(m.kind == "arterial_calcium" for m in study.truth.mimics)
        return "soft tissue, arteries calcified" if calcified else "soft tissue"
    return "pelvis" if (touched == PELVIS).sum() > np.isin(touched, (FEMUR_LEFT, FEMUR_RIGHT)).sum() else "femur"


def _grades(study: SimulatedStudy, side: Side, answer: Answer) -> dict[str, bool]:
    said = answer.grades.get(side)
    return {} if said is None else {name: said[name] == true for name, true in of_simulated(study, side).items()}


def _hips(study: SimulatedStudy, lesions: tuple[LesionScore, ...], answer: Answer) -> tuple[HipScore, ...]:
    out = []
    for h in study.truth.hips:
        at = answer.hips.get(h.side)
        mine = [x for x in lesions if x.side == h.side]
        truth = True if any(x.counted for x in mine) else None if mine else False
        out.append(
            HipScore(
                side=h.side,
                in_view=h.in_view,
                metal=h.metal,
                error_mm=None
                if at is None
                else round(float(np.linalg.norm(np.array(at) - np.array(h.center_lps_mm))), 2),
                score=answer.hip_scores.get(h.side),
                ossification=truth,
                verdict=answer.verdicts.get(h.side),
                grades_ok=_grades(study, h.side, answer) if truth is not None else {},
            )
        )
    return tuple(out)
