"""Candidates to lesions and what is set aside."""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ho_detect.anatomy.find import Anatomy
from ho_detect.detection.candidates import Candidate, Region, points_of
from ho_detect.detection.evidence import Evidence, gather
from ho_detect.detection.judge.excluded import Excluded, Specks, counted
from ho_detect.detection.judge.mimic_settings import MimicSettings
from ho_detect.detection.judge.mimics import exclude, in_metal_zone, is_vessel, may_continue, reason_to_set_aside
from ho_detect.detection.judge.screening import plainly_elsewhere
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.detection.measure.measure import measure
from ho_detect.detection.measure.opposing import with_opposing_gaps
from ho_detect.detection.outline import Outlined, outline
from ho_detect.detection.split.bowel import parted_from_bowel
from ho_detect.detection.split.merge import lies_beside, merged
from ho_detect.detection.split.metal import parted_at_metal_zone
from ho_detect.detection.split.osteophytes import parted_from_osteophytes
from ho_detect.detection.split.vessel import thicker_than_vessel
from ho_detect.settings import Settings
from ho_detect.system.parallel import in_parallel

Judged = tuple[Outlined, Evidence]


@dataclass(frozen=True, eq=False)
class Kept:
    """A lesion and its voxels."""

    lesion: Lesion
    outlined: Outlined


@dataclass(frozen=True, eq=False)
class Judgement:
    """What became of all candidates of a region: lesions, largest first, and what is excluded, listed or counted."""

    region: Region
    kept: tuple[Kept, ...]
    excluded: tuple[Excluded, ...]
    specks: tuple[Specks, ...] = ()

    @property
    def lesions(self) -> tuple[Lesion, ...]:
        """The lesions, by id."""
        return tuple(k.lesion for k in self.kept)


def decide(
    region: Region,
    candidates: list[Candidate],
    anatomy: Anatomy,
    settings: Settings,
) -> Judgement:
    """Outline each candidate, set aside what only looks like ossification, measure the rest, largest first."""
    noise = region.noise_hu if np.isfinite(region.noise_hu) else 0.0

    def judged(candidate: Candidate) -> Judged:
        outlined = outline(region, candidate, settings.detection)
        return outlined, gather(region, outlined, anatomy, settings.anatomy.metal_zone_mm)

    def looked_at(candidate: Candidate) -> Excluded | Judged:
        return plainly_elsewhere(region, candidate, anatomy, settings.mimics) or judged(candidate)

    def parted(found: Judged, reason: str | None) -> list[Candidate]:
        if reason == "near_metal" and in_metal_zone(found[1], settings.mimics):
            zone_mm, margin_mm = settings.anatomy.metal_zone_mm, settings.detection.native_margin_mm
            return parted_at_metal_zone(region, found[0], anatomy.metal, zone_mm, margin_mm)
        return _parted(region, *found, reason, anatomy, settings.mimics)

    kept, set_aside, excluded, specks = _sorted_out(candidates, looked_at, parted, settings.mimics, noise)
    grown = [points_of(region, outlined.candidate) for outlined, evidence in kept if evidence.joined]
    for outlined, evidence, reason in set_aside:
        points = points_of(region, outlined.candidate)
        if may_continue(evidence, reason, settings.mimics) and lies_beside(points, grown, settings.mimics.continued_mm):
            kept.append((outlined, evidence))
        else:
            excluded.append(exclude(reason, evidence.side, evidence.volume_mm3, points.mean(axis=0), evidence.max_hu))
    parts = [outlined.candidate for outlined, _ in kept]
    whole = merged(parts, region.grid.voxel_volume_mm3 ** (2 / 3), settings.detection.contact_mm2)
    if len(whole) < len(parts):
        known = {id(pair[0].candidate): pair for pair in kept}
        kept = in_parallel(lambda candidate: known.get(id(candidate)) or judged(candidate), whole)
    kept.sort(key=lambda k: -k[1].volume_mm3)
    excluded.sort(key=lambda e: (-e.volume_mm3, e.centroid_lps_mm))

    def measured(number: int, outlined: Outlined, evidence: Evidence) -> Lesion:
        return measure(region, outlined, evidence, anatomy, number, settings.detection)

    lesions = in_parallel(measured, range(1, len(kept) + 1), *zip(*kept, strict=True)) if kept else []
    lesions = with_opposing_gaps(region, lesions, [outlined.candidate for outlined, _ in kept])
    found = tuple(Kept(*pair) for pair in zip(lesions, (o for o, _ in kept), strict=True))
    return Judgement(region, found, tuple(excluded), counted(specks))


