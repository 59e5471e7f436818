"""Candidates to lesions, to what is undecided and to what is excluded."""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from ho_detect.anatomy.find import Anatomy
from ho_detect.detection.candidates import Candidate, Region, points_of
from ho_detect.detection.evidence import Evidence, gather
from ho_detect.detection.judge.definitions import plainly_elsewhere
from ho_detect.detection.judge.excluded import Excluded, Specks, counted, exclude
from ho_detect.detection.judge.judge import Verdict, judge
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.detection.measure.measure import measure
from ho_detect.detection.measure.opposing import with_opposing_gaps
from ho_detect.detection.outline import Outlined, outline
from ho_detect.detection.split.merge import merged
from ho_detect.detection.split.parts import parts_of
from ho_detect.settings import Settings
from ho_detect.system.parallel import in_parallel


@dataclass(frozen=True, eq=False)
class Weighed:
    """A candidate with its outline and the evidence that it is judged by."""

    outlined: Outlined
    evidence: Evidence


@dataclass(frozen=True, eq=False)
class Kept:
    """A lesion and its voxels."""

    lesion: Lesion
    outlined: Outlined


@dataclass(frozen=True, eq=False)
class Judgement:
    """What became of all candidates of a region: lesions, largest first, and what is excluded or undecided."""

    region: Region
    kept: tuple[Kept, ...]
    excluded: tuple[Excluded, ...]
    specks: tuple[Specks, ...] = ()

    @property
    def lesions(self) -> tuple[Lesion, ...]:
        """The lesions, by id."""
        return tuple(k.lesion for k in self.kept)


def decide(region: Region, candidates: list[Candidate], anatomy: Anatomy, settings: Settings) -> Judgement:
    """Weigh each candidate, judge it, and measure what is kept, largest first."""
    weighed, excluded = weigh(region, candidates, anatomy, settings)
    verdicts = [judge(w.evidence, settings) for w in weighed]
    whole = [w for w, v in zip(weighed, verdicts, strict=True) if v.kept]
    others = [(w, v) for w, v in zip(weighed, verdicts, strict=True) if not v.kept]
    least_mm3 = settings.judge.min_volume_mm3
    excluded += [_excluded(region, w, v) for w, v in others if w.evidence.volume_mm3 >= least_mm3]
    specks = [(v.reason, w.evidence.volume_mm3) for w, v in others if w.evidence.volume_mm3 < least_mm3]
    kept = _joined_up(region, whole, anatomy, settings)
    kept.sort(key=lambda k: -k.evidence.volume_mm3)
    excluded.sort(key=lambda e: (-e.volume_mm3, e.centroid_lps_mm))

    def measured(number: int, w: Weighed) -> Lesion:
        lesion = measure(region, w.outlined, w.evidence, anatomy, number, settings.detection)
        probability = judge(w.evidence, settings).probability or 0.0
        return msgspec.structs.replace(lesion, confidence=round(probability, 3))

    lesions = in_parallel(measured, range(1, len(kept) + 1), kept)
    lesions = with_opposing_gaps(region, lesions, [k.outlined.candidate for k in kept])
    found = tuple(Kept(lesion, w.outlined) for lesion, w in zip(lesions, kept, strict=True))
    return Judgement(region, found, tuple(excluded), counted(specks))


def weigh(
    region: Region, candidates: list[Candidate], anatomy: Anatomy, settings: Settings
) -> tuple[list[Weighed], list[Excluded]]:
    """Outline each candidate, split it into its parts and gather their evidence; nothing is judged.

    Returns
    -------
    What is to be judged, and what plainly lies elsewhere and was not outlined.
    """

    def looked_at(candidate: Candidate) -> Excluded | Weighed:
        return plainly_elsewhere(region, candidate, anatomy, settings) or weighed(candidate)

    def weighed(candidate: Candidate) -> Weighed:
        outlined = outline(region, candidate, settings.detection)
        return Weighed(outlined, gather(region, outlined, anatomy, settings))

    found: list[Weighed] = []
    excluded: list[Excluded] = []
    waiting = list(candidates)
    while waiting:
        waiting.sort(key=lambda c: -c.mask.size)  # the largest takes longest: it is not left to the end
        parts: list[Candidate] = []
        for seen in in_parallel(looked_at, waiting):
            if isinstance(seen, Excluded):
                excluded.append(seen)
            elif apart := parts_of(region, seen.outlined, seen.evidence, anatomy, settings):
                parts += apart
            else:
                found.append(seen)
        waiting = parts
    return found, excluded


def _joined_up(region: Region, kept: list[Weighed], anatomy: Anatomy, settings: Settings) -> list[Weighed]:
    """Return the lesions, those that touch each other as one."""
    parts = [w.outlined.candidate for w in kept]
    whole = merged(parts, region.grid.voxel_volume_mm3 ** (2 / 3), settings.detection.contact_mm2)
    if len(whole) == len(parts):
        return kept
    known = {id(w.outlined.candidate): w for w in kept}

    def again(candidate: Candidate) -> Weighed:
        if id(candidate) in known:
            return known[id(candidate)]
        outlined = outline(region, candidate, settings.detection)
        return Weighed(outlined, gather(region, outlined, anatomy, settings))

    return in_parallel(again, whole)


def _excluded(region: Region, weighed: Weighed, verdict: Verdict) -> Excluded:
    """Return the record of what was judged and not kept, with the measures that another rule would need."""
    e = weighed.evidence
    center = points_of(region, weighed.outlined.candidate).mean(axis=0)
    stands = e.joined and e.reach_mm is not None and not math.isnan(e.reach_mm)
    return msgspec.structs.replace(
        exclude(verdict.reason, e.side, e.volume_mm3, center, e.max_hu),
        probability=None if verdict.probability is None else round(verdict.probability, 3),
        because=verdict.because,
        height_mm=round(e.reach_mm, 2) if stands and e.reach_mm is not None else None,
        base_mm2=round(e.base_mm2, 1) if stands else None,
        bridging=len(e.touching) == 2,
    )


def label_map(shape: tuple[int, ...], judgement: Judgement) -> NDArray[np.uint16]:
    """Return a volume of that canonical shape with each lesion's id in its voxels; the larger lesion wins."""
    labels = np.zeros(shape, np.uint16)
    near = labels[judgement.region.box]
    for k in reversed(judgement.kept):
        near[k.outlined.candidate.box][k.outlined.candidate.mask] = k.lesion.id
    return labels
