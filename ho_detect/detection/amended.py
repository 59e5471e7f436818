"""A judgement as a reader has changed it: what is counted differs, what is measured of it does not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ho_detect.anatomy.find import Anatomy
from ho_detect.detection.candidates import BoolArray, Candidate, Region
from ho_detect.detection.detect import (
    Judgement,
    Thing,
    Weighed,
    as_excluded,
    candidate_of,
    conclude,
    joined_up,
)
from ho_detect.detection.evidence import gather
from ho_detect.detection.judge.excluded import Excluded, numbered
from ho_detect.detection.judge.judge import Verdict
from ho_detect.detection.measure.shape import bounding_box
from ho_detect.detection.outline import Outlined, outline
from ho_detect.image.morphology import within
from ho_detect.settings import Settings

#: What a reader has drawn takes the place of what it covers to this share. Convention.
_COVERED = 0.5
#: A box has room for what is looked at around a lesion, voxels.
_MARGIN = 8
#: The rim by which the HU of an outline is said, mm: that of :mod:`ho_detect.detection.outline`.
_RIM_MM = 3.0


@dataclass(frozen=True)
class Rulings:
    """What a reader says of the automatic judgement.

    Parameters
    ----------
    drop
        Ids of its lesions that are not counted.
    keep
        Numbers of what it did not count, and the reader does.
    """

    drop: frozenset[int] = frozenset()
    keep: frozenset[int] = frozenset()


def amended(judgement: Judgement, rulings: Rulings, anatomy: Anatomy, settings: Settings) -> Judgement:
    """Count what a reader keeps, do not count what a reader drops, and measure all anew.

    What is kept and touches a lesion becomes one with it, as in the automatic judgement.

    Parameters
    ----------
    judgement
        The automatic one.

    Raises
    ------
    KeyError
        It has no lesion of an id, or nothing of a number.
    """
    region = judgement.region
    lesions = {k.lesion.id: k for k in judgement.kept}
    things = _numbered_things(judgement)
    unknown = (rulings.drop - lesions.keys()) | (rulings.keep - things.keys())
    if unknown:
        raise KeyError(min(unknown))
    weighed = {n: _weighed(region, k.outlined, anatomy, settings) for n, k in lesions.items()}
    others = [pair for n, pair in things.items() if n not in rulings.keep]
    others += [
        (_dropped(region, weighed[n], lesions[n].lesion.confidence), lesions[n].outlined) for n in sorted(rulings.drop)
    ]
    kept = [w for n, w in weighed.items() if n not in rulings.drop]
    if rulings.keep:
        kept += [_weighed(region, things[n][1], anatomy, settings) for n in sorted(rulings.keep)]
        kept = joined_up(region, kept, anatomy, settings)
    return conclude(region, kept, others, judgement.specks, anatomy, settings)


def redrawn(judgement: Judgement, labels: NDArray[np.uint16], anatomy: Anatomy, settings: Settings) -> Judgement:
    """Take the outlines of a reader: each label is one lesion, measured as it was drawn.

    A label that is voxel by voxel an automatic lesion, or a thing that was not counted, has the outline of that. An
    automatic lesion that no label covers is dropped; what was not counted and is covered is counted as part of a label.

    Parameters
    ----------
    judgement
        The automatic one.
    labels
        On the grid of its region: 0 background, else any number.
    """
    region = judgement.region
    found = [k.outlined for k in judgement.kept]
    kept = [
        _weighed(region, _as_drawn(region, labels == n, [*found, *judgement.things], settings), anatomy, settings)
        for n in np.unique(labels[labels > 0])
    ]
    others = [pair for pair in _numbered_things(judgement).values() if not _covered(pair[1], labels)]
    for k in judgement.kept:
        if not _covered(k.outlined, labels):
            weighed = _weighed(region, k.outlined, anatomy, settings)
            others.append((_dropped(region, weighed, k.lesion.confidence), k.outlined))
    return conclude(region, kept, others, judgement.specks, anatomy, settings)


def _numbered_things(judgement: Judgement) -> dict[int, tuple[Excluded, Thing]]:
    pairs = zip(numbered(judgement.excluded), judgement.excluded, judgement.things, strict=True)
    return {shown.number: (excluded, thing) for shown, excluded, thing in pairs if shown.number is not None}


def _weighed(region: Region, thing: Thing, anatomy: Anatomy, settings: Settings) -> Weighed:
    outlined = thing if isinstance(thing, Outlined) else outline(region, thing, settings.detection)
    return Weighed(outlined, gather(region, outlined, anatomy, settings))


def _dropped(region: Region, weighed: Weighed, probability: float | None) -> Excluded:
    return as_excluded(region, weighed, Verdict("excluded", "dropped_by_reader", probability, ""))


def _covered(thing: Thing, labels: NDArray[np.uint16]) -> bool:
    candidate = candidate_of(thing)
    return float((labels[candidate.box][candidate.mask] > 0).mean()) >= _COVERED


def _as_drawn(region: Region, mask: BoolArray, things: list[Thing], settings: Settings) -> Thing:
    """Return what was found with these voxels; else an outline as it was drawn."""
    size = int(mask.sum())
    for thing in things:
        candidate = candidate_of(thing)
        if int(candidate.mask.sum()) == size and mask[candidate.box][candidate.mask].all():
            return thing
    box = bounding_box(mask, _MARGIN)
    drawn = mask[box]
    joined = bool((drawn & (region.distance_mm[box] <= settings.detection.native_margin_mm)).any())
    rim = drawn & within(~drawn, _RIM_MM, region.grid.spacing_mm, to_faces=True)
    half = 0.5 * (region.muscle_hu + float(np.percentile(region.smooth[box][rim], 75)))
    boundary_hu = float(np.clip(half, region.low_hu, settings.detection.highest_boundary_hu))
    # with its HU an outline is final; without them afterwards, as it is not cut at metal
    final = outline(region, Candidate(box, drawn, joined, boundary_hu=boundary_hu), settings.detection)
    return replace(final, candidate=replace(final.candidate, boundary_hu=None))


def lesions_of(judgement: Judgement, automatic: Judgement) -> dict[int, frozenset[tuple[str, int]]]:
    """Return what each lesion of a judgement is in the automatic one: ``lesion`` and id, or ``detected`` and number."""
    lesions: dict[tuple[str, int], Thing] = {("lesion", k.lesion.id): k.outlined for k in automatic.kept}
    things: dict[tuple[str, int], Thing] = {
        ("detected", n): thing for n, (_, thing) in _numbered_things(automatic).items()
    }
    return {k.lesion.id: _within(judgement.region, k.outlined, lesions | things) for k in judgement.kept}


def things_of(judgement: Judgement, automatic: Judgement) -> dict[int, tuple[str, int]]:
    """Return what each thing that is not counted is in the automatic judgement; as :func:`lesions_of`."""
    named = {id(thing): ("detected", n) for n, (_, thing) in _numbered_things(automatic).items()}
    named |= {id(k.outlined): ("lesion", k.lesion.id) for k in automatic.kept}
    return {n: named[id(thing)] for n, (_, thing) in _numbered_things(judgement).items()}


def _within(region: Region, whole: Outlined, parts: dict[tuple[str, int], Thing]) -> frozenset[tuple[str, int]]:
    """Return the names of those that lie in a whole for the most part."""
    filled = np.zeros(region.grid.shape, np.uint16)
    filled[whole.candidate.box][whole.candidate.mask] = 1
    return frozenset(name for name, thing in parts.items() if _covered(thing, filled))
