"""Body, muscle and what lies deep to the subcutaneous fat, on the coarse grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.anatomy.working_grid import WorkingVolume
from ho_detect.geometry import FloatArray, Grid
from ho_detect.settings import AnatomySettings

BoolArray = NDArray[np.bool_]
#: Muscle without and with contrast medium, HU. Convention.
_MUSCLE_HU = (-10.0, 130.0)
#: Fat, HU. Convention.
FAT_HU = (-200.0, -20.0)
#: Table, sheets and hands are parted from the body where they are joined over less than twice this, mm.
_PART_MM = 12.0
#: Fat seams up to twice this wide count as lying deep, between the muscles, mm.
_SEAM_MM = 12.0
_SKIN_MM = 5.0


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


def segment_tissue(volume: WorkingVolume, settings: AnatomySettings) -> Tissue:
    """Segment body, muscle and what lies deep to the subcutaneous fat.

    Parameters
    ----------
    volume
        About 3 mm voxels along the patient's axes.
    """
    step = volume.step_mm
    solid = volume.hu > settings.body_hu
    body = _parted(solid, _PART_MM / step)
    body = np.stack([ndi.binary_fill_holes(plane) for plane in body])
    smooth = ndi.uniform_filter(volume.hu, 3)
    under_skin = ndi.distance_transform_edt(body, sampling=step) > _SKIN_MM
    soft = body & under_skin & (smooth > _MUSCLE_HU[0]) & (smooth < _MUSCLE_HU[1])
    muscle = _opened(soft, 1.0)
    dense = body & under_skin & (smooth > _MUSCLE_HU[0])
    deep = _closed(muscle | (dense & ~soft), _SEAM_MM / step) & body
    return Tissue(volume.grid, body, deep, muscle)


def _opened(mask: BoolArray, radius: float) -> BoolArray:
    """Opening by distance, so that its cost does not grow with the radius."""
    inner = ndi.distance_transform_edt(mask) > radius
    return np.asarray(ndi.distance_transform_edt(~inner) <= radius) if inner.any() else inner


def _closed(mask: BoolArray, radius: float) -> BoolArray:
    if not mask.any():
        return mask
    width = int(np.ceil(radius)) + 1
    # tissue goes on beyond the view
    outer = ndi.distance_transform_edt(~np.pad(mask, width, mode="edge")) <= radius
    inner = ndi.distance_transform_edt(outer) > radius
    return np.asarray(inner[width:-width, width:-width, width:-width])


def _parted(solid: BoolArray, radius: float) -> BoolArray:
    """Return the largest of the parts that come apart when eroded, with what is joined with it and nearest to it."""
    label, n = ndi.label(ndi.distance_transform_edt(solid) > radius)
    if n == 0:
        return solid
    body = 1 + int(np.argmax(np.bincount(label.ravel())[1:]))
    distance, at = ndi.distance_transform_edt(label == 0, return_indices=True)
    near = solid & (label[tuple(at)] == body) & (distance <= 3.0 * radius)
    return np.asarray(ndi.binary_propagation(label == body, mask=near))
