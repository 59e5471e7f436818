"""Masks of femur and hip bone in place of the fitted surfaces, as far as the two agree.

A mask made by a segmenter may take in what has grown on the bone, or stop short of it. Where joint, head, neck and
shaft are, the smooth fitted surface says, whatever is supplied. How far a place lies outside of native bone, the mask
says, where it lies no farther from the fitted surface than bones differ from their fit.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ho_detect.anatomy.native.surfaces import BoneDistance, signed_distance_mm
from ho_detect.anatomy.user_masks.masks import BoolArray, Mask, UserMasks
from ho_detect.anatomy.user_masks.names import BONES
from ho_detect.settings import AnatomySettings

#: A mask of which a smaller share lies in or near the bone found is another bone's, or another patient's.
_LEAST_AGREEMENT = 0.5
#: The socket, with the joint space that counts as pelvis, lies so near to the surface of the head, mm.
_SOCKET_MM = 6.0


def agreeing(supplied: UserMasks, bones: tuple[BoneDistance, ...], settings: AnatomySettings) -> UserMasks:
    """Return the masks without those of a femur or hip bone that do not lie where that bone was found."""
    found = {(b.side, b.bone): b for b in bones}
    elsewhere = [
        name
        for name, mask in supplied.bones.items()
        if BONES[name] not in found or _agreement(mask, found[BONES[name]], settings) < _LEAST_AGREEMENT
    ]
    return supplied.without(tuple(elsewhere))


def with_user_bone(
    bones: tuple[BoneDistance, ...], supplied: UserMasks, settings: AnatomySettings
) -> tuple[BoneDistance, ...]:
    """Return the distance fields, those of bones with a mask measured from the mask.

    Where mask and fitted surface lie farther apart than ``given_margin_mm`` the fitted surface stands.
    """
    masks = {BONES[name]: mask for name, mask in supplied.bones.items()}
    return tuple(_measured(b, masks[b.side, b.bone], settings) if (b.side, b.bone) in masks else b for b in bones)


def holding(bone: BoneDistance, mask: Mask, settings: AnatomySettings) -> Mask:
    """Return where a mask of a bone holds, on the grid of the field of its fitted surface."""
    return Mask(bone.grid, _compared(bone, mask, settings)[1])


def _compared(bone: BoneDistance, mask: Mask, settings: AnatomySettings) -> tuple[NDArray[np.float32], BoolArray]:
    """Return the distance to a mask on the grid of a field, and where it lies near enough to that to hold."""
    supplied_mm = signed_distance_mm(mask.on(bone.grid).view(np.uint8))
    return supplied_mm, np.abs(supplied_mm - bone.mm) <= settings.given_margin_mm


def _agreement(mask: Mask, bone: BoneDistance, settings: AnatomySettings) -> float:
    """Share of a mask, around the bone found, that lies in it or near."""
    inside = mask.on(bone.grid)
    return float((bone.mm[inside] <= settings.given_margin_mm).mean()) if inside.any() else 0.0


def _measured(bone: BoneDistance, mask: Mask, settings: AnatomySettings) -> BoneDistance:
    supplied_mm, holds = _compared(bone, mask, settings)
    mm = np.where(holds, supplied_mm, bone.mm)
    if bone.bone == "pelvis":
        box = bone.grid.box_around(bone.head.center_lps_mm, bone.head.radius_mm + _SOCKET_MM)
        mm[box] = np.minimum(mm[box], bone.mm[box])
    return replace(bone, mm=mm)