def _sorted_out(
    candidates: list[Candidate],
    looked_at: Callable[[Candidate], Excluded | Judged],
    parted: Callable[[Judged, str | None], list[Candidate]],
    settings: MimicSettings,
    noise_hu: float,
) -> tuple[list[Judged], list[tuple[Outlined, Evidence, str]], list[Excluded], list[tuple[str, float]]]:
    """Return what is kept, what is set aside with its reason, what need not be looked at, and what is small."""
    kept: list[Judged] = []
    set_aside: list[tuple[Outlined, Evidence, str]] = []
    excluded: list[Excluded] = []
    specks: list[tuple[str, float]] = []
    waiting = list(candidates)
    while waiting:
        waiting.sort(key=lambda c: -c.mask.size)  # the largest takes longest: it is not left to the end
        parts: list[Candidate] = []
        for candidate, found in zip(waiting, in_parallel(looked_at, waiting), strict=True):
            if isinstance(found, Excluded):
                excluded.append(found)
                continue
            outlined, evidence = found
            reason = reason_to_set_aside(evidence, settings, noise_hu)
            apart = [] if candidate.parted else parted(found, reason)
            if apart:
                parts += apart
                continue
            if reason is None:
                kept.append(found)
            elif evidence.volume_mm3 >= settings.min_volume_mm3:
                set_aside.append((outlined, evidence, reason))
            else:
                specks.append((reason, evidence.volume_mm3))
        waiting = parts
    return kept, set_aside, excluded, specks


def _parted(
    region: Region,
    outlined: Outlined,
    evidence: Evidence,
    reason: str | None,
    anatomy: Anatomy,
    settings: MimicSettings,
) -> list[Candidate]:
    """Return the parts to judge one by one of what is joined with vessel, bowel or osteophytes; none if it is not."""
    if reason == "contrast" and is_vessel(evidence, settings):
        spacing_mm = np.array(region.grid.spacing_mm)
        thick, rest = thicker_than_vessel(outlined.candidate, spacing_mm, settings.vessel_radius_mm)
        return [*thick, rest] if thick and rest.mask.any() else []
    if reason is not None or not evidence.joined:
        return []
    frame = anatomy.frame(evidence.side)
    bowel = parted_from_bowel(region, outlined.candidate, frame, settings.wall_gap_mm) if evidence.cavity > 0.0 else []
    at_joint = evidence.head_distance_mm <= settings.joint_margin_mm
    return bowel or (parted_from_osteophytes(region, outlined.candidate, settings) if at_joint else [])


def label_map(shape: tuple[int, ...], judgement: Judgement) -> NDArray[np.uint16]:
    """Return a volume of that canonical shape with each lesion's id in its voxels; the larger lesion wins."""
    labels = _untouched_zeros(shape)
    near = labels[judgement.region.box]
    for k in reversed(judgement.kept):
        near[k.outlined.candidate.box][k.outlined.candidate.mask] = k.lesion.id
    return labels


def _untouched_zeros(shape: tuple[int, ...]) -> NDArray[np.uint16]:
    """Return zeros that take no memory where nothing is written; of numpy's much larger pages most would be touched."""
    room = mmap.mmap(-1, max(1, 2 * math.prod(shape)), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        room.madvise(mmap.MADV_NOHUGEPAGE)
    return np.ndarray(shape, np.uint16, room)
