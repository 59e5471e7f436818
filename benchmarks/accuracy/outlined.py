"""Every outlined candidate of a study, with what was measured of it: what the judgement is fitted to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.find import Anatomy, find_anatomy
from ho_detect.detection.candidates import find_candidates, region_near_hips
from ho_detect.detection.evidence import gather
from ho_detect.detection.judge.mimics import reason_to_set_aside
from ho_detect.detection.outline import outline
from ho_detect.image.grid import FloatArray, Grid
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
    kept
        Whether the method keeps it as ossification.
    """

    box: tuple[slice, slice, slice]
    mask: NDArray[np.bool_]
    features: dict[str, float]
    kept: bool


def looked_at(volume: HuVolume, settings: Settings | None = None) -> tuple[Anatomy, list[Looked]]:
    """Return the anatomy of a study and all that is dense and outside of native bone near its hips.

    Raises
    ------
    SeriesError
        There is no hip in view.
    """
    settings = settings or Settings()
    canonical = volume.canonical()
    anatomy = find_anatomy(canonical, None, settings)
    region = region_near_hips(canonical, anatomy, settings.detection)
    noise = region.noise_hu if np.isfinite(region.noise_hu) else 0.0
    found = []
    for candidate in find_candidates(region, settings.detection):
        outlined = outline(region, candidate, settings.detection)
        if not outlined.candidate.mask.any():
            continue
        evidence = gather(region, outlined, anatomy, settings.anatomy.metal_zone_mm)
        mask, box = outlined.candidate.mask, outlined.candidate.box
        where = tuple(slice(b.start + r.start, b.stop + r.start) for b, r in zip(box, region.box, strict=True))
        kept = reason_to_set_aside(evidence, settings.mimics, noise) is None
        numbers = dict(numbers_of(evidence)) | {"noise_hu": float(region.noise_hu), "low_hu": float(region.low_hu)}
        found.append(Looked(where, mask, numbers, kept))  # type: ignore[arg-type]
    return anatomy, found


def numbers_of(record: Any, prefix: str = "") -> Iterator[tuple[str, float]]:
    """Return a record's fields as numbers: null is NaN, a side 1 on the left, a set of bones a 0 or 1 each."""
    names = [f.name for f in fields(record)] if is_dataclass(record) else list(type(record).__struct_fields__)
    for name in names:
        value = getattr(record, name)
        if value is None:
            yield prefix + name, float("nan")
        elif isinstance(value, (bool, int, float, np.number, np.bool_)):
            yield prefix + name, float(value)
        elif name == "side":
            yield prefix + "left", float(value == "left")
        elif name == "touching":
            for bone in ("femur", "pelvis"):
                yield f"{prefix}touching_{bone}", float(bone in value)
        elif isinstance(value, msgspec.Struct) or is_dataclass(value):
            yield from numbers_of(value, prefix=f"{prefix}{name}_")


def center_of(grid: Grid, box: tuple[slice, slice, slice], mask: NDArray[np.bool_]) -> FloatArray:
    """Return the (3,) LPS mm of the middle of a mask in a box."""
    return grid.to_lps(np.argwhere(mask).mean(axis=0) + [s.start for s in box])
