"""Where a lesion is in contact with native bone: over what area, and how far."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from ho_detect.detection.candidates import Region
from ho_detect.detection.measure.shape import bounding_box, measure_shape


class Contact(msgspec.Struct, frozen=True):
    """Area of contact, and the largest distance between two places of it."""

    area_mm2: float = 0.0
    length_mm: float = 0.0


def measure_contact(
    region: Region,
    box: tuple[slice, slice, slice],
    mask: NDArray[np.bool_],
    touched: NDArray[np.bool_],
    bone: str,
) -> Contact:
    """Measure the faces between the voxels of a lesion and those of native bone.

    A face across an axis stands for its area times the share of the bone's normal along that axis: summed over a plane
    of any direction this is the area of the plane.

    Parameters
    ----------
    box
        Where both masks lie in the region.
    mask
        (Z, Y, X) the lesion.
    touched
        (Z, Y, X) the voxels of that bone in contact with it.
    """
    near = bounding_box(touched, margin=1)
    mask, touched = mask[near], touched[near]
    nearest = region.nearest[box][near]
    grid = region.grid.crop(box).crop(near)
    faced = np.zeros(mask.shape, bool)
    area_mm2 = 0.0
    for axis in range(3):
        step = grid.affine[:3, axis]
        edge_mm = float(np.linalg.norm(step))
        for sign in (-1, 1):
            hit = touched & _shifted(mask, axis, sign)
            faced |= hit
            index = np.argwhere(hit)
            middles = grid.to_lps(index) - 0.5 * sign * step
            number = nearest[hit]
            for n, field in enumerate(region.bones, 1):
                if field.bone == bone:
                    share = np.abs(field.outward(middles[number == n]) @ (step / edge_mm))
                    area_mm2 += float(share.sum()) * grid.voxel_volume_mm3 / edge_mm
    if not faced.any():
        return Contact()
    return Contact(round(area_mm2, 1), measure_shape(faced, grid).max_diameter_mm)


def _shifted(mask: NDArray[np.bool_], axis: int, sign: int) -> NDArray[np.bool_]:
    """Move a mask by one voxel along an axis; what leaves it is lost."""
    out = np.zeros_like(mask)
    to, of = [slice(None)] * 3, [slice(None)] * 3
    to[axis], of[axis] = (slice(1, None), slice(None, -1)) if sign > 0 else (slice(None, -1), slice(1, None))
    out[tuple(to)] = mask[tuple(of)]
    return out
