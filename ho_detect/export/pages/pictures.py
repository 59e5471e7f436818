"""Planes and projections as grey pictures with outlines in millimetres, to be drawn as SVG: crisp, small and quick."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.judge.excluded import Excluded, group_of
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.export.pages.images import data_uri, grey
from ho_detect.export.pages.layers import Layers
from ho_detect.export.pages.outlines import OnPicture, Outline, numbers_on
from ho_detect.export.pictures.figures import PLANE_WINDOW_HU, PROJECTION_WINDOW_HU, Window, colour_of
from ho_detect.export.pictures.lesion_places import (
    GapLine,
    LesionVoxels,
    Place,
    contacts_and_gaps,
    largest_extent,
    reach_mm,
)
from ho_detect.export.pictures.planes import Plane, View, coronal_projection, plane_through
from ho_detect.export.pictures.slice_words import slice_words
from ho_detect.results.hidden import HIDDEN, METAL
from ho_detect.results.result import Result

#: What a plane shows around a lesion: at least this, or so many times its longest diameter or gap, mm.
FIELD_MM, _FIELD_PER_DIAMETER = 130.0, 1.25
#: What is shown around a thing that is not counted, mm.
EXCLUDED_FIELD_MM = 80.0
#: Colours of what is undecided, and of another thing that was detected and not counted.
_UNDECIDED_INK, _THING_INK = "#FFFFFF", "#F0E442"

_PLANES: tuple[Plane, ...] = ("axial", "coronal", "sagittal")
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class DrawnGap:
    """A gap on a picture: the ends of a line, mm, and its measured length in words."""

    ends_mm: Box
    words: str


@dataclass(frozen=True)
class Picture:
    """A picture whose unit is the millimetre, origin at the upper left.

    Parameters
    ----------
    title
        What is shown, in words.
    found_at
        Slice, table position and instance number.
    size_mm
        Width and height of the field.
    image
        Grey values as a data URI.
    image_box_mm
        Left, top, width and height of the grey values in the field.
    outlines
        Lesions that the plane meets, what is undecided, and the thing that it is about.
    bone, hidden
        SVG paths of native bone, and of what metal hides; empty without any.
    heads
        Fitted femoral heads on a projection: x, y and radius, mm.
    gap
        The gap that is drawn.
    letters
        Patient directions at the left, right, top and bottom.
    window_hu
        HU shown black and white.
    is_projection
        Whether depth is lost.
    """

    title: str
    found_at: str
    size_mm: tuple[float, float]
    image: str
    image_box_mm: Box
    outlines: tuple[Outline, ...]
    bone: str
    hidden: str
    heads: tuple[tuple[float, float, float], ...]
    gap: DrawnGap | None
    letters: tuple[str, str, str, str]
    window_hu: Window
    is_projection: bool


@dataclass(frozen=True)
class _Shot:
    """What is asked of a picture: its title, its field in mm of the view, and what is drawn besides lesions."""

    title: str
    field_mm: Box
    window_hu: Window = PLANE_WINDOW_HU
    gap: GapLine | None = None
    thing: int | None = None


def picture_layers(result: Result, lesions: tuple[Lesion, ...], things: tuple[Excluded, ...]) -> Layers:
    """Return the layers around all pictures of a page: of each hip, these lesions and these things."""
    half = math.sqrt(2) / 2
    balls = [(h.center_lps_mm, half * FIELD_MM) for h in result.hips if h.center_lps_mm is not None]
    balls += [(x.centroid_lps_mm, x.max_diameter_mm + reach_mm(x) + half * field_mm_of(x)) for x in lesions]
    balls += [(e.centroid_lps_mm, half * EXCLUDED_FIELD_MM) for e in things]
    return Layers.around(result, balls)


def extent_pictures(layers: Layers, lesion: Lesion, voxels: LesionVoxels) -> tuple[Picture, ...]:
    """Return axial, coronal and sagittal pictures through the largest extent of one lesion, of one field."""
    return tuple(_of_place(layers, place, field_mm_of(lesion)) for place in largest_extent(voxels))


def contact_pictures(layers: Layers, lesion: Lesion, voxels_of: dict[int, LesionVoxels]) -> tuple[Picture, ...]:
    """Return pictures through the contacts of one lesion with bone, and through the gap it leaves, drawn as a line."""
    places = contacts_and_gaps(lesion, layers.result.lesions, voxels_of, layers.bones_in)
    return tuple(_of_place(layers, place, field_mm_of(lesion)) for place in places)


def head_pictures(layers: Layers, hip: Hip) -> tuple[Picture, ...]:
    """Return the three planes through a femoral head; none where it was not found."""
    if hip.center_lps_mm is None:
        return ()
    places = (Place(plane, hip.center_lps_mm, "femoral head") for plane in _PLANES)
    return tuple(_of_place(layers, place, FIELD_MM) for place in places)


def excluded_picture(layers: Layers, thing: Excluded) -> Picture:
    """Return a small axial picture of a thing that is not counted, with its outline."""
    return _of_place(layers, Place("axial", thing.centroid_lps_mm, ""), EXCLUDED_FIELD_MM, thing.number)


def projection_picture(layers: Layers) -> Picture:
    """Return the coronal projection of the joints."""
    result = layers.result
    centers = [h.center_lps_mm for h in result.hips if h.center_lps_mm is not None]
    view = coronal_projection(result.volume, result.labels, centers)
    left, right, bottom, top = view.extent_mm
    return _picture(
        layers, view, _Shot("coronal projection", (left, top, right - left, bottom - top), PROJECTION_WINDOW_HU)
    )


def field_mm_of(lesion: Lesion) -> float:
    """Return the width of the pictures of a lesion, mm."""
    longest = max(_FIELD_PER_DIAMETER * lesion.max_diameter_mm, FIELD_MM)
    return math.ceil(longest / 10) * 10.0


def _of_place(layers: Layers, place: Place, field_mm: float, thing: int | None = None) -> Picture:
    result = layers.result
    view = plane_through(result.volume, result.labels, place.plane, place.point)
    x, y, _ = view.place(place.point)
    title = f"{place.plane}, {place.shows}" if place.shows else place.plane
    return _picture(
        layers, view, _Shot(title, (x - field_mm / 2, y - field_mm / 2, field_mm, field_mm), gap=place.gap, thing=thing)
    )


def _picture(layers: Layers, view: View, shot: _Shot) -> Picture:
    """Cut the field (left, top, width, height in mm of the view) out of a view."""
    left, top, width, height = shot.field_mm
    row_mm, column_mm = view.spacing_mm
    rows = pixel_range(top, height, row_mm, view.hu.shape[0])
    columns = pixel_range(left, width, column_mm, view.hu.shape[1])
    hu = view.hu[rows, columns]
    # pixel (0, 0) has its center at the origin of the view
    corner = columns.start * column_mm - left, rows.start * row_mm - top
    on = OnPicture(view.spacing_mm, corner)
    hidden, spacing_mm = layers.hidden_on(view)
    bone = "" if view.is_projection else on.path((layers.bones_on(view) & (hidden < METAL))[rows, columns])
    circles = [view.circle(hip) for hip in layers.result.hips] if view.is_projection else []
    return Picture(
        title=shot.title,
        found_at=slice_words(layers.result.volume, view),
        size_mm=(width, height),
        image=data_uri(grey(hu, shot.window_hu)),
        image_box_mm=(
            corner[0] - column_mm / 2,
            corner[1] - row_mm / 2,
            hu.shape[1] * column_mm,
            hu.shape[0] * row_mm,
        ),
        outlines=tuple(_outlines(layers, view, (rows, columns), on, shot.thing)),
        bone=bone,
        hidden=OnPicture(spacing_mm, (-left, -top)).path(hidden >= HIDDEN),
        heads=tuple((x - left, y - top, radius) for x, y, radius in circles if radius > 0),
        gap=None if shot.gap is None else _drawn(view, shot.gap, (left, top)),
        letters=view.letters,
        window_hu=shot.window_hu,
        is_projection=view.is_projection,
    )


def pixel_range(start_mm: float, length_mm: float, step_mm: float, n: int) -> slice:
    """Return the pixels that a stretch meets, at least one."""
    first = min(max(math.floor(start_mm / step_mm + 0.5), 0), n - 1)
    last = min(max(math.ceil((start_mm + length_mm) / step_mm + 0.5), first + 1), n)
    return slice(first, last)


def _outlines(
    layers: Layers, view: View, part: tuple[slice, slice], on: OnPicture, thing: int | None
) -> Iterator[Outline]:
    """Yield what is undecided, the thing that a picture is about, then lesions, which are drawn over them."""
    excluded = layers.result.excluded
    undecided = frozenset(e.number for e in excluded if e.number is not None and group_of(e.reason) == "undecided")
    wanted = undecided | (frozenset() if thing is None else frozenset({thing}))
    for number, mask in numbers_on(layers.things_on(view, wanted)[part]):
        if number in undecided:
            label = f"?{number}"
            yield Outline(number, "undecided", label, _UNDECIDED_INK, on.path(mask), on.label_at(mask))
        else:
            yield Outline(number, "thing", "", _THING_INK, on.path(mask), on.label_at(mask))
    for lesion_id, mask in numbers_on(view.labels[part]):
        yield Outline(lesion_id, "lesion", str(lesion_id), colour_of(lesion_id), on.path(mask), on.label_at(mask))


def _drawn(view: View, gap: GapLine, corner_mm: tuple[float, float]) -> DrawnGap:
    """Return a gap as it is drawn on a plane: its shadow, where it leads out of the plane, with its true length."""
    (x1, y1, _), (x2, y2, _) = view.place(gap.start), view.place(gap.end)
    left, top = corner_mm
    return DrawnGap((x1 - left, y1 - top, x2 - left, y2 - top), f"{gap.mm:.1f} mm")
