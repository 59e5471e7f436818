"""Native femur and hip bone of each side as masks on the CT's grid: the fitted surfaces, or user-supplied masks."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.native.surfaces import BoneDistance, displaced
from ho_detect.anatomy.user_masks.bone import holding
from ho_detect.anatomy.user_masks.masks import Mask, UserMasks
from ho_detect.anatomy.user_masks.names import BONES
from ho_detect.image.grid import FloatArray, Grid
from ho_detect.image.surfaces import capped, voxelised
from ho_detect.settings import AnatomySettings

#: Value of each bone in the label map, under TotalSegmentator's names.
LABELS: dict[str, int] = {name: number for number, name in enumerate(BONES, 1)}


@dataclass(frozen=True, eq=False)
class NativeBone:
    """What the masks are made from, when they are asked for.

    Parameters
    ----------
    hips
        With their fitted surfaces.
    supplied
        Of each bone with a mask in use, that mask and the field of the fitted surface, near which it holds.
    settings
        Those of the analysis.
    """

    hips: tuple[HipAnatomy, ...] = ()
    supplied: tuple[tuple[str, Mask, BoneDistance], ...] = ()
    settings: AnatomySettings = field(default_factory=AnatomySettings)

    def labels(self, grid: Grid) -> NDArray[np.uint8]:
        """Return the bones on a grid: 0, or the value in :data:`LABELS`; where two overlap, the femur.

        The joint space is no bone. Beside metal, and where a head is gone, bone is what the fit expects.

        Parameters
        ----------
        grid
            Close to the patient's axes, in any order.
        """
        upright, _, _ = grid.to_canonical()
        out = np.zeros(upright.shape, np.uint8)
        supplied = {name: (mask, fitted) for name, mask, fitted in self.supplied}
        for name, surfaces in self._surfaces.items():
            # a mask holds beyond the fitted surface, as far as the two may differ
            margin_mm = self.settings.given_margin_mm if name in supplied else 0.0
            box = upright.box_of(np.concatenate([vertices for vertices, _ in surfaces]), margin_mm)
            if min(s.stop - s.start for s in box) == 0:
                continue
            here = upright.crop(box)
            inside = np.zeros(here.shape, bool)
            for surface in surfaces:
                inside |= voxelised(here, *surface).view(bool)
            if name in supplied:
                mask, fitted = supplied[name]
                inside = np.where(holding(fitted, mask, self.settings).on(here), mask.on(here), inside)
            np.copyto(out[box], np.uint8(LABELS[name]), where=inside & (out[box] == 0))
        return np.ascontiguousarray(grid.from_canonical(out))

    @cached_property
    def _surfaces(self) -> dict[str, list[tuple[FloatArray, NDArray[np.int64]]]]:
        """Return closed surfaces, vertices and faces, of each bone, femurs first."""
        found = {}
        for name, (side, bone) in BONES.items():
            for hip in self.hips:
                if hip.joint.side == side:
                    fit = displaced(hip.femur if bone == "femur" else hip.hip_bone)
                    found[name] = [(fit.vertices, capped(fit.faces))]
                    if bone == "femur" and len(hip.shaft.faces):
                        found[name].append((hip.shaft.vertices, capped(hip.shaft.faces)))
        return found


def native_masks(
    hips: tuple[HipAnatomy, ...], fitted: tuple[BoneDistance, ...], supplied: UserMasks, settings: AnatomySettings
) -> NativeBone:
    """Keep what the masks are made from.

    Parameters
    ----------
    fitted
        Distance fields of the fitted surfaces.
    """
    fields = {(b.side, b.bone): b for b in fitted}
    masks = tuple((name, mask, fields[BONES[name]]) for name, mask in supplied.bones.items())
    return NativeBone(hips, masks, settings)
