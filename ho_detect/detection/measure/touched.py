"""Which bones a lesion is in contact with, and where."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.anatomy.native.surfaces import FAR_MM, BoneDistance
from ho_detect.detection.candidates import Region
from ho_detect.detection.measure.cleft import clefts_beneath
from ho_detect.image.grid import FloatArray
from ho_detect.image.morphology import neighbours
from ho_detect.settings import DetectionSettings

#: The surface of the femoral head reaches so far beyond the fitted sphere, mm.
_ARTICULAR_MM = 2.0
#: Bone of the pelvis so near to it is the rim of the socket, mm.
_RIM_MM = 3.0
#: A lesion whose contact lies across clefts by a larger share is not in contact. Convention, see :mod:`.cleft`.
_ACROSS = 0.55

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Touched:
    """The bones that a lesion is in contact with.

    Parameters
    ----------
    contact
        By name of the bone, its voxels in contact.
    across
        Voxels that belong to a bone across a cleft, or lie in it; none where there is no cleft.
    """

    contact: dict[str, BoolArray] = field(default_factory=dict)
    across: BoolArray = field(default_factory=lambda: np.zeros((), bool))


def touched_bones(
    region: Region, box: tuple[slice, slice, slice], mask: BoolArray, settings: DetectionSettings
) -> Touched:
    """Return the bones that a lesion is in contact with: native bone 26-adjacent to it, both dense where they meet.

    What lies across a cleft is not in contact.

    The femoral head does not count where the pelvis is as near: at the rim of the socket a fit that is off by a
    millimetre has the head's surface on the pelvis, and what grows there grows on the rim.
    """
    dense = region.smooth[box] >= settings.contact_hu
    ring = neighbours(mask & dense) & ~mask
    contact = ring & dense & (region.distance_mm[box] <= 0.0)
    touched: dict[str, BoolArray] = {}
    across = np.zeros(mask.shape, bool)
    for number, bone in enumerate(region.bones, 1):
        here = contact & (region.nearest[box] == number)
        if bone.bone == "femur":
            at = np.argwhere(here)
            here[tuple(at[_in_socket(region.bones, bone, region.grid.crop(box).to_lps(at))].T)] = False
        if not here.any() or here.sum() * region.grid.voxel_volume_mm3 ** (2 / 3) < settings.contact_mm2:
            continue
        hu, distance_mm = region.hu[box], region.distance_mm[box]
        clefts = clefts_beneath(hu, distance_mm, mask, here, region.muscle_hu, region.grid.spacing_mm)
        if clefts.share > _ACROSS:
            across |= clefts.beneath
        else:
            touched[bone.bone] = here | touched.get(bone.bone, False)
    return Touched(dict(sorted(touched.items())), across)


def _in_socket(bones: tuple[BoneDistance, ...], femur: BoneDistance, lps_mm: FloatArray) -> BoolArray:
    """Whether each of (n, 3) points of a femur's surface is the head's, with the pelvis of that side beside it."""
    on_head = np.linalg.norm(lps_mm - femur.head.center_lps_mm, axis=1) < femur.head.radius_mm + _ARTICULAR_MM
    if not on_head.any():
        return np.asarray(on_head)
    pelvis = next(b for b in bones if b.side == femur.side and b.bone == "pelvis")
    index = pelvis.grid.to_index(lps_mm).T
    near = ndi.map_coordinates(pelvis.mm, index, order=1, mode="constant", cval=FAR_MM) < _RIM_MM
    return np.asarray(on_head & near)
