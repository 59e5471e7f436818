"""The images of one series to the volumes among them: by geometry, then by what tells repeats of one place apart.

A series can hold several frames of reference, orientations and reconstructions, or several phases of one scan. A
scan acquired in stretches, one after the other, is one volume.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ho_detect.acquisition.headers.slices import PHASE_MARKS, SliceEntry
from ho_detect.acquisition.series.duplicates import without_duplicates
from ho_detect.image.grid import FloatArray
from ho_detect.settings import AcquisitionSettings

#: Direction cosines that differ by less than this (about 0.6°) are meant to be the same.
_SAME_DIRECTION = 0.01
#: Pixel spacings that differ by less than this share are meant to be the same.
_SAME_SPACING = 1e-3
#: Stretches of one scan overlap by less than this share of the shorter one; phases do by more.
_STRETCHES_OVERLAP = 0.5


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
    """

    images: tuple[SliceEntry, ...]
    label: str = ""
    n_joined: int = 0
    n_stretches: int = 1


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
        parts = [Part(p.images, _joined(_geometry_label(p.images[0]), p.label), p.n_joined, p.n_stretches)
                 for p in parts]  # fmt: skip
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


def _heights(images: Sequence[SliceEntry]) -> FloatArray:
    across, down = np.split(np.array(images[0].orientation, float), 2)
    return np.asarray([i.position for i in images], float) @ np.cross(across, down)


def _n_places(images: Sequence[SliceEntry]) -> int:
    return len(np.unique(_heights(images).round(1)))


def _may_belong(image: SliceEntry, group: Sequence[SliceEntry]) -> bool:
    turn = np.array(image.orientation, float) - np.array(group[0].orientation, float)
    if (abs(turn) > _SAME_DIRECTION).any():
        return False
    heights = np.sort(_heights(group))
    step = float(np.median(np.diff(heights)))
    (height,) = _heights([image])
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
    tolerance = settings.step_tolerance_mm
    if not _collide(kept, tolerance):
        return [Part(tuple(images))], 0
    for name, parts in _partitions(kept):
        if len(parts) > 1 and not any(_collide(part, tolerance) for part in parts.values()):
            return _joined_or_apart(name, parts, settings)
    return [Part(tuple(images))], 0


def _collide(images: Sequence[SliceEntry], tolerance: float) -> bool:
    return bool((np.diff(np.sort(_heights(images))) < tolerance).any())


def _partitions(images: Sequence[SliceEntry]) -> Iterable[tuple[str, dict[str, list[SliceEntry]]]]:
    """Yield ways to tell images apart: by one mark, by all, by their number among those of their place."""
    for k, name in enumerate(PHASE_MARKS):
        yield name, _by(images, [image.marks[k] for image in images])
    yield "reconstruction", _by(images, [" ".join(image.marks) for image in images])
    yield "repeat", _by(images, _repeats(images))


def _by(images: Iterable[SliceEntry], marks: Iterable[str]) -> dict[str, list[SliceEntry]]:
    parts: dict[str, list[SliceEntry]] = defaultdict(list)
    for image, mark in zip(images, marks, strict=True):
        parts[mark].append(image)
    return parts


def _repeats(images: Sequence[SliceEntry]) -> list[str]:
    """Number the images of each place by instance number.

    Only where instance numbers run through one repeat after the other, or at each place through all repeats of it;
    else nothing says what belongs together, and all get one number.
    """
    places: dict[float, list[int]] = defaultdict(list)
    for k, height in enumerate(_heights(images).round(2).tolist()):
        places[height].append(k)
    numbers = [-1 if image.instance is None else image.instance for image in images]
    unknown = ["1"] * len(images)
    if len({len(place) for place in places.values()}) != 1 or len(set(numbers)) != len(numbers):
        return unknown
    ordered = [sorted(place, key=numbers.__getitem__) for _, place in sorted(places.items())]
    table = np.array(numbers)[np.array(ordered)]
    in_blocks = (table[:, :-1].max(axis=0) < table[:, 1:].min(axis=0)).all()
    interleaved = (np.diff(table, axis=1) == 1).all()
    if not (in_blocks or interleaved):
        return unknown
    rank = np.empty(len(images), int)
    rank[np.array(ordered)] = np.arange(table.shape[1])
    return [str(r + 1) for r in rank]


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
        heights, steps = _heights(volumes[home][1]), np.diff(np.sort(_heights(volumes[home][1])))
        room = 0.5 * float(np.median(steps)) if len(steps) else settings.step_tolerance_mm
        own = _heights(images)
        apart = (own < heights.min() - room) | (own > heights.max() + room)
        added = [image for image, is_apart in zip(images, apart, strict=True) if is_apart]
        first, joined, n_left_out, n = volumes[home]
        volumes[home] = (first, joined + added, n_left_out + len(images) - len(added), n + 1)
    large = [v for v in volumes if _n_places(v[1]) >= settings.min_slices]
    if not large:
        return [Part(tuple(image for part in parts.values() for image in part))], 0
    n_small = sum(len(images) for _, images, _, _ in volumes) - sum(len(images) for _, images, _, _ in large)
    several = len(large) > 1
    return [
        Part(tuple(images), f"{name} {label}" if several else "", n_joined, n) for label, images, n_joined, n in large
    ], n_small


def _overlap(a: Sequence[SliceEntry], b: Sequence[SliceEntry]) -> float:
    """Return the share of the shorter of two stretches that the other covers."""
    heights = [_heights(images) for images in (a, b)]
    common = min(h.max() for h in heights) - max(h.min() for h in heights)
    return float(common / max(min(np.ptp(h) for h in heights), 1e-6))
