"""Body, muscle and what lies deep to the subcutaneous fat, on the coarse grid."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.image.components import joined_with, label_components
from ho_detect.image.grid import FloatArray, Grid
from ho_detect.image.morphology import closed_by_ball, deeper, distance_to, opened_by_ball
from ho_detect.settings import AnatomySettings

BoolArray = NDArray[np.bool_]
#: Muscle without and with contrast medium, HU. Convention.
_MUSCLE_HU = (-10.0, 130.0)
#: Fat, HU. Convention.
FAT_HU = (-200.0, -20.0)
#: Table, sheets and hands are split from the body where they are joined over less than twice this, mm.
_PART_MM = 12.0
#: Fat seams up to twice this wide count as lying deep, between the muscles, mm.
_SEAM_MM = 12.0
_SKIN_MM = 5.0
#: A body that is no larger than so many times the bone in it, level by level, is bone alone.
_BARE = 3.0


@dataclass(frozen=True, eq=False)
class Tissue:
    """Masks (z, y, x) on a coarse grid along the patient's axes.

    Parameters
    ----------
    body
        Inside the skin: no table, no hands beside it.
    deep
        Deep to the subcutaneous fat: muscle, the seams between muscles, and what they enclose.
    muscle
        As dense as muscle, without thin seams and partial volume.
    """

    grid: Grid
    body: BoolArray
    deep: BoolArray
    muscle: BoolArray

    def share(self, mask: BoolArray, points_lps_mm: FloatArray) -> float:
        """Share of (n, 3) points that lie in a mask of this grid; outside counts as not."""
        index = np.rint(self.grid.to_index(points_lps_mm)).astype(int)
        inside = ((index >= 0) & (index < np.array(self.grid.shape))).all(axis=1)
        if not len(index):
            return 0.0
        return float(mask[tuple(index[inside].T)].sum() / len(index))


def segment_tissue(volume: WorkingVolume, settings: AnatomySettings, bones_lps_mm: FloatArray | None = None) -> Tissue:
    """Segment body, muscle and what lies deep to the subcutaneous fat.

    Parameters
    ----------
    volume
        About 3 mm voxels along the patient's axes.
    bones_lps_mm
        (n, 3) points of the fitted bones: what air parts from them, level by level, is another limb.
    """
    step = volume.step_mm
    solid = volume.hu > settings.body_hu
    body = _parted(solid, _PART_MM, volume.grid.spacing_mm)
    body = np.stack([ndi.binary_fill_holes(plane) for plane in body])
    if bones_lps_mm is not None and len(bones_lps_mm):
        dense = volume.hu > settings.bone_hu
        body = _without_other_limbs(body, _bones(volume.grid, dense, bones_lps_mm), dense)
    smooth = ndi.uniform_filter(volume.hu, 3)
    under_skin = deeper(body, _SKIN_MM, volume.grid.spacing_mm)
    soft = body & under_skin & (smooth > _MUSCLE_HU[0]) & (smooth < _MUSCLE_HU[1])
    muscle = opened_by_ball(soft, step, volume.grid.spacing_mm)
    dense = body & under_skin & (smooth > _MUSCLE_HU[0])
    deep = _closed(muscle | (dense & ~soft), _SEAM_MM, volume.grid.spacing_mm) & body
    return Tissue(volume.grid, body, deep, muscle)


def _closed(mask: BoolArray, radius_mm: float, spacing_mm: tuple[float, float, float]) -> BoolArray:
    width = int(np.ceil(radius_mm / min(spacing_mm))) + 1
    # tissue goes on beyond the view
    closed = closed_by_ball(np.pad(mask, width, mode="edge"), radius_mm, spacing_mm)
    return closed[width:-width, width:-width, width:-width]


def _parted(solid: BoolArray, radius_mm: float, spacing_mm: tuple[float, float, float]) -> BoolArray:
    """Return the largest of the parts that come apart when eroded, with what is joined with it and nearest to it."""
    parts = label_components(deeper(solid, radius_mm, spacing_mm), 1.0, connectivity=6)
    if len(parts) == 0:
        return solid
    largest = np.arange(len(parts)) == parts.count.argmax()
    body = parts.paint(largest)
    to_body = distance_to(body, 3.0 * radius_mm, spacing_mm)
    near = np.isfinite(to_body) & (to_body <= distance_to(parts.paint(~largest), 3.0 * radius_mm, spacing_mm))
    return joined_with(body, solid & near, connectivity=6)


def _bones(grid: Grid, dense: BoolArray, bones_lps_mm: FloatArray) -> BoolArray:
    """Return the fitted bones and what is joined with them: a shaft goes on below the end of its model."""
    index = np.rint(grid.to_index(bones_lps_mm)).astype(int)
    fitted = np.zeros(grid.shape, bool)
    fitted[tuple(index[((index >= 0) & (index < grid.shape)).all(axis=1)].T)] = True
    return joined_with(fitted, fitted | dense)


def _without_other_limbs(body: BoolArray, bones: BoolArray, dense: BoolArray) -> BoolArray:
    """Return a body without arms and hands that touch it at some levels and lie apart at others.

    At each level that has bone, what holds none of it is another limb, unless it is the largest.

    Parameters
    ----------
    bones
        Voxels of femurs and hip bones, and of what is joined with them.
    dense
        Voxels as dense as bone.
    """
    in_plane = np.zeros((3, 3, 3), bool)
    in_plane[1] = ndi.generate_binary_structure(2, 1)
    label, n = ndi.label(body, in_plane)
    if not n or not bones.any():
        return body
    own = np.zeros(n + 1, bool)
    own[label[bones]] = True
    count = np.bincount(label.ravel(), minlength=n + 1)
    for k, plane in enumerate(label):
        here = np.flatnonzero(np.bincount(plane.ravel())[1:]) + 1
        n_bone = np.count_nonzero(bones[k])
        # where bone lies bare, as in slices that a reconstruction has padded, there is no skin to part limbs
        if not n_bone or count[here[own[here]]].sum() < _BARE * n_bone:
            own[here] = True
        elif here.size:
            own[here[count[here].argmax()]] = True
    own[0] = False
    kept = own[label]
    own[np.setdiff1d(np.arange(n + 1), label[dense])] = True  # of what has no bone none goes on
    for upwards in (True, False):
        _take_limbs_on(kept, body & ~own[label], bones, dense, upwards=upwards)
    return kept


def _take_limbs_on(body: BoolArray, limbs: BoolArray, bones: BoolArray, dense: BoolArray, *, upwards: bool) -> None:
    """Take other limbs out of the levels where they touch the body, from those where they lie apart, in place.

    From one level to the next a voxel belongs to what lies nearest to it: what was body there stays body. A limb goes
    on as long as it has bone, and ends where these hips' own bone lies in it: so does the other thigh, whose hip is out
    of view, at the crotch.
    """
    levels = range(len(body)) if upwards else range(len(body))[::-1]
    for k, following in itertools.pairwise(levels):
        if not (limbs[k] & dense[k]).any() or not body[k].any():
            continue
        to_limb, to_body = (ndi.distance_transform_edt(~mask[k]) for mask in (limbs, body))
        near, _ = ndi.label(body[following] & (to_limb < to_body))
        goes_on = np.setdiff1d(near[limbs[k]], near[bones[following]])
        taken = np.isin(near, goes_on[goes_on > 0])
        body[following] &= ~taken
        limbs[following] |= taken
