"""What is measured at each hip joint whether there is ossification or not: density of head and neck, joint space."""

from __future__ import annotations

import msgspec

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.joint.joint_space import joint_space
from ho_detect.anatomy.regions.compartments import Compartments
from ho_detect.anatomy.regions.head_and_neck import mean_hu
from ho_detect.image.sides import Side
from ho_detect.settings import JointSettings


class JointState(msgspec.Struct, frozen=True, kw_only=True):
    """Of one hip; None where it could not be measured."""

    head_mean_hu: float | None = None
    neck_mean_hu: float | None = None
    joint_space_min_mm: float | None = None
    joint_space_mean_mm: float | None = None
    joint_space_resolved: float | None = None


def joint_states(
    volume: HuVolume, hips: tuple[HipAnatomy, ...], compartments: dict[Side, Compartments], settings: JointSettings
) -> dict[Side, JointState]:
    """Measure each hip in view; nothing is measured behind metal."""
    return {
        h.joint.side: JointState()
        if h.joint.status == "not_assessable"
        else _state(volume, h, compartments[h.joint.side], settings)
        for h in hips
    }


def _state(volume: HuVolume, hip: HipAnatomy, place: Compartments, settings: JointSettings) -> JointState:
    space = joint_space(volume, hip, settings)
    return JointState(
        head_mean_hu=_rounded(mean_hu(volume, place.femur.head, settings.least_in_view), 1),
        neck_mean_hu=_rounded(mean_hu(volume, place.femur.neck, settings.least_in_view), 1),
        joint_space_min_mm=_rounded(space.min_mm, 2),
        joint_space_mean_mm=_rounded(space.mean_mm, 2),
        joint_space_resolved=_rounded(space.resolved, 3),
    )


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
