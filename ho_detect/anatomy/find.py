"""HU volume to everything that is known of its anatomy, in one record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.acquisition.volume.load import no_hip
from ho_detect.anatomy.fit.hips import HipAnatomy, find_hip_joints
from ho_detect.anatomy.fit.working_grid import COARSE_STEP_MM, resample_to_patient_axes
from ho_detect.anatomy.hip_joint import HipJoint
from ho_detect.anatomy.joint.joint_state import JointState, joint_states
from ho_detect.anatomy.metal.hidden_hips import beside_metal
from ho_detect.anatomy.metal.metal import Metal, find_metal
from ho_detect.anatomy.metal.voxels import find_metal_voxels
from ho_detect.anatomy.native.certainty import SurfaceCertainty, surface_certainties
from ho_detect.anatomy.native.masks import NativeBone, native_masks
from ho_detect.anatomy.native.mirror import OtherSide, other_sides
from ho_detect.anatomy.native.surfaces import BoneDistance, native_bone
from ho_detect.anatomy.regions.compartments import Compartments, compartments
from ho_detect.anatomy.regions.landmarks import Landmarks, landmarks
from ho_detect.anatomy.regions.tissue import Tissue, segment_tissue
from ho_detect.anatomy.regions.vessels import FilledVessels, find_vessels
from ho_detect.anatomy.user_masks.bone import agreeing, with_user_bone
from ho_detect.anatomy.user_masks.masks import UserMasks, supplied_masks
from ho_detect.anatomy.user_masks.muscle import deep_to_skin, with_user_muscles
from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import Side
from ho_detect.settings import Settings
from ho_detect.system.parallel import together


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What detection stands on.

    Parameters
    ----------
    hips
        The hips in view, at least one, left first, with their fitted surfaces.
    bones
        Signed distance to native femur and hip bone of each, two a hip, in the order of ``hips``.
    certainty
        How sure each place of the fitted surfaces is, in the order of ``bones``.
    other_sides
        Where each of ``bones`` lies on the other side; None where that is not in view.
    landmarks
        The frame of each hip, in the order of ``hips``.
    compartments
        By side: head, neck, muscle groups, the cavity and the sciatic corridor.
    filled_vessels
        By side: the vessels before the head that contrast medium fills; a side without any is missing.
    joint_states
        By side: what is measured at the joint itself.
    tissue
        On the coarse grid.
    metal
        Metal, and what its artefact hides.
    user_masks
        The masks that the user supplied and that are used.
    native
        What masks of native bone are made from, when they are asked for.
    """

    hips: tuple[HipAnatomy, ...]
    bones: tuple[BoneDistance, ...]
    certainty: tuple[SurfaceCertainty, ...]
    other_sides: tuple[OtherSide | None, ...]
    landmarks: tuple[Landmarks, ...]
    compartments: dict[Side, Compartments]
    filled_vessels: dict[Side, FilledVessels]
    joint_states: dict[Side, JointState]
    tissue: Tissue
    metal: Metal
    user_masks: UserMasks
    native: NativeBone

    def joint(self, side: Side) -> HipJoint:
        """Return the joint of that side, which is in view."""
        return next(h.joint for h in self.hips if h.joint.side == side)

    def frame(self, side: Side) -> Landmarks:
        """Return the landmarks of the hip of that side, which is in view."""
        return next(f for f in self.landmarks if f.side == side)


def find_anatomy(volume: HuVolume, masks: Path | None, settings: Settings) -> Anatomy:
    """Find the hips in view and all that tells where around them something lies.

    Parameters
    ----------
    volume
        In canonical orientation.
    masks
        Folder of NIfTI masks (``docs/anatomy.md`` has their names), which are used in place of what is found here.

    Raises
    ------
    SeriesError
        ``no_hip_in_view``: no hip joint; ``missing_slices``: nor in the part of a series with gaps; ``bad_anatomy``:
        the masks cannot be used.
    """
    coarse = resample_to_patient_axes(volume, COARSE_STEP_MM)
    as_dense_as_metal = find_metal_voxels(volume, settings.anatomy)
    hips = find_hip_joints(volume, coarse, settings.anatomy, as_dense_as_metal)
    if not hips:
        raise no_hip(volume)
    tissue, fitted = together(
        lambda: segment_tissue(coarse, settings.anatomy, _points(hips)), lambda: native_bone(hips)
    )
    supplied = agreeing(supplied_masks(masks, volume.grid), fitted, settings.anatomy)
    near = with_user_muscles(compartments(hips, fitted, settings.joint), supplied)
    cavities = [place.cavity for place in near.values()]
    metal = find_metal(volume, as_dense_as_metal, hips, tissue, cavities, settings.anatomy)
    hips = beside_metal(hips, metal, tissue, settings.anatomy)
    frames = landmarks(hips)
    certainty, states = together(
        lambda: surface_certainties(volume, hips, metal),
        lambda: joint_states(volume, hips, near, metal, settings.joint),
    )
    return Anatomy(
        hips=hips,
        bones=with_user_bone(fitted, supplied, settings.anatomy),
        certainty=certainty,
        other_sides=other_sides(hips),
        landmarks=frames,
        compartments=near,
        filled_vessels=find_vessels(volume, frames),
        joint_states=states,
        tissue=deep_to_skin(tissue, supplied),
        metal=metal,
        user_masks=supplied,
        native=native_masks(hips, fitted, supplied, settings.anatomy),
    )


def _points(hips: tuple[HipAnatomy, ...]) -> FloatArray:
    """Return (n, 3) LPS mm of all fitted surfaces."""
    return np.concatenate([part.vertices for hip in hips for part in (hip.femur, hip.hip_bone, hip.shaft)])
