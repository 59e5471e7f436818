"""Metal to what can be said of each hip: assessed, assessed beside metal, or hidden."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np

from ho_detect.anatomy.fit.hips import JOINT_REGION_MM, HipAnatomy
from ho_detect.anatomy.metal.metal import Metal
from ho_detect.anatomy.regions.tissue import Tissue
from ho_detect.flags import flag
from ho_detect.settings import AnatomySettings

#: The joint region is looked at in steps so wide, mm.
_STEP_MM = 2.0


def beside_metal(
    hips: tuple[HipAnatomy, ...], metal: Metal, tissue: Tissue, settings: AnatomySettings
) -> tuple[HipAnatomy, ...]:
    """Return the hips, each with the share of its joint region that metal and its artefact hide.

    A hip is not assessable where that is more than ``most_hidden``; what is seen of all others is assessed.
    """
    if metal.zone is None:
        return hips
    return tuple(_beside(hip, metal, tissue, settings) for hip in hips)


def _beside(hip: HipAnatomy, metal: Metal, tissue: Tissue, settings: AnatomySettings) -> HipAnatomy:
    axis = np.arange(-JOINT_REGION_MM, JOINT_REGION_MM + _STEP_MM, _STEP_MM)
    ball = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    points = hip.center_lps_mm + ball[np.linalg.norm(ball, axis=1) <= JOINT_REGION_MM]
    hidden = metal.hides(points)
    n_inside = tissue.share(tissue.body, points) * len(points)
    share = float(hidden.sum()) / max(n_inside, 1.0)
    if not hidden.any():
        return hip
    joint = hip.joint
    reasons = (*joint.reasons, flag("hidden_by_metal", f"{share:.0%} of {JOINT_REGION_MM:g} mm around the joint"))
    status = joint.status
    if share > settings.most_hidden:
        status = "not_assessable"
    elif status == "assessed":
        status = "assessed_beside_metal"
    hidden_share = round(min(share, 1.0), 3)
    return replace(hip, joint=msgspec.structs.replace(joint, status=status, hidden_share=hidden_share, reasons=reasons))
