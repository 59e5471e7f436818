"""The images of one series to the volumes among them: by geometry, then by what tells repeats of one place apart.

A series can hold several frames of reference, orientations and reconstructions, or several phases of one scan. A
scan acquired in stretches, one after the other, is one volume.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from ho_detect.acquisition.headers.slices import SliceEntry
from ho_detect.acquisition.series.duplicates import without_duplicates
from ho_detect.acquisition.series.telling_apart import (
    alternating,
    fields_of_view,
    heights_of,
    is_even,
    is_regular,
    partitions,
)
from ho_detect.image.grid import FloatArray
from ho_detect.settings import AcquisitionSettings

#: Direction cosines that differ by less than this (about 0.6°) are meant to be the same.
_SAME_DIRECTION = 0.01
#: Pixel spacings that differ by less than this share are meant to be the same.
_SAME_SPACING = 1e-3
#: Stretches of one scan overlap by less than this share of the shorter one; phases do by more.
_STRETCHES_OVERLAP = 0.5
#: Scans of one place share at least this much of the shorter one.
_SAME_EXTENT = 0.8


@dataclass(frozen=True)
class Part:
    """Images of one series that may be a volume.

    Parameters
    ----------
    images
        In any order; with what cannot be told from them.
    label
        What tells them from the other parts; empty where there are none.
    n_joined
        Images left out where stretches of one scan overlap.
    n_stretches
        Stretches of a scan that were joined.
    refused
        Why they are no volume; empty where nothing speaks against it.
    """

    images: tuple[SliceEntry, ...]
    label: str = ""
    n_joined: int = 0
    n_stretches: int = 1
    refused: str = ""


def split_series(images: Sequence[SliceEntry], settings: AcquisitionSettings) -> tuple[list[Part], int]:
    """Return the volumes of a series, and how many images belong to none of them.

    Nothing is split where an image lacks its geometry, or where no part would have slices enough: then the whole is
    judged. An image that lies within a volume and is parallel to it, but of another size, spacing or frame of
    reference, stays with that volume, which is then refused for it: it may be one of its slices, damaged.

    Parameters
    ----------
    images
        All that can be slices.
    settings
        ``min_slices`` and ``step_tolerance_mm`` are used.
    """
    whole = [Part(tuple(images))]
    if not all(_has_geometry(image) for image in images):
        return whole, 0
    groups = list(_grouped(images).values())
    large = [g for g in groups if _n_places(g) >= settings.min_slices]
    if not large and len(groups) > 1:
        return whole, 0
    large = large or groups
    small = [g for g in groups if not any(g is other for other in large)]
    n_aside = 0
    for image in (image for group in small for image in group):
        home = next((g for g in large if _may_belong(image, g)), None)
        if home is None:
            n_aside += 1
        else:
            home.append(image)
    parts: list[Part] = []
    for group in large:
        found, n_small = _parts_of(group, settings)
        parts += found
        n_aside += n_small
    if len(large) > 1:
        parts = [replace(p, label=_joined(_geometry_label(p.images[0]), p.label)) for p in parts]
    return parts, n_aside


def _has_geometry(image: SliceEntry) -> bool:
    stated = ((image.position, 3), (image.orientation, 6), (image.spacing, 2))
    return all(v is not None and len(v) == n and np.isfinite(v).all() for v, n in stated)


def _grouped(images: Iterable[SliceEntry]) -> dict[Hashable, list[SliceEntry]]:
    orientation = _nearest(_SAME_DIRECTION, relative=False)
    spacing = _nearest(_SAME_SPACING, relative=True)
    groups: dict[Hashable, list[SliceEntry]] = defaultdict(list)
    for image in images:
        size = image.pixels.rows, image.pixels.columns
        groups[image.frame_of_reference, size, orientation(image.orientation), spacing(image.spacing)].append(image)
    return groups


def _nearest(tolerance: float, *, relative: bool) -> Callable[[tuple[float, ...] | None], int]:
    """Return a function that numbers values, the same number for those within the tolerance of the first one."""
    known: list[FloatArray] = []
    numbers: dict[tuple[float, ...] | None, int] = {}

    def number(value: tuple[float, ...] | None) -> int:
        if value not in numbers:
            new = np.array(value, float)
            limit = tolerance * abs(new) if relative else tolerance
            near = (k for k, old in enumerate(known) if (abs(new - old) <= limit).all())
            numbers[value] = found = next(near, len(known))
            if found == len(known):
                known.append(new)
        return numbers[value]

    return number


def _n_places(images: Sequence[SliceEntry]) -> int:
    return len(np.unique(heights_of(images).round(1)))


def _may_belong(image: SliceEntry, group: Sequence[SliceEntry]) -> bool:
    turn = np.array(image.orientation, float) - np.array(group[0].orientation, float)
    if (abs(turn) > _SAME_DIRECTION).any():
        return False
    heights = np.sort(heights_of(group))
    step = float(np.median(np.diff(heights)))
    (height,) = heights_of([image])
    return bool(heights[0] - 1.5 * step <= height <= heights[-1] + 1.5 * step)


def _geometry_label(image: SliceEntry) -> str:
    across, down = np.split(np.array(image.orientation, float), 2)
    plane = ("sagittal", "coronal", "axial")[int(np.argmax(abs(np.cross(across, down))))]
    spacing = image.spacing or (0.0, 0.0)
    return f"{plane}, {image.pixels.rows}x{image.pixels.columns} pixels of {spacing[0]:.2f} mm"


def _joined(*labels: str) -> str:
    return "; ".join(label for label in labels if label)


def _parts_of(images: Sequence[SliceEntry], settings: AcquisitionSettings) -> tuple[list[Part], int]:
    """Return the volumes among images of one geometry (one where nothing tells images at one place apart), and how many
    images are of none of them.
    """  # fmt: skip
    positions = np.array([i.position for i in images], float)
    kept = [images[k] for k in without_duplicates(images, positions)]
    fields = fields_of_view(kept, settings.min_slices)
    if len(fields) == 1:
        return _of_one_field(images, kept, settings)
    parts: list[Part] = []
    n_aside = 0
    for number, field in enumerate(fields, start=1):
        found, n_small = _of_one_field(field, field, settings)
        parts += [replace(part, label=_joined(f"field of view {number}", part.label)) for part in found]
        n_aside += n_small
    return parts, n_aside


def _of_one_field(
    images: Sequence[SliceEntry], kept: Sequence[SliceEntry], settings: AcquisitionSettings
) -> tuple[list[Part], int]:
    """Return the volumes among images with one field of view; ``kept`` are those that are no copies."""
    tolerance = settings.step_tolerance_mm
    if not _collide(kept, tolerance):
        return _side_by_side(images, kept, settings)
    for name, parts in partitions(kept):
        if len(parts) > 1 and not any(_collide(part, tolerance) for part in parts.values()):
            return _joined_or_apart(name, parts, settings)
    return [Part(tuple(images))], 0


def _side_by_side(
    images: Sequence[SliceEntry], kept: Sequence[SliceEntry], settings: AcquisitionSettings
) -> tuple[list[Part], int]:
    """Return the volumes among images of which no two lie at one place: scans may lie between each other's slices.

    Where a mark makes groups that are regular stacks of nearly the same extent each, they are volumes of their own.
    Where steps are uneven, groups that overlap a little are stretches of one scan; where they alternate otherwise,
    the images are refused.
    """
    whole = [Part(tuple(images))]
    heights = np.sort(heights_of(kept))
    if len(kept) < 2 * settings.min_slices:
        return whole, 0
    even = is_even(heights, settings)
    stretches: tuple[str, dict[str, list[SliceEntry]]] | None = None
    for name, parts in partitions(kept):
        if len(parts) < 2 or min(map(len, parts.values())) < settings.min_slices:
            continue
        groups = list(parts.values())
        overlaps = [_overlap(a, b) for a, b in combinations(groups, 2)]
        if min(overlaps) >= _SAME_EXTENT and all(is_regular(heights_of(g), settings) for g in groups):
            return [Part(tuple(g), f"{name} {label}") for label, g in sorted(parts.items())], 0
        if stretches is None and 0 < max(overlaps) < _STRETCHES_OVERLAP:
            stretches = name, parts
    if even:
        return whole, 0
    if stretches is not None:
        return _joined_or_apart(*stretches, settings)
    why = alternating(kept, settings)
    return [Part(tuple(images), refused=why)], 0


def _collide(images: Sequence[SliceEntry], tolerance: float) -> bool:
    return bool((np.diff(np.sort(heights_of(images))) < tolerance).any())


def _joined_or_apart(
    name: str, parts: dict[str, list[SliceEntry]], settings: AcquisitionSettings
) -> tuple[list[Part], int]:
    """Join parts that lie one beyond the other (stretches of one scan); keep those at the same places apart."""
    volumes: list[tuple[str, list[SliceEntry], int, int]] = []
    for label, images in sorted(parts.items(), key=lambda item: (-len(item[1]), item[0])):
        home = next((k for k, v in enumerate(volumes) if _overlap(v[1], images) < _STRETCHES_OVERLAP), None)
        if home is None:
            volumes.append((label, images, 0, 1))
            continue
        heights, steps = heights_of(volumes[home][1]), np.diff(np.sort(heights_of(volumes[home][1])))
        room = 0.5 * float(np.median(steps)) if len(steps) else settings.step_tolerance_mm
        own = heights_of(images)
        apart = (own < heights.min() - room) | (own > heights.max() + room)
        added = [image for image, is_apart in zip(images, apart, strict=True) if is_apart]
        first, joined, n_left_out, n = volumes[home]
        volumes[home] = (first, joined + added, n_left_out + len(images) - len(added), n + 1)
    large = [v for v in volumes if _n_places(v[1]) >= settings.min_slices]
    if not large or (name == "repeat" and len(large) < len(volumes)):
        # a slice that is there again with other content, and no mark says which one is meant: not to be guessed away
        return [Part(tuple(image for part in parts.values() for image in part))], 0
    n_small = sum(len(images) for _, images, _, _ in volumes) - sum(len(images) for _, images, _, _ in large)
    several = len(large) > 1
    return [
        Part(tuple(images), f"{name} {label}" if several else "", n_joined, n) for label, images, n_joined, n in large
    ], n_small


def _overlap(a: Sequence[SliceEntry], b: Sequence[SliceEntry]) -> float:
    """Return the share of the shorter of two stretches that the other covers; of a single image all or nothing."""
    heights = [heights_of(images) for images in (a, b)]
    common = float(min(h.max() for h in heights) - max(h.min() for h in heights))
    shorter = float(min(np.ptp(h) for h in heights))
    return common / shorter if shorter > 0 else float(common >= 0)
