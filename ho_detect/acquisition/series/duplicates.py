"""Images that are there more than once."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from ho_detect.acquisition.headers.archives import open_input
from ho_detect.acquisition.headers.slices import SliceEntry
from ho_detect.image.grid import FloatArray

#: Images nearer than this (mm) lie at one position.
SAME_PLACE_MM = 0.01


def without_duplicates(images: Sequence[SliceEntry], positions: FloatArray) -> list[int]:
    """Return the indices of the images to keep, one of each set of equal ones.

    Two images at one position are equal if they have the same SOP instance UID (and frame), or the same pixels
    and rescale. Different images at one position are all kept: which of them belongs to the volume is
    not for us to guess. A UID shared by images at different positions tells nothing.

    Parameters
    ----------
    images
        Images of one orientation.
    positions
        (n, 3) LPS mm of each.
    """
    places: dict[tuple[int, ...], list[int]] = defaultdict(list)
    # the offset keeps usual values, such as whole millimetres, off the edges of the bins
    for index, place in enumerate(np.floor(positions / SAME_PLACE_MM + 0.37).astype(np.int64).tolist()):
        places[tuple(place)].append(index)
    keep: list[int] = []
    for indices in places.values():
        keep.extend(_distinct(images, indices) if len(indices) > 1 else indices)
    return sorted(keep)


def _distinct(images: Sequence[SliceEntry], indices: list[int]) -> list[int]:
    kept: list[int] = []
    seen: set[object] = set()
    # of two copies the larger is the whole one
    for index in sorted(indices, key=lambda i: (-images[i].size_bytes, images[i].sop_uid, str(images[i].path))):
        image = images[index]
        marks: set[object] = {(image.rescale, pixel_digest(image))}
        if image.sop_uid:
            marks.add((image.sop_uid, image.frame))
        if not marks & seen:
            kept.append(index)
        seen |= marks
    return kept


def pixel_digest(image: SliceEntry) -> str:
    """Return a digest of an image's stored pixels; of the whole file where they cannot be cut out of it.

    A file that cannot be read counts as different from all others.
    """
    pixels = image.pixels
    start = 0 if pixels.deflated else pixels.offset
    left = image.size_bytes - start
    digest = hashlib.sha256()
    if not pixels.deflated and 0 <= pixels.length <= left:
        start, left = start + image.frame * pixels.frame_bytes, pixels.frame_bytes
    else:
        digest.update(bytes(image.frame))
    try:
        with open_input(image.path) as file:
            file.seek(start)
            while left > 0 and (part := file.read(min(left, 1 << 20))):
                digest.update(part)
                left -= len(part)
    except OSError:
        return f"unreadable:{image.path}:{image.frame}"
    return digest.hexdigest()
