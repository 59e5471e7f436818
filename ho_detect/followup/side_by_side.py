"""Both studies in one plane, brought together by the bone that a lesion was placed by, and what has changed in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.acquisition.volume.hounsfield import AIR_HU
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.export.pages.images import data_uri, grey
from ho_detect.export.pages.outlines import OnPicture, Outline, numbers_on
from ho_detect.export.pages.pictures import Picture, field_mm_of, pixel_range
from ho_detect.export.pictures.figures import PLANE_WINDOW_HU, colour_of
from ho_detect.export.pictures.lesion_places import LesionVoxels, Place, largest_extent
from ho_detect.export.pictures.planes import View, plane_through
from ho_detect.export.pictures.slice_words import slice_words
from ho_detect.followup.comparison import Comparison, LesionChange, Registration
from ho_detect.followup.sentences import lesion_change_sentence
from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import Point
from ho_detect.results.result import Result

#: Pictures are made of so many changes, the largest first: a page stays small.
_MOST_CHANGES = 12
_GROWN_INK, _SHRUNK_INK, _EARLIER_INK = "#E69F00", "#56B4E9", "#FFFFFF"


@dataclass(frozen=True)
class ChangePictures:
    """One ossification in both studies.

    Parameters
    ----------
    sentence
        What has become of it.
    rows
        For each plane the earlier study, the later one, and the change; empty where the studies were not brought
        together there.
    """

    sentence: str
    rows: tuple[tuple[Picture, Picture, Picture], ...]


def change_pictures(comparison: Comparison, earlier: Result, later: Result) -> tuple[ChangePictures, ...]:
    """Return the axial and the coronal plane through each ossification, as the later study has them."""
    return tuple(
        ChangePictures(
            lesion_change_sentence(change),
            tuple(_rows(comparison, change, earlier, later)) if number < _MOST_CHANGES else (),
        )
        for number, change in enumerate(comparison.lesions)
    )


@dataclass(frozen=True, eq=False)
class _Motion:
    """later = rotation @ earlier + offset, LPS mm."""

    rotation: FloatArray
    offset_mm: FloatArray

    @classmethod
    def of(cls, registration: Registration) -> _Motion:
        return cls(np.array(registration.rotation), np.array(registration.offset_mm))

    def to_later(self, points: FloatArray) -> FloatArray:
        return points @ self.rotation.T + self.offset_mm

    def to_earlier(self, points: FloatArray) -> FloatArray:
        return (points - self.offset_mm) @ self.rotation


def _rows(
    comparison: Comparison, change: LesionChange, earlier: Result, later: Result
) -> Iterator[tuple[Picture, Picture, Picture]]:
    by = [r for r in comparison.registration if r.side == change.side and r.bone == change.registered_by]
    if not by or by[0].rotation is None:
        return
    motion = _Motion.of(by[0])
    ids, result = (change.later_ids, later) if change.later_ids else (change.earlier_ids, earlier)
    lesion = max((x for x in result.lesions if x.id in ids), key=lambda x: x.volume_mm3)
    for place in largest_extent(LesionVoxels.of(result, lesion))[:2]:
        point = np.array(place.point)
        x, y, z = (float(v) for v in (point if change.later_ids else motion.to_later(point)))
        yield _row(replace(place, point=(x, y, z)), lesion, change, motion, (earlier, later))


@dataclass(frozen=True, eq=False)
class _Frame:
    """The part of a plane of the later study that the pictures of one row show."""

    view: View
    part: tuple[slice, slice]
    on: OnPicture
    field_mm: float

    @classmethod
    def around(cls, view: View, point: Point, field_mm: float) -> _Frame:
        """Return the square field about a point."""
        x, y, _ = view.place(point)
        left, top = x - field_mm / 2, y - field_mm / 2
        row_mm, column_mm = view.spacing_mm
        rows = pixel_range(top, field_mm, row_mm, view.hu.shape[0])
        columns = pixel_range(left, field_mm, column_mm, view.hu.shape[1])
        on = OnPicture(view.spacing_mm, (columns.start * column_mm - left, rows.start * row_mm - top))
        return cls(view, (rows, columns), on, field_mm)

    def picture(self, title: str, found_at: str, hu: NDArray[np.int16], outlines: Iterator[Outline]) -> Picture:
        """Return a picture of HU and outlines in this field."""
        (row_mm, column_mm), (x, y) = self.on.spacing_mm, self.on.corner_mm
        return Picture(
            title=f"{title}, {self.view.plane}",
            found_at=found_at,
            size_mm=(self.field_mm, self.field_mm),
            image=data_uri(grey(hu, PLANE_WINDOW_HU)),
            image_box_mm=(x - column_mm / 2, y - row_mm / 2, column_mm * hu.shape[1], row_mm * hu.shape[0]),
            outlines=tuple(outlines),
            bone="",
            hidden="",
            heads=(),
            gap=None,
            letters=self.view.letters,
            window_hu=PLANE_WINDOW_HU,
            is_projection=False,
        )


def _row(
    place: Place, lesion: Lesion, change: LesionChange, motion: _Motion, studies: tuple[Result, Result]
) -> tuple[Picture, Picture, Picture]:
    earlier, later = studies
    view = plane_through(later.volume, later.labels, place.plane, place.point)
    frame = _Frame.around(view, place.point, field_mm_of(lesion))
    before_hu, before = _moved(earlier, motion.to_earlier(view.points(*frame.part)))
    after_hu, after = view.hu[frame.part], view.labels[frame.part]
    nearest = plane_through(earlier.volume, earlier.labels, place.plane, motion.to_earlier(np.array(place.point)))
    changed = _change(frame.on, np.isin(before, change.earlier_ids), np.isin(after, change.later_ids))
    return (
        frame.picture(
            "earlier", f"nearest: {slice_words(earlier.volume, nearest)}", before_hu, _lesions(frame.on, before)
        ),
        frame.picture("later", slice_words(later.volume, view), after_hu, _lesions(frame.on, after)),
        frame.picture("change", "", after_hu, changed),
    )


def _moved(result: Result, points: FloatArray) -> tuple[NDArray[np.int16], NDArray[np.uint16]]:
    """Return HU and lesions of a study at (row, column, 3) LPS mm: between voxels HU are interpolated."""
    index = np.moveaxis(result.grid.to_index(points), -1, 0)
    hu = ndi.map_coordinates(result.volume.hu, index, np.float32, order=1, mode="constant", cval=AIR_HU)
    labels = ndi.map_coordinates(result.labels, index, order=0, mode="constant", cval=0)
    return hu.astype(np.int16), labels


def _lesions(on: OnPicture, labels: NDArray[np.uint16]) -> Iterator[Outline]:
    for number, mask in numbers_on(labels):
        yield Outline(number, "lesion", str(number), colour_of(number), on.path(mask), on.label_at(mask))


def _change(on: OnPicture, before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Iterator[Outline]:
    """Yield what has come, what has gone, and the earlier outline over both."""
    for kind, mask, ink in (
        ("grown", after & ~before, _GROWN_INK),
        ("shrunk", before & ~after, _SHRUNK_INK),
        ("earlier", before, _EARLIER_INK),
    ):
        if mask.any():
            yield Outline(0, kind, "", ink, on.path(mask), on.label_at(mask))  # type: ignore[arg-type]


def step_pictures(steps: Sequence[Comparison], studies: Sequence[Result]) -> list[tuple[ChangePictures, ...]]:
    """Return the pictures of each step of a course."""
    return [change_pictures(step, *studies[k : k + 2]) for k, step in enumerate(steps)]
