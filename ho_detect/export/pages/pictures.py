"""Planes and projections as grey pictures with outlines in millimetres, to be drawn as SVG: crisp, small and quick."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ho_detect.detection.grade.hip import Hip
from ho_detect.export.pictures.figures import PLANE_WINDOW_HU, PROJECTION_WINDOW_HU, Window, colour_of
from ho_detect.export.pictures.planes import Plane, View, coronal_projection, plane_through
from ho_detect.image.sides import Point
from ho_detect.results.result import Result

#: Grey values are stored with loss: at this quality no edge moves and noise stays.
_QUALITY = 86
#: What a plane shows around a lesion: at least this, or so many times its longest diameter, mm.
_FIELD_MM, _FIELD_PER_DIAMETER = 130.0, 1.25
#: What is shown around a thing that is not counted, mm.
_EXCLUDED_FIELD_MM = 80.0
#: Width of the picture in the cohort's table, and how much of a lesion's colour is in it.
_THUMBNAIL_PX, _TINT = 240, 0.65

_PLANES: tuple[Plane, ...] = ("axial", "coronal", "sagittal")
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Outline:
    """One lesion on a picture: an SVG path in mm, and where its id is written."""

    id: int
    colour: str
    path: str
    label_mm: tuple[float, float]


@dataclass(frozen=True)
class Picture:
    """A picture whose unit is the millimetre, origin at the upper left.

    Parameters
    ----------
    title
        What is shown, in words.
    size_mm
        Width and height of the field.
    image
        Grey values as a data URI.
    image_box_mm
        Left, top, width and height of the grey values in the field.
    outlines
        Lesions that the plane meets.
    heads
        Fitted femoral heads: x, y and radius, mm.
    letters
        Patient directions at the left, right, top and bottom.
    window_hu
        HU shown black and white.
    is_projection
        Whether depth is lost.
    """

    title: str
    size_mm: tuple[float, float]
    image: str
    image_box_mm: Box
    outlines: tuple[Outline, ...]
    heads: tuple[tuple[float, float, float], ...]
    letters: tuple[str, str, str, str]
    window_hu: Window
    is_projection: bool


def lesion_pictures(result: Result, lesion_id: int) -> tuple[Picture, ...]:
    """Return axial, coronal and sagittal pictures through the middle of one lesion, of one field."""
    lesion = {n.id: n for n in result.lesions}[lesion_id]
    field_mm = max(_FIELD_MM, math.ceil(_FIELD_PER_DIAMETER * lesion.max_diameter_mm / 10) * 10)
    return tuple(_plane(result, plane, lesion.centroid_lps_mm, field_mm) for plane in _PLANES)


def head_pictures(result: Result, hip: Hip) -> tuple[Picture, ...]:
    """Return the three planes through a femoral head; none where it was not found."""
    if hip.center_lps_mm is None:
        return ()
    return tuple(_plane(result, plane, hip.center_lps_mm, _FIELD_MM) for plane in _PLANES)


def excluded_picture(result: Result, point: Point) -> Picture:
    """Return a small axial picture whose middle is a point."""
    return _plane(result, "axial", point, _EXCLUDED_FIELD_MM)


def projection_picture(result: Result) -> Picture:
    """Return the coronal projection of the joints."""
    centers = [h.center_lps_mm for h in result.hips if h.center_lps_mm is not None]
    view = coronal_projection(result.volume, result.labels, centers)
    left, right, bottom, top = view.extent_mm
    return _picture(view, result, "coronal projection", (left, top, right - left, bottom - top), PROJECTION_WINDOW_HU)


def thumbnail(result: Result) -> bytes:
    """Return the coronal projection, lesions in their colours, as the bytes of a small WebP file."""
    from PIL import Image, ImageColor

    centers = [h.center_lps_mm for h in result.hips if h.center_lps_mm is not None]
    view = coronal_projection(result.volume, result.labels, centers)
    colours = np.repeat(grey(view.hu, PROJECTION_WINDOW_HU)[..., None], 3, axis=2)
    for lesion_id in np.unique(view.labels[view.labels > 0]).tolist():
        ink = np.array(ImageColor.getrgb(colour_of(lesion_id)))
        mask = view.labels == lesion_id
        colours[mask] = _TINT * ink + (1 - _TINT) * colours[mask]
    left, right, bottom, top = view.extent_mm
    size = _THUMBNAIL_PX, max(1, round(_THUMBNAIL_PX * (bottom - top) / (right - left)))
    small = Image.fromarray(colours).resize(size, Image.Resampling.BILINEAR)
    return webp(np.asarray(small), quality=75)


def grey(hu: NDArray[np.int16], window_hu: Window) -> NDArray[np.uint8]:
    """Return HU as 0 to 255 over a window, clipped."""
    low, high = window_hu
    return np.asarray(np.clip((hu.astype(np.float32) - low) * (255 / (high - low)), 0, 255), dtype=np.uint8)


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """Return (row, column) grey or (row, column, 3) colour values as a WebP data URI."""
    return "data:image/webp;base64," + base64.b64encode(webp(pixels)).decode("ascii")


def webp(pixels: NDArray[np.uint8], quality: int = _QUALITY) -> bytes:
    """Return (row, column) grey or (row, column, 3) colour values as the bytes of a WebP file."""
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(data, format="webp", quality=quality, method=3)
    return data.getvalue()


def _plane(result: Result, plane: Plane, point: Point, field_mm: float) -> Picture:
    view = plane_through(result.volume, result.labels, plane, point)
    x, y, _ = view.place(point)
    return _picture(view, result, plane, (x - field_mm / 2, y - field_mm / 2, field_mm, field_mm), PLANE_WINDOW_HU)


def _picture(view: View, result: Result, title: str, field_mm: Box, window_hu: Window) -> Picture:
    """Cut the field (left, top, width, height in mm of the view) out of a view."""
    left, top, width, height = field_mm
    row_mm, column_mm = view.spacing_mm
    rows = _range(top, height, row_mm, view.hu.shape[0])
    columns = _range(left, width, column_mm, view.hu.shape[1])
    hu, labels = view.hu[rows, columns], view.labels[rows, columns]
    # pixel (0, 0) has its center at the origin of the view
    corner = columns.start * column_mm - left, rows.start * row_mm - top
    return Picture(
        title=title,
        size_mm=(width, height),
        image=data_uri(grey(hu, window_hu)),
        image_box_mm=(
            corner[0] - column_mm / 2,
            corner[1] - row_mm / 2,
            hu.shape[1] * column_mm,
            hu.shape[0] * row_mm,
        ),
        outlines=tuple(_outlines(labels, (row_mm, column_mm), corner)),
        heads=tuple(
            (x - left, y - top, radius) for x, y, radius in (view.circle(hip) for hip in result.hips) if radius > 0
        ),
        letters=view.letters,
        window_hu=window_hu,
        is_projection=view.is_projection,
    )


def _range(start_mm: float, length_mm: float, step_mm: float, n: int) -> slice:
    """Return the pixels that a stretch meets, at least one."""
    first = min(max(math.floor(start_mm / step_mm + 0.5), 0), n - 1)
    last = min(max(math.ceil((start_mm + length_mm) / step_mm + 0.5), first + 1), n)
    return slice(first, last)


def _outlines(
    labels: NDArray[np.uint16], spacing_mm: tuple[float, float], corner_mm: tuple[float, float]
) -> Iterable[Outline]:
    from skimage.measure import find_contours

    (row_mm, column_mm), (x0, y0) = spacing_mm, corner_mm
    for lesion_id in np.unique(labels[labels > 0]).tolist():
        mask = labels == lesion_id
        lines = []
        for contour in find_contours(np.pad(mask, 1).astype(np.float32), 0.5):
            x, y = (contour[:, 1] - 1) * column_mm + x0, (contour[:, 0] - 1) * row_mm + y0
            lines.append("M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x[:-1], y[:-1], strict=True)) + "Z")
        rows, columns = np.nonzero(mask)
        label = float(columns[0] * column_mm + x0), float(rows[0] * row_mm + y0)
        yield Outline(lesion_id, colour_of(lesion_id), "".join(lines), label)
