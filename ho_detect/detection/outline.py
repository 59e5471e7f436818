"""Candidate to the lesion's own outline: half height of its edge, and its lucent core."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.spatial import ConvexHull

from ho_detect.anatomy.native_bone import FAR_MM
from ho_detect.detection.candidates import Candidate, Region
from ho_detect.geometry import FloatArray
from ho_detect.settings import DetectionSettings

#: The outline at the detection threshold is closed over gaps of twice this before it is filled, mm.
_CLOSE_MM = 3.0
#: The blur of the scan puts the outline at the detection threshold at most so far outside of the true one, mm.
_BLUR_MM = 1.5
#: Native cortex that the fit left outside of its surface stands out no farther than this beyond a core's distance, mm.
_RESIDUE_MM = 2.0
_BALL = np.ones((3, 3, 3), bool)

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Outlined:
    """A candidate with its final mask.

    Parameters
    ----------
    candidate
        Its ``mask`` is the final one.
    boundary_hu
        HU of the outline: half way from muscle to the lesion's own rim.
    thickness_mm
        Twice the largest depth at the detection threshold, nothing filled: a calcified wall stays thin.
    solidity
        Volume over that of its convex hull, enclosed holes filled: a ball 0.9, part of a tube's wall below 0.6.
    contact
        For each bone in ``candidate.touching`` its voxels in contact, on the candidate's box.
    """

    candidate: Candidate
    boundary_hu: float
    thickness_mm: float
    solidity: float
    contact: dict[str, BoolArray] = field(default_factory=dict)


def outline(region: Region, candidate: Candidate, settings: DetectionSettings) -> Outlined:
    """Move the outline of a candidate to half the height of its edge and fill its lucent core.

    A fixed low threshold puts the outline of dense bone too far out by the blur of the scan; the half height between
    muscle and rim is where the edge is. The rim's height is the upper quartile of HU in the outer 3 mm. What lies
    deeper than that blur inside the closed and filled outline belongs to the lesion whatever its density: mature
    ossification has a lucent center.
    """
    box = candidate.box
    spacing = np.array(region.grid.spacing_mm)
    smooth = region.smooth[box]
    thickness_mm = 2.0 * float(_depth(candidate.mask, spacing)[candidate.mask].max())
    rim = candidate.mask & (_depth_of_center(candidate.mask, spacing) <= 3.0)
    half = 0.5 * (region.muscle_hu + float(np.percentile(smooth[rim], 75)))
    boundary = float(np.clip(half, region.low_hu, settings.highest_boundary_hu))
    native = region.distance_mm[box] <= 0.0
    dense, residue = _without_residue(
        candidate.mask & (smooth >= boundary) & ~native, region.distance_mm[box], settings
    )
    own = candidate.mask & ~ndi.binary_dilation(residue, structure=_BALL)
    envelope = _filled(own, native, spacing)
    # where the lesion stands on native bone its depth does not begin at their common border
    inside = (_depth_of_center(envelope | native, spacing) > _BLUR_MM) & envelope
    label, n = ndi.label((dense | inside) & ~native & ~residue, structure=_BALL)
    if n == 0:
        return Outlined(candidate, region.low_hu, thickness_mm, 1.0)
    size = np.bincount(label.ravel())
    size[0] = 0
    mask = label == size.argmax()
    contact = touched_bones(region, box, mask & dense, settings)
    outlined = replace(candidate, mask=mask, touching=tuple(contact))
    return Outlined(outlined, boundary, thickness_mm, _solidity(dense), contact)


def _solidity(mask: BoolArray) -> float:
    """Voxels over the volume of the convex hull of their corners; 1 for what has no hull."""
    full = ndi.binary_fill_holes(mask)
    surface = np.argwhere(full & ~ndi.binary_erosion(full))
    corners = (surface[:, None, :] + (np.stack(np.meshgrid(*[(-0.5, 0.5)] * 3), -1).reshape(-1, 3))).reshape(-1, 3)
    if len(surface) < 4:
        return 1.0
    return float(min(1.0, full.sum() / ConvexHull(corners).volume))


def _without_residue(
    dense: BoolArray, distance_mm: NDArray[np.float32], settings: DetectionSettings
) -> tuple[BoolArray, BoolArray]:
    """Part the dense voxels of a lesion from native cortex that the fit left outside, where a cleft is between them."""
    label, n = ndi.label(dense, structure=_BALL)
    if n < 2:
        return dense, np.zeros_like(dense)
    numbers = np.arange(1, n + 1)
    reach = np.asarray(ndi.maximum(np.minimum(distance_mm, FAR_MM), label, numbers))
    low = reach < settings.core_distance_mm + _RESIDUE_MM
    low[np.bincount(label.ravel())[1:].argmax()] = False
    residue = np.concatenate([[False], low])[label]
    return dense & ~residue, residue


def touched_bones(
    region: Region, box: tuple[slice, slice, slice], mask: BoolArray, settings: DetectionSettings
) -> dict[str, BoolArray]:
    """Bones that a lesion is in contact with, by name: native bone 26-adjacent to it, both dense where they meet."""
    dense = region.smooth[box] >= settings.contact_hu
    ring = ndi.binary_dilation(mask & dense, structure=_BALL) & ~mask
    contact = ring & dense & (region.distance_mm[box] <= 0.0)
    touched: dict[str, BoolArray] = {}
    for number, bone in enumerate(region.bones, 1):
        here = contact & (region.nearest[box] == number)
        if float(here.sum()) * region.grid.voxel_volume_mm3 ** (2 / 3) >= settings.contact_mm2:
            touched[bone.bone] = here | touched.get(bone.bone, False)
    return dict(sorted(touched.items()))


def _depth(mask: BoolArray, spacing: FloatArray) -> FloatArray:
    """Distance of each voxel of a mask to its outside; the border of the array does not count as outside."""
    return np.asarray(ndi.distance_transform_edt(np.pad(mask, 1, mode="edge"), sampling=spacing)[1:-1, 1:-1, 1:-1])


def _depth_of_center(mask: BoolArray, spacing: FloatArray) -> FloatArray:
    """Distance of each voxel's center to the nearest face of a voxel outside: half a voxel at the outermost.

    Depth between centers would put all of a coarse voxel deeper than the blur. The border counts as in :func:`_depth`.
    """
    padded = np.pad(mask, 1, mode="edge")
    if padded.all():
        return np.full(mask.shape, np.inf)
    nearest = ndi.distance_transform_edt(padded, sampling=spacing, return_distances=False, return_indices=True)
    step = spacing.reshape(3, 1, 1, 1)
    aside = np.maximum(np.abs(np.indices(padded.shape) - nearest) - 0.5, 0.0) * step
    return np.asarray(np.sqrt((aside**2).sum(axis=0))[1:-1, 1:-1, 1:-1])


def _filled(mask: BoolArray, native: BoolArray, spacing: FloatArray) -> BoolArray:
    """Close small gaps of a mask and fill what it encloses, alone or together with native bone."""
    width = int(np.ceil(_CLOSE_MM / spacing.min())) + 1
    near = ndi.distance_transform_edt(~np.pad(mask, width), sampling=spacing) <= _CLOSE_MM
    closed = ndi.distance_transform_edt(near, sampling=spacing) > _CLOSE_MM
    closed = closed[(slice(width, -width),) * 3] | mask
    return np.asarray((ndi.binary_fill_holes(closed) | ndi.binary_fill_holes(closed | native)) & ~native)
