"""Images of one stack that a de-identifier without memory gave series, studies or patients of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Final

import msgspec
import numpy as np

from ho_detect.acquisition.headers.slices import SliceEntry
from ho_detect.acquisition.series.entry import SeriesEntry
from ho_detect.acquisition.series.telling_apart import heights_of, is_regular
from ho_detect.settings import AcquisitionSettings

#: As many images for each place, at most: copies of some may be there.
_COPIES: Final = 1.1


def with_torn_apart(entries: Sequence[SeriesEntry], settings: AcquisitionSettings) -> list[SeriesEntry]:
    """Say of series with too few slices where their images together lie like one stack.

    And of any number of slices, where one series UID stands under several patients or studies. They are not joined:
    images of several people can lie like that too.

    Parameters
    ----------
    entries
        All series found; their order is kept.
    settings
        ``min_slices`` and the tolerances of steps are used.
    """
    out = list(entries)
    for like in (_under_one_uid, _in_one_folder, _anywhere):
        groups: dict[Hashable, list[int]] = defaultdict(list)
        for place, entry in enumerate(out):
            if entry.slices and _lies_somewhere(entry) and (key := like(entry)) is not None:
                groups[key].append(place)
        for places in groups.values():
            images = [image for place in places for image in out[place].slices]
            if len(places) > 1 and _is_stack(images, settings):
                detail = f"{len(images)} images in {len(places)} series lie like one stack"
                for place in places:
                    out[place] = msgspec.structs.replace(out[place], reason="torn_apart", detail=detail)
    return out


def _under_one_uid(entry: SeriesEntry) -> Hashable:
    """Return what the parts of one series have in common that got patients or studies of their own."""
    if entry.part or entry.reason not in (None, "too_few_slices"):
        return None
    return *_like(entry), entry.series_uid


def _in_one_folder(entry: SeriesEntry) -> Hashable:
    return (*_like(entry), entry.folder) if entry.reason == "too_few_slices" else None


def _anywhere(entry: SeriesEntry) -> Hashable:
    return _like(entry) if entry.reason == "too_few_slices" else None


def _lies_somewhere(entry: SeriesEntry) -> bool:
    stated = ((i.position, i.orientation, i.spacing) for i in entry.slices)
    return all(
        p is not None and o is not None and s is not None and len(p) == 3 and len(o) == 6 and len(s) == 2
        and bool(np.isfinite([*p, *o, *s]).all())
        for p, o, s in stated
    )  # fmt: skip


def _like(entry: SeriesEntry) -> tuple[Hashable, ...]:
    """Return what the images of one stack have in common, whatever they say of whose they are."""
    image = entry.slices[0]
    turn = tuple(round(v, 2) for v in image.orientation or ())
    spacing = tuple(round(v, 3) for v in image.spacing or ())
    return entry.rows, entry.columns, turn, spacing


def _is_stack(images: Sequence[SliceEntry], settings: AcquisitionSettings) -> bool:
    heights = np.unique(heights_of(images).round(2))
    if len(heights) < settings.min_slices or len(images) > _COPIES * len(heights):
        return False
    steps = np.diff(heights)
    return bool(np.median(steps) <= settings.max_slice_step_mm) and is_regular(heights, settings)
