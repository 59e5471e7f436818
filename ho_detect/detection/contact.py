"""Where a lesion is in contact with native bone: over what area, and how far."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.anatomy.native_bone import BoneDistance
from ho_detect.detection.candidates import Region
from ho_detect.detection.form import measure_form
from ho_detect.geometry import FloatArray


class Contact(msgspec.Struct, frozen=True):
    """Area of contact, and the largest distance between two places of it."""

    area_mm2: float = 0.0
    length_mm: float = 0.0


def measure_contact(region: Region, box: tuple[slice, slice, slice], touched: NDArray[np.bool_], bone: str) -> Contact:
    """Measure the native voxels that are 26-adjacent to a lesion.

    On a plane with unit normal n they fill a layer as thick as a voxel is along n, the sum of its edges times |n|, so
    that each stands for its volume over that thickness, whatever the direction of the plane.

    Parameters
    ----------
    box
        Where the mask lies in the region.
    touched
        (Z, Y, X) the voxels, not empty.
    bone
        Of which bone they are.
    """
    grid = region.grid.crop(box)
    points = grid.to_lps(np.argwhere(touched))
    number = region.nearest[box][touched]
    thickness = np.empty(len(points))
    for n, field in enumerate(region.bones, 1):
        mine = number == n
        if field.bone == bone and mine.any():
            thickness[mine] = np.abs(_normals(field, points[mine]) @ grid.affine[:3, :3]).sum(axis=1)
    return Contact(
        round(float((grid.voxel_volume_mm3 / thickness).sum()), 1), measure_form(touched, grid).max_diameter_mm
    )


def _normals(field: BoneDistance, points: FloatArray) -> FloatArray:
    """Return (n, 3) LPS unit vectors out of a bone at points near its surface, from its distance field."""
    step_mm = field.grid.spacing_mm[0]
    slope = np.stack([_at(field, points + e) - _at(field, points - e) for e in step_mm * np.eye(3)], axis=1)
    return np.asarray(slope / np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-9))


def _at(field: BoneDistance, points: FloatArray) -> FloatArray:
    return ndi.map_coordinates(field.mm, field.grid.to_index(points).T, output=np.float64, order=1, mode="nearest")
