"""The files of one series to the slices of one volume, or the reason why they are none; from headers alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ho_detect.acquisition.headers.header import FileHeader, UnreadableHeader
from ho_detect.acquisition.headers.kinds import kind_of, no_attenuation
from ho_detect.acquisition.headers.slices import SliceEntry
from ho_detect.acquisition.series.body_part import other_body_part
from ho_detect.acquisition.series.duplicates import without_duplicates
from ho_detect.acquisition.series.stacking import Stack, common_axes, stack_slices
from ho_detect.acquisition.volume.codecs import READABLE
from ho_detect.acquisition.volume.hounsfield import check_rescales
from ho_detect.errors import SeriesError, named
from ho_detect.settings import AcquisitionSettings


@dataclass(frozen=True, eq=False)
class Volume:
    """Slices that make a volume.

    Parameters
    ----------
    slices
        In stack order.
    stack
        Their geometry; ``order`` counts in the images before sorting.
    n_duplicates
        Copies left out.
    """

    slices: tuple[SliceEntry, ...]
    stack: Stack
    n_duplicates: int


def volume_images(headers: Sequence[FileHeader]) -> tuple[list[SliceEntry], int]:
    """Return the images that can be slices, and how many other images or objects the series holds.

    Raises
    ------
    SeriesError
        not_ct, localizer, derived_object: there is no image that can be a slice.
    """
    images: list[SliceEntry] = []
    others = []
    for header in headers:
        for image in header.images or (None,):
            kind = kind_of(header, image)
            if kind == "image" and image is not None:
                images.append(image)
            else:
                others.append(kind)
    if images:
        return images, len(others)
    for kind in ("localizer", "derived_object", "not_ct"):
        # what is not CT decides only if nothing here says CT
        if kind in others:
            types = sorted({"/".join(i.image_type) for h in headers for i in h.images if kind_of(h, i) == kind})
            modality = f"modality {headers[0].modality or 'not stated'}"
            words = {no_attenuation(i.image_type, h.texts["SeriesDescription"]) for h in headers for i in h.images}
            said = [*types[:2], *(f"by image type or description {word}" for word in sorted(words - {""})[:2])]
            raise SeriesError(kind, modality if kind == "not_ct" else ", ".join(said))
    raise AssertionError("a series without files")


def suitable_volume(
    images: Sequence[SliceEntry],
    unreadable: Sequence[UnreadableHeader],
    texts: dict[str, str],
    settings: AcquisitionSettings,
) -> Volume:
    """Return the volume that all the images make.

    Raises
    ------
    SeriesError
        The first reason that holds: unreadable, too_few_slices, not_hip_region, too_large, decode_failed
        (no such transfer syntax), not_hu (by the header), no_position, then those of :func:`stack_slices`.
    """
    if unreadable:
        first = min(unreadable, key=lambda u: u.path.name)
        raise SeriesError("unreadable", f"{len(unreadable)} files, one is {named(first.path)}: {first.why}")
    if len(images) < settings.min_slices:
        raise SeriesError("too_few_slices", f"{len(images)} slices; at least {settings.min_slices} are needed")
    if part := other_body_part(texts):
        raise SeriesError("not_hip_region", f"body part {part}")
    _check_format(images, settings)
    positions, orientations, spacings = (_stated(images, name, n) for name, n in _GEOMETRY)
    common_axes(orientations)
    if not np.isfinite(positions).all():
        raise SeriesError("bad_geometry", "an image position that is not three numbers")
    keep = without_duplicates(images, positions)
    n_places = len(np.unique(np.round(positions, 1), axis=0))
    if n_places < settings.min_slices:
        raise SeriesError("too_few_slices", f"{len(images)} images at {n_places} positions")
    stack = stack_slices(positions[keep], orientations[keep], spacings[keep], settings)
    size = stack.plane_shape(images[0].pixels.rows, images[0].pixels.columns)
    _check_size(stack.n_slices, *size, settings)
    ordered = tuple(images[keep[i]] for i in stack.order)
    return Volume(ordered, stack, len(images) - len(keep))


_GEOMETRY = (("position", 3), ("orientation", 6), ("spacing", 2))


def _stated(images: Sequence[SliceEntry], name: str, n: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    values = [getattr(image, name) for image in images]
    if missing := sum(v is None for v in values):
        reason = "bad_geometry" if name == "spacing" else "no_position"
        raise SeriesError(reason, f"{missing} of {len(images)} images state no {name}")
    if any(len(v) != n for v in values):
        raise SeriesError("bad_geometry", f"an image {name} that is not {n} numbers")
    return np.array(values, np.float64)


def _check_format(images: Sequence[SliceEntry], settings: AcquisitionSettings) -> None:
    shapes = {(i.pixels.rows, i.pixels.columns) for i in images}
    sizes = ", ".join(f"{r}x{c}" for r, c in sorted(shapes)[:3])
    if len(shapes) > 1 or min(min(s) for s in shapes) < 2:
        raise SeriesError("bad_geometry", f"image sizes {sizes}")
    _check_size(len(images), *shapes.pop(), settings)
    if len({i.frame_of_reference for i in images}) > 1:
        raise SeriesError("several_volumes", "several frames of reference")
    for image in images:
        if image.transfer_syntax not in READABLE:
            raise SeriesError("decode_failed", f"{named(image.path)}: transfer syntax {image.transfer_syntax[:64]}")
    check_rescales([image.rescale for image in images])


def _check_size(n: int, rows: int, columns: int, settings: AcquisitionSettings) -> None:
    gigabytes = n * rows * columns * 2 / 1e9
    if gigabytes > settings.max_gigabytes:
        raise SeriesError("too_large", f"{n} slices of {rows}x{columns}: {gigabytes:.1f} GB")
