"""What of the fitted anatomy tells where around a hip a lesion lies: head, neck and muscle groups."""

from __future__ import annotations

from dataclasses import dataclass

from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.native.surfaces import BoneDistance
from ho_detect.anatomy.regions.head_and_neck import HeadAndNeck, head_and_neck
from ho_detect.anatomy.regions.muscle_groups import MuscleRegions, muscle_courses
from ho_detect.image.sides import Side
from ho_detect.settings import JointSettings


@dataclass(frozen=True, eq=False)
class Places:
    """Of one hip."""

    side: Side
    femur: HeadAndNeck
    muscles: MuscleRegions


def places(
    hips: tuple[HipAnatomy, ...], bones: tuple[BoneDistance, ...], settings: JointSettings
) -> dict[Side, Places]:
    """Return the places of each hip in view, by side."""
    femur = {b.side: b for b in bones if b.bone == "femur"}
    return {
        h.joint.side: Places(
            h.joint.side, head_and_neck(h.joint, femur[h.joint.side], settings), muscle_courses(h, settings)
        )
        for h in hips
    }
