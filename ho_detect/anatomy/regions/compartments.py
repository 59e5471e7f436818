"""What of the fitted anatomy tells where around a hip a lesion lies: head, neck, muscle groups and the cavity."""

from __future__ import annotations

from dataclasses import dataclass

from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.native.surfaces import BoneDistance
from ho_detect.anatomy.regions.cavity import Cavity, cavity_of
from ho_detect.anatomy.regions.head_and_neck import HeadAndNeck, head_and_neck
from ho_detect.anatomy.regions.muscle_groups import MuscleRegions, muscle_courses
from ho_detect.anatomy.regions.sciatic_corridor import sciatic_corridor
from ho_detect.anatomy.regions.tubes import Tubes
from ho_detect.image.sides import Side
from ho_detect.settings import JointSettings


@dataclass(frozen=True, eq=False)
class Compartments:
    """Of one hip."""

    side: Side
    femur: HeadAndNeck
    muscles: MuscleRegions
    cavity: Cavity
    sciatic: Tubes


def compartments(
    hips: tuple[HipAnatomy, ...], bones: tuple[BoneDistance, ...], settings: JointSettings
) -> dict[Side, Compartments]:
    """Return the compartments of each hip in view, by side."""
    femur = {b.side: b for b in bones if b.bone == "femur"}

    def of(hip: HipAnatomy) -> Compartments:
        side, muscles = hip.joint.side, muscle_courses(hip, settings)
        near_joint = head_and_neck(hip.joint, femur[side], settings)
        return Compartments(side, near_joint, muscles, cavity_of(hip, muscles), sciatic_corridor(hip))

    return {h.joint.side: of(h) for h in hips}
