"""What is measured at each hip joint whether there is ossification or not: density of head and neck, joint space."""

from __future__ import annotations

import msgspec
import numpy as np

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.joint.joint_space import joint_space
from ho_detect.anatomy.metal.metal import Metal
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
    volume: HuVolume,
    hips: tuple[HipAnatomy, ...],
    compartments: dict[Side, Compartments],
    metal: Metal,
    settings: JointSettings,
) -> dict[Side, JointState]:
    """Measure each hip in view; nothing is measured behind metal."""
    return {
        h.joint.side: JointState()
        if h.joint.status == "not_assessable" or _is_hidden(h, metal, settings)
        else _state(volume, h, compartments[h.joint.side], settings)
        for h in hips
    }


def _is_hidden(hip: HipAnatomy, metal: Metal, settings: JointSettings) -> bool:
    """Whether metal hides more of head and neck than may be out of view."""
    reach_mm = settings.neck_radii[1] * (hip.joint.head_radius_mm or 0.0)
    axis = np.linspace(-reach_mm, reach_mm, 15)
    ball = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    ball = ball[np.linalg.norm(ball, axis=1) <= reach_mm]
    return bool(metal.hides(hip.center_lps_mm + ball).mean() > 1.0 - settings.least_in_view)


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
