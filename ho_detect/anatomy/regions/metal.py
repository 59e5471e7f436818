"""Metal, and the zone around it where nothing can be judged."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.regions.tissue import Tissue
from ho_detect.flags import flag
from ho_detect.image.components import label_components
from ho_detect.image.grid import FloatArray, Grid
from ho_detect.settings import AnatomySettings

#: Fewer cubic millimetres are a clip or dense cortex, not an implant.
_LEAST_MM3 = 150.0
#: Prosthetic heads have 22 mm diameter and more, stems and necks less; a head is looked for so near to the fit. mm
_LEAST_HEAD_MM, _HEAD_SEARCH_MM = 9.0, 30.0


@dataclass(frozen=True, eq=False)
class Metal:
    """Metal inside the body on the coarse grid of the tissue masks.

    Parameters
    ----------
    volume_mm3
        Of all pieces that are large enough to spoil their neighbourhood; 0 where there is none.
    distance_mm
        (z, y, x) float32 distance to the nearest of it; None where there is none.
    """

    grid: Grid
    volume_mm3: float
    distance_mm: NDArray[np.float32] | None

    def distance_to(self, points: FloatArray) -> FloatArray:
        """Return (n,) distances in mm of (n, 3) LPS points to metal; infinite where there is none."""
        if self.distance_mm is None:
            return np.full(len(points), np.inf)
        index = np.rint(self.grid.to_index(points)).astype(int)
        index = np.clip(index, 0, np.array(self.grid.shape) - 1)
        return np.asarray(self.distance_mm[tuple(index.T)], dtype=np.float64)


def find_metal(volume: HuVolume, tissue: Tissue, settings: AnatomySettings) -> Metal:
    """Find metal: voxels above ``metal_hu`` in pieces of at least 150 mm³ inside the body.

    Parameters
    ----------
    volume
        Any orientation.
    """
    pieces = label_components(volume.hu, settings.metal_hu)
    place = np.rint(tissue.grid.to_index(volume.grid.to_lps(pieces.centroid))).astype(int)
    place = np.clip(place, 0, np.array(tissue.grid.shape) - 1)
    size = pieces.count * volume.grid.voxel_volume_mm3
    large = (size >= _LEAST_MM3) & tissue.body[tuple(place.T)]
    if not large.any():
        return Metal(tissue.grid, 0.0, None)
    voxels = volume.grid.to_lps(np.argwhere(pieces.paint(large.astype(np.uint8))))
    index = np.clip(np.rint(tissue.grid.to_index(voxels)).astype(int), 0, np.array(tissue.grid.shape) - 1)
    clear = np.ones(tissue.grid.shape, bool)
    clear[tuple(index.T)] = False
    distance = ndi.distance_transform_edt(clear, sampling=tissue.grid.spacing_mm).astype(np.float32)
    return Metal(tissue.grid, float(size[large].sum()), distance)


def hide_behind_metal(
    volume: HuVolume, hips: tuple[HipAnatomy, ...], metal: Metal, settings: AnatomySettings
) -> tuple[HipAnatomy, ...]:
    """Return the hips; those whose femoral head lies in the zone around metal are not assessable.

    The center of a prosthetic head takes the place of the fitted one: native bone no longer shows where that is.
    """
    return tuple(_hidden(volume, hip, metal, settings) for hip in hips)


def _hidden(volume: HuVolume, hip: HipAnatomy, metal: Metal, settings: AnatomySettings) -> HipAnatomy:
    distance = float(metal.distance_to(hip.center_lps_mm[None])[0])
    if distance >= settings.metal_zone_mm:
        return hip
    reason = flag("hidden_by_metal", f"metal {distance:.0f} mm from the femoral head center")
    joint = msgspec.structs.replace(hip.joint, status="not_assessable", reasons=(*hip.joint.reasons, reason))
    head = _prosthetic_head(volume, hip.center_lps_mm, settings)
    if head is not None:
        (x, y, z), radius_mm = head
        joint = msgspec.structs.replace(
            joint,
            center_lps_mm=(round(x, 2), round(y, 2), round(z, 2)),
            head_radius_mm=round(radius_mm, 2),
            residual_mm=None,
        )
    return replace(hip, joint=joint)


def _prosthetic_head(
    volume: HuVolume, near_lps_mm: FloatArray, settings: AnatomySettings
) -> tuple[tuple[float, float, float], float] | None:
    """Center and radius of the largest ball of metal near a place; None where it is too small for a head."""
    box = volume.grid.box_around(near_lps_mm, _HEAD_SEARCH_MM)
    metal = volume.hu[box] >= settings.metal_hu
    depth = ndi.distance_transform_edt(metal, sampling=volume.grid.spacing_mm)
    radius_mm = float(depth.max(initial=0.0))
    if radius_mm < _LEAST_HEAD_MM:
        return None
    index = np.argwhere(depth > radius_mm - 1.5).mean(axis=0)
    x, y, z = (float(v) for v in volume.grid.crop(box).to_lps(index))
    return (x, y, z), radius_mm
