"""Candidate to the lesion's own outline: half height of its edge, and its lucent core."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.spatial import ConvexHull

from ho_detect.anatomy.native.surfaces import FAR_MM, BoneDistance
from ho_detect.detection.candidates import Candidate, Region
from ho_detect.detection.measure.shape import bounding_box
from ho_detect.image.components import holes_filled, label_components
from ho_detect.image.grid import FloatArray
from ho_detect.image.morphology import closed_by_ball, deeper, largest_depth_mm, neighbours, padded, within
from ho_detect.settings import DetectionSettings

#: The outline at the detection threshold is closed over gaps of twice this before it is filled, mm.
_CLOSE_MM = 3.0
#: The blur of the scan puts the outline at the detection threshold at most so far outside of the true one, mm.
_BLUR_MM = 1.5
#: Native cortex that the fit left outside of its surface stands out no farther than this beyond a core's distance, mm.
_RESIDUE_MM = 2.0
#: What is no farther from bone anywhere may be cortex that the fit left outside, a thin one over marrow, mm.
_FREE_MM = 7.0
#: New bone is about as ripe within so far (standard deviation), and is looked at in cells so large, mm.
_ALIKE_MM, _CELL_MM = 4.0, 3.0
#: The mean of this power of evenly spread heights is near their upper quartile.
_TO_QUARTILE = 3.0
#: Noise bridges a cleft to no more than this share of what lies beyond it.
_BRIDGED = 0.1
#: A core is open over no more than this share of its surface.
_MOUTH = 0.35
#: Neighbours in the same slice.
_IN_SLICE = np.array([np.zeros((3, 3)), ndi.generate_binary_structure(2, 1), np.zeros((3, 3))], bool)
#: The surface of the femoral head reaches so far beyond the fitted sphere, mm.
_ARTICULAR_MM = 2.0
#: Bone of the pelvis so near to it is the rim of the socket, mm.
_RIM_MM = 3.0

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
    cleft
        Whether a cleft in the scan parts it from the native bone that smoothing joined it with.
    """

    candidate: Candidate
    boundary_hu: float
    thickness_mm: float
    solidity: float
    contact: dict[str, BoolArray] = field(default_factory=dict)
    cleft: bool = False


def outline(region: Region, candidate: Candidate, settings: DetectionSettings) -> Outlined:
    """Move the outline of a candidate to half the height of its edge and fill its lucent core.

    A fixed low threshold puts the outline of dense bone too far out by the blur of the scan; the half height between
    muscle and rim is where the edge is, place by place. The rim is the outer 3 mm; ``boundary_hu`` is half of the upper
    quartile of its HU. What lies
    deeper than that blur inside the closed and filled outline belongs to the lesion whatever its density: mature
    ossification has a lucent center. What was split at the zone around metal has its outline.
    """
    if candidate.boundary_hu is not None:
        return _as_it_is(region, candidate, candidate.boundary_hu, settings)
    box = candidate.box
    spacing = region.grid.spacing_mm
    smooth, distance_mm = region.smooth[box], region.distance_mm[box]
    thickness_mm = 2.0 * largest_depth_mm(candidate.mask, spacing)
    # from faces: between centers all of a coarse voxel would lie deeper than the blur
    rim = candidate.mask & within(~candidate.mask, 3.0, spacing, to_faces=True)
    half = 0.5 * (region.muscle_hu + float(np.percentile(smooth[rim], 75)))
    boundary = float(np.clip(half, region.low_hu, settings.highest_boundary_hu))
    native = distance_mm <= 0.0
    high = candidate.mask & ~native
    high[high] = smooth[high] >= _local_boundary_hu(region, smooth, rim, high, settings)
    dense, residue = _without_residue(high, distance_mm, settings)
    beyond_cleft = _beyond_a_cleft(region, candidate, boundary, settings)
    if beyond_cleft is not None:
        residue |= beyond_cleft
        dense &= ~neighbours(residue)
    own = candidate.mask & ~neighbours(residue)
    envelope = _filled(own, native, spacing, _at_edge(region.grid.shape, box))
    # where the lesion stands on native bone its depth does not begin at their common border
    inside = deeper(envelope | native, _BLUR_MM, spacing, to_faces=True) & envelope
    parts = label_components(dense.view(np.uint8), 0.0, (dense | inside) & ~native & ~residue)
    if len(parts) == 0:
        return Outlined(candidate, region.low_hu, thickness_mm, 1.0)
    # the one with most that is dense: what it encloses may be larger, as marrow at the end of the view
    mask = parts.paint(np.arange(len(parts)) == (parts.count * parts.mean_hu).argmax())
    contact = {} if beyond_cleft is not None else touched_bones(region, box, mask & dense, settings)
    joined = candidate.joined and beyond_cleft is None
    outlined = replace(candidate, mask=mask, joined=joined, touching=tuple(contact))
    return Outlined(outlined, boundary, thickness_mm, _solidity(dense), contact, beyond_cleft is not None)


