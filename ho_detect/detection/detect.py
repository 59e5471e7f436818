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
from ho_detect.flags import null
from ho_detect.image.grid import Grid
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


#: What is not counted: outlined, or as it was found.
Thing = Outlined | Candidate


@dataclass(frozen=True, eq=False)
class Judgement:
    """What became of all candidates of a region: lesions, largest first, and what is excluded or undecided.

    Parameters
    ----------
    things
        The voxels of each of ``excluded``: with its outline, but for what plainly lies elsewhere.
    """

    region: Region
    kept: tuple[Kept, ...]
    excluded: tuple[Excluded, ...]
    specks: tuple[Specks, ...] = ()
    things: tuple[Thing, ...] = ()

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
    excluded += [(as_excluded(region, w, v), w.outlined) for w, v in others if w.evidence.volume_mm3 >= least_mm3]
    specks = [(v.reason, w.evidence.volume_mm3) for w, v in others if w.evidence.volume_mm3 < least_mm3]
    kept = joined_up(region, whole, anatomy, settings)
    return conclude(region, kept, excluded, counted(specks), anatomy, settings)


def conclude(
    region: Region,
    kept: list[Weighed],
    excluded: list[tuple[Excluded, Thing]],
    specks: tuple[Specks, ...],
    anatomy: Anatomy,
    settings: Settings,
) -> Judgement:
    """Measure what is kept, and put all in order: the largest first."""
    kept = sorted(kept, key=lambda k: -k.evidence.volume_mm3)
    excluded = sorted(excluded, key=lambda pair: (-pair[0].volume_mm3, pair[0].centroid_lps_mm))

    def measured(number: int, w: Weighed) -> Lesion:
        lesion = measure(region, w.outlined, w.evidence, anatomy, number, settings.detection)
        probability = judge(w.evidence, settings).probability
        if probability is None:
            missing = (*lesion.not_said, null("confidence", "by_definition"))
            return msgspec.structs.replace(lesion, not_said=missing)
        return msgspec.structs.replace(lesion, confidence=round(probability, 3))

    lesions = in_parallel(measured, range(1, len(kept) + 1), kept)
    lesions = with_opposing_gaps(region, lesions, [k.outlined.candidate for k in kept])
    found = tuple(Kept(lesion, w.outlined) for lesion, w in zip(lesions, kept, strict=True))
    return Judgement(region, found, tuple(e for e, _ in excluded), specks, tuple(thing for _, thing in excluded))


def weigh(
    region: Region, candidates: list[Candidate], anatomy: Anatomy, settings: Settings
) -> tuple[list[Weighed], list[tuple[Excluded, Thing]]]:
    """Outline each candidate, split it into its parts and gather their evidence; nothing is judged.

    Returns
    -------
    What is to be judged, and what plainly lies elsewhere and was not outlined, with its voxels.
    """

    def looked_at(candidate: Candidate) -> list[tuple[Excluded | Weighed, Candidate]]:
        if elsewhere := plainly_elsewhere(region, candidate, anatomy, settings):
            return [(elsewhere, candidate)]
        outlined = outline(region, candidate, settings.detection)
        evidence = gather(region, outlined, anatomy, settings)
        if apart := parts_of(region, outlined, evidence, anatomy, settings):
            return all_of(apart)
        return [(Weighed(outlined, evidence), candidate)]

    def all_of(several: list[Candidate]) -> list[tuple[Excluded | Weighed, Candidate]]:
        several = sorted(several, key=lambda c: -c.mask.size)  # the largest takes longest: it is not left to the end
        return [seen for one in in_parallel(looked_at, several) for seen in one]

    found = all_of(candidates)
    excluded: list[tuple[Excluded, Thing]] = [(seen, thing) for seen, thing in found if isinstance(seen, Excluded)]
    return [seen for seen, _ in found if isinstance(seen, Weighed)], excluded


def joined_up(region: Region, kept: list[Weighed], anatomy: Anatomy, settings: Settings) -> list[Weighed]:
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


def as_excluded(region: Region, weighed: Weighed, verdict: Verdict) -> Excluded:
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


def candidate_of(thing: Thing) -> Candidate:
    """Return the voxels of what is not counted."""
    return thing.candidate if isinstance(thing, Outlined) else thing


def label_map(grid: Grid, judgement: Judgement) -> NDArray[np.uint16]:
    """Return each lesion's id in its voxels, (slice, row, column) on the series' own grid; the larger lesion wins."""
    labels = np.zeros(grid.shape, np.uint16)
    near = grid.turned(labels)[judgement.region.box]
    for k in reversed(judgement.kept):
        near[k.outlined.candidate.box][k.outlined.candidate.mask] = k.lesion.id
    return labels
