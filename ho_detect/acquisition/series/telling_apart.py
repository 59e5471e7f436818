"""What tells images of one geometry apart: marks of the header, times, numbers, places in the plane."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from ho_detect.acquisition.headers.slices import PHASE_MARKS, SliceEntry
from ho_detect.acquisition.series.places import whole_multiples
from ho_detect.image.grid import FloatArray
from ho_detect.settings import AcquisitionSettings

#: Marks that name a person or a day: numbered in what is said.
_HIDDEN: Final = ("patient", "date")
#: Fields of view whose corners are farther apart than this are others; a slice of a tilted stack is not, from the next.
_OTHER_FIELD_MM: Final = 2.0
#: More pauses than this are not tried as ends of scans.
_MOST_PAUSES: Final = 9
#: Fewer slices show no steps in turn: two of each step are even whatever they are.
_LEAST_IN_TURN: Final = 6
#: Positions written with one decimal make steps differ by this.
_ROUNDED_MM: Final = 0.1


def heights_of(images: Sequence[SliceEntry]) -> FloatArray:
    """Return where images (n) of one orientation lie along their normal, mm."""
    across, down = np.split(np.array(images[0].orientation, float), 2)
    return np.asarray([i.position for i in images], float) @ np.cross(across, down)


def is_even(heights: FloatArray, settings: AcquisitionSettings) -> bool:
    """Whether sorted heights (n,) are evenly spaced, within what rounding of positions makes of them."""
    steps = np.diff(heights)
    limit = max(settings.step_tolerance_mm, 0.01 * float(np.median(steps)), _ROUNDED_MM)
    return bool((abs(steps - np.median(steps)) <= limit).all())


def is_regular(heights: FloatArray, settings: AcquisitionSettings) -> bool:
    """Whether heights (n,) in any order are those of a stack: evenly spaced, slices may be missing."""
    heights = np.sort(heights)
    if is_even(heights, settings):
        return True
    times, _, missing = whole_multiples(np.diff(heights), settings)
    return missing > 0 and bool(np.median(times) == 1)


def fields_of_view(images: Sequence[SliceEntry], min_slices: int) -> list[list[SliceEntry]]:
    """Return images by where their first voxel lies in the plane; all as one where that makes no stacks.

    Fields of view hold slices enough each; a stack that leans moves a little from slice to slice and stays one.
    """
    across, down = np.split(np.array(images[0].orientation, float), 2)
    corners = np.array([i.position for i in images], float) @ np.stack([across, down], axis=1)
    groups = [np.arange(len(images))]
    for axis in (0, 1):
        groups = [part for group in groups for part in _cut(group, corners[group, axis])]
    if len(groups) < 2 or min(map(len, groups)) < min_slices:
        return [list(images)]
    return [[images[k] for k in sorted(group.tolist())] for group in groups]


def _cut(group: np.ndarray, values: FloatArray) -> list[np.ndarray]:
    order = np.argsort(values, kind="stable")
    return np.split(group[order], np.flatnonzero(np.diff(values[order]) > _OTHER_FIELD_MM) + 1)


def partitions(images: Sequence[SliceEntry]) -> Iterable[tuple[str, dict[str, list[SliceEntry]]]]:
    """Yield ways to tell images apart: by one mark, by all, by their number among those of their place."""
    for k, name in enumerate(PHASE_MARKS):
        marks = [image.marks[k] for image in images]
        if name in _HIDDEN:
            known = sorted(set(marks))
            marks = [str(known.index(mark) + 1) for mark in marks]
        yield name, _by(images, marks)
    yield "thickness", _by(images, [f"{i.thickness:g} mm" if i.thickness else "not stated" for i in images])
    for name, moments in (
        ("time", [image.acquired for image in images]),
        ("content time", [image.created for image in images]),
    ):
        yield from ((name, _by(images, marks)) for marks in _scans_by_time(moments))
    files = sorted({str(image.path) for image in images if image.n_frames > 1})
    if files:
        numbers = {path: str(number) for number, path in enumerate(files, start=1)}
        yield "file", _by(images, [numbers.get(str(image.path), "") for image in images])
    yield "reconstruction", _by(images, [" ".join(image.marks) for image in images])
    yield "repeat", _by(images, _repeats(images))
    yield "repeat", _by(images, _runs(images))
    yield "repeat", _by(images, _same_numbers(images))


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
    for k, height in enumerate(heights_of(images).round(2).tolist()):
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


def _scans_by_time(moments: Sequence[float | None]) -> Iterable[list[str]]:
    """Yield numbers of scans, cut at the longest pause, the two longest, and so on."""
    if any(moment is None for moment in moments):
        return
    times = np.array(moments, float)
    known = np.unique(times)
    pauses = np.diff(known)
    for n in range(1, min(len(pauses), _MOST_PAUSES) + 1):
        ends = np.sort(np.argsort(-pauses, kind="stable")[:n])
        yield (np.searchsorted(known[ends + 1], times, side="right") + 1).astype(str).tolist()


def _runs(images: Sequence[SliceEntry]) -> list[str]:
    """Number the runs in which heights go one way when images are taken by instance number."""
    numbers = [image.instance for image in images]
    if None in numbers or len(set(numbers)) != len(numbers):
        return ["1"] * len(images)
    order = sorted(range(len(images)), key=lambda k: images[k].instance or 0)
    steps = np.sign(np.diff(heights_of(images)[order]))
    way = 1.0 if steps.sum() >= 0 else -1.0
    run = np.concatenate([[1], 1 + np.cumsum(steps != way)])
    found = [""] * len(images)
    for place, number in zip(order, run.tolist(), strict=True):
        found[place] = str(number)
    return found


def _same_numbers(images: Sequence[SliceEntry]) -> list[str]:
    """Number images of one instance number by height, where each number is there as often."""
    by_number: dict[int | None, list[int]] = defaultdict(list)
    heights = heights_of(images)
    for k, image in enumerate(images):
        by_number[image.instance].append(k)
    if len({len(group) for group in by_number.values()}) != 1 or len(by_number) < len(images) / 4:
        return ["1"] * len(images)
    found = [""] * len(images)
    for group in by_number.values():
        for rank, k in enumerate(sorted(group, key=heights.__getitem__), start=1):
            found[k] = str(rank)
    return found


def alternating(images: Sequence[SliceEntry], settings: AcquisitionSettings) -> str:
    """Return what shows that unevenly spaced images are of several scans laid into each other; empty: nothing.

    A mark that changes back and forth along the stack, the longest pause of the acquisition in between neighbours
    again and again, or two steps in turn.
    """
    order = np.argsort(heights_of(images), kind="stable").tolist()
    ordered = [images[k] for k in order]
    ways = [(name, [image.marks[k] for image in ordered]) for k, name in enumerate(PHASE_MARKS)]
    by_time = next(iter(_scans_by_time([image.acquired for image in ordered])), [])
    for name, marks in (*ways, ("time", by_time)):
        n_groups = len(set(marks))
        n_changes = sum(a != b for a, b in pairwise(marks))
        if 1 < n_groups <= len(marks) / 2 and n_changes > n_groups - 1:
            return f"steps are uneven, and {name} changes {n_changes} times along the stack"
    heights = heights_of(ordered)
    if len(heights) >= _LEAST_IN_TURN and all(is_even(heights[k::2], settings) for k in (0, 1)):
        first, second = np.diff(heights)[:2].tolist()
        return f"steps of {first:.2f} and {second:.2f} mm in turn, as of two scans laid into each other"
    return ""