def _local_boundary_hu(
    region: Region, smooth: NDArray[np.int16], rim: BoolArray, places: BoolArray, settings: DetectionSettings
) -> FloatArray:
    """Return (n,) HU of half the height of the edge near each place of a mask, in the order of the mask.

    New bone ripens from place to place: a faint part has its edge at half of its own height. That is the mean of the
    rim around, to a power that brings it near to the upper quartile, which all of the rim together has.
    """
    spacing = np.array(region.grid.spacing_mm)
    step = np.maximum(1, np.rint(_CELL_MM / spacing)).astype(int)
    cells = tuple(-(-np.array(rim.shape) // step))
    at = np.nonzero(rim)
    cell = np.ravel_multi_index([a // n for a, n in zip(at, step, strict=True)], cells)

    def around(weight: FloatArray | None) -> FloatArray:
        summed = np.bincount(cell, weight, int(np.prod(cells))).astype(float).reshape(cells)
        return np.asarray(ndi.gaussian_filter(summed, _ALIKE_MM / (step * spacing), mode="constant"))

    height = np.maximum(smooth[at].astype(float) - region.muscle_hu, 1.0)
    powered = (height / np.percentile(height, 75)) ** _TO_QUARTILE
    count = around(None)
    # far from any rim its height does not matter
    share = (around(powered) / np.maximum(count, 1e-6 * count.max()) / powered.mean()) ** (1.0 / _TO_QUARTILE)
    index = (np.array(np.nonzero(places)) + 0.5) / step[:, None] - 0.5
    half = 0.5 * np.percentile(height, 75) * ndi.map_coordinates(share, index, order=1, mode="nearest")
    return np.asarray(np.clip(region.muscle_hu + half, region.low_hu, settings.highest_boundary_hu))


def _as_it_is(region: Region, candidate: Candidate, boundary_hu: float, settings: DetectionSettings) -> Outlined:
    """Return a candidate whose mask is final."""
    contact = touched_bones(region, candidate.box, candidate.mask, settings)
    thickness_mm = 2.0 * largest_depth_mm(candidate.mask, region.grid.spacing_mm)
    outlined = replace(candidate, touching=tuple(contact))
    return Outlined(outlined, boundary_hu, thickness_mm, _solidity(candidate.mask), contact)


def _solidity(mask: BoolArray) -> float:
    """Voxels over the volume of the convex hull of their corners; 1 for what has no hull."""
    full = holes_filled(mask)
    n_voxels = int(full.sum())
    if n_voxels < 4:
        return 1.0
    # every corner of the hull is one of the first or the last voxel of a row
    k, j = np.nonzero(full.any(axis=2))
    rows = full[k, j]
    first, last = rows.argmax(axis=1) - 0.5, rows.shape[1] - rows[:, ::-1].argmax(axis=1) - 0.5
    corners = [
        np.stack([k + dk, j + dj, end], axis=1) for dk in (-0.5, 0.5) for dj in (-0.5, 0.5) for end in (first, last)
    ]
    return float(min(1.0, n_voxels / ConvexHull(np.concatenate(corners)).volume))


def _without_residue(
    dense: BoolArray, distance_mm: NDArray[np.float32], settings: DetectionSettings
) -> tuple[BoolArray, BoolArray]:
    """Part the dense voxels of a lesion from native cortex that the fit left outside, where a cleft is between them."""
    parts = label_components(np.minimum(distance_mm, FAR_MM), -np.inf, dense)
    low = parts.max_hu < settings.core_distance_mm + _RESIDUE_MM
    if len(parts) < 2 or not low.any():
        return dense, np.zeros_like(dense)
    low[parts.count.argmax()] = False
    residue = parts.paint(low)
    return dense & ~residue, residue


def _beyond_a_cleft(
    region: Region, candidate: Candidate, boundary_hu: float, settings: DetectionSettings
) -> BoolArray | None:
    """Return what of a candidate belongs to the bone across a cleft; None where no cleft parts it from native bone.

    Smoothing closes a cleft of 2 mm. In the scan itself a free lesion is not joined with bone at half its height.
    """
    if not candidate.joined:
        return None
    distance_mm = region.distance_mm[candidate.box]
    above = (region.hu[candidate.box] >= boundary_hu) & (candidate.mask | (distance_mm <= 0.0))
    parts = label_components(above, 1.0, connectivity=6)
    of_bone = parts.paint(parts.meet(distance_mm < -settings.native_margin_mm)) & candidate.mask
    high = above & (distance_mm > settings.core_distance_mm)
    far = float(distance_mm[high].max(initial=0.0, where=distance_mm[high] < FAR_MM))
    if far < _FREE_MM or of_bone[high].mean() > _BRIDGED:
        return None
    return of_bone


def touched_bones(
    region: Region, box: tuple[slice, slice, slice], mask: BoolArray, settings: DetectionSettings
) -> dict[str, BoolArray]:
    """Bones that a lesion is in contact with, by name: native bone 26-adjacent to it, both dense where they meet.

    The femoral head does not count where the pelvis is as near: at the rim of the socket a fit that is off by a
    millimetre has the head's surface on the pelvis, and what grows there grows on the rim.
    """
    dense = region.smooth[box] >= settings.contact_hu
    ring = neighbours(mask & dense) & ~mask
    contact = ring & dense & (region.distance_mm[box] <= 0.0)
    touched: dict[str, BoolArray] = {}
    for number, bone in enumerate(region.bones, 1):
        here = contact & (region.nearest[box] == number)
        if bone.bone == "femur":
            at = np.argwhere(here)
            here[tuple(at[_in_socket(region.bones, bone, region.grid.crop(box).to_lps(at))].T)] = False
        if float(here.sum()) * region.grid.voxel_volume_mm3 ** (2 / 3) >= settings.contact_mm2:
            touched[bone.bone] = here | touched.get(bone.bone, False)
    return dict(sorted(touched.items()))


def _in_socket(bones: tuple[BoneDistance, ...], femur: BoneDistance, lps_mm: FloatArray) -> BoolArray:
    """Whether each of (n, 3) points of a femur's surface is the head's, with the pelvis of that side beside it."""
    on_head = np.linalg.norm(lps_mm - femur.head.center_lps_mm, axis=1) < femur.head.radius_mm + _ARTICULAR_MM
    if not on_head.any():
        return np.asarray(on_head)
    pelvis = next(b for b in bones if b.side == femur.side and b.bone == "pelvis")
    index = pelvis.grid.to_index(lps_mm).T
    near = ndi.map_coordinates(pelvis.mm, index, order=1, mode="constant", cval=FAR_MM) < _RIM_MM
    return np.asarray(on_head & near)


def _filled(
    mask: BoolArray, native: BoolArray, spacing: tuple[float, float, float], at_edge: list[tuple[int, int]]
) -> BoolArray:
    """Close small gaps of a mask and fill what it encloses, alone or together with native bone.

    Parameters
    ----------
    at_edge
        Axis and index (0 or -1) of the faces of the array where the view ends: a core that is cut there is enclosed
        by what surrounds it in that face.
    """
    wide, inner = padded(mask, _CLOSE_MM, spacing)
    # between thick slices one slice is closed, wider than it is
    finer = tuple(min(s, _CLOSE_MM) for s in spacing)
    closed = closed_by_ball(wide, _CLOSE_MM, finer)[inner] | mask
    filled = _holes_filled(closed, at_edge) | _holes_filled(closed | native, at_edge)
    return np.asarray((filled | _open_cores(filled & ~native, spacing)) & ~native)


def _open_cores(mask: BoolArray, spacing: tuple[float, float, float]) -> BoolArray:
    """Return what a mask goes around in its slices and leaves open above or below, enclosed over most of its surface.

    A rim thinner than a thick slice is blurred away where it lies in the plane of the slice: the core is open there.
    What a ring goes around is open over more of its surface.
    """
    beside, n = ndi.label(~np.pad(mask, ((0, 0), (1, 1), (1, 1))), _IN_SLICE)
    # the padding joins all that is outside in a slice
    outside = np.isin(np.arange(n + 1), beside[:, 0, 0])
    hole = ~(mask | outside[beside[:, 1:-1, 1:-1]])
    if not hole.any():
        return hole
    near = bounding_box(hole, margin=1)
    core, n = ndi.label(np.pad(hole[near], ((1, 1), (0, 0), (0, 0))))
    solid = np.pad(mask[near], ((1, 1), (0, 0), (0, 0)))
    wall, mouth = np.zeros(n + 1), np.zeros(n + 1)
    for axis, step in enumerate(spacing):
        face_mm2 = float(np.prod(spacing)) / step
        cores, solids = np.moveaxis(core, axis, 0), np.moveaxis(solid, axis, 0)
        for one, other in ((slice(1, None), slice(-1)), (slice(-1), slice(1, None))):
            walled, open_ = solids[other], (cores[other] == 0) & ~solids[other]
            wall += face_mm2 * np.bincount(cores[one][walled], minlength=n + 1)
            mouth += face_mm2 * np.bincount(cores[one][open_], minlength=n + 1)
    enclosed = mouth <= _MOUTH * (wall + mouth)
    enclosed[0] = False
    hole[near] = enclosed[core[1:-1]]
    return hole


def _holes_filled(mask: BoolArray, at_edge: list[tuple[int, int]]) -> BoolArray:
    mask = mask.copy()
    for axis, end in at_edge:
        face = np.moveaxis(mask, axis, 0)[end]
        face |= ndi.binary_fill_holes(face)
    return holes_filled(mask)


def _at_edge(shape: tuple[int, int, int], box: tuple[slice, slice, slice]) -> list[tuple[int, int]]:
    """Return the faces of a box that lie in the faces of an array of that shape."""
    first = [(axis, 0) for axis, s in enumerate(box) if s.start == 0]
    return first + [(axis, -1) for axis, (s, n) in enumerate(zip(box, shape, strict=True)) if s.stop == n]
