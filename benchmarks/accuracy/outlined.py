"""Every outlined candidate of a study, with what was measured of it: what the judgement is fitted to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.find import Anatomy, find_anatomy
from ho_detect.detection.candidates import find_candidates, region_near_hips
from ho_detect.detection.detect import Weighed, weigh
from ho_detect.detection.evidence import Evidence, gather
from ho_detect.detection.judge.judge import Verdict, judge
from ho_detect.detection.outline import Outlined
from ho_detect.image.grid import FloatArray, Grid
from ho_detect.image.sides import BONES
from ho_detect.settings import Settings


@dataclass(frozen=True, eq=False)
class Looked:
    """One outlined candidate.

    Parameters
    ----------
    box, mask
        Its voxels, in the canonical volume.
    features
        What was measured of it, numbers only; NaN where it could not be.
    verdict
        What the method says of it today.
    """

    box: tuple[slice, slice, slice]
    mask: NDArray[np.bool_]
    features: dict[str, float]
    verdict: Verdict


def looked_at(
    volume: HuVolume, settings: Settings | None = None, *, smaller: bool = False
) -> tuple[Anatomy, list[Looked]]:
    """Return the anatomy of a study and all that is judged near its hips, as the method weighs it.

    Parameters
    ----------
    smaller
        Whether each outline loses its outermost voxels before it is weighed.

    Raises
    ------
    SeriesError
        There is no hip in view.
    """
    settings = settings or Settings()
    canonical = volume.canonical()
    anatomy = find_anatomy(canonical, None, settings)
    region = region_near_hips(canonical, anatomy, settings.detection)
    weighed, _ = weigh(region, find_candidates(region, settings.detection), anatomy, settings)
    found = []
    for w in weighed:
        if smaller:
            less = eroded(w.outlined)
            if less is None:
                continue
            w = Weighed(less, gather(region, less, anatomy, settings))
        mask, box = w.outlined.candidate.mask, w.outlined.candidate.box
        a, b, c = (slice(i.start + r.start, i.stop + r.start) for i, r in zip(box, region.box, strict=True))
        verdict = judge(w.evidence, settings)
        found.append(Looked((a, b, c), mask, dict(numbers_of(w.evidence)), verdict))
    return anatomy, found


def eroded(outlined: Outlined) -> Outlined | None:
    """Return a candidate without its outermost voxels; None where nothing of it is left."""
    mask = ndi.binary_erosion(outlined.candidate.mask)
    return replace(outlined, candidate=replace(outlined.candidate, mask=mask)) if mask.any() else None


def numbers_of(evidence: Evidence) -> Iterator[tuple[str, float]]:
    """Return evidence as numbers: null is NaN, a side 1 on the left, a set of bones a 0 or 1 each."""
    for name, value in msgspec.structs.asdict(evidence).items():
        if name == "side":
            yield "left", float(value == "left")
        elif name == "touching":
            yield from ((f"touching_{bone}", float(bone in value)) for bone in BONES)
        else:
            yield name, float("nan") if value is None else float(value)


def evidence_of(numbers: Mapping[str, Any]) -> Evidence:
    """Return the evidence that :func:`numbers_of` gave as numbers; other numbers are left out."""
    values: dict[str, Any] = {
        "side": "left" if numbers["left"] else "right",
        "touching": tuple(bone for bone in BONES if numbers[f"touching_{bone}"]),
    }
    for name, (is_bool, nullable) in _kinds_of_fields().items():
        if name not in values:
            value = float(numbers[name])
            # only what may be null is null; shares of what is out of view are NaN
            values[name] = bool(value) if is_bool else None if nullable and math.isnan(value) else value
    return Evidence(**values)


@lru_cache(maxsize=1)
def _kinds_of_fields() -> dict[str, tuple[bool, bool]]:
    """Return by name whether a field is a bool, and whether it may be null."""
    return {f.name: (f.type is bool, type(None) in get_args(f.type)) for f in msgspec.structs.fields(Evidence)}


def center_of(grid: Grid, box: tuple[slice, slice, slice], mask: NDArray[np.bool_]) -> FloatArray:
    """Return the (3,) LPS mm of the middle of a mask in a box."""
    return grid.to_lps(np.argwhere(mask).mean(axis=0) + [s.start for s in box])
