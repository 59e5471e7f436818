"""Planes and axes that tell where around the hip something lies, from the fitted bones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ho_detect.anatomy.hip_joint import Side, mirror_of
from ho_detect.anatomy.hip_joints import HipAnatomy
from ho_detect.anatomy.shape_model import femur_model
from ho_detect.geometry import FloatArray

#: The shaft's axis is taken between these heights of the model, mm below the head center.
_UPPER_MM, _LOWER_MM = (-100.0, -80.0), (-150.0, -130.0)
#: What lies so near to the shaft's axis beyond the end of the model is shaft, mm.
_SHAFT_RADIUS_MM = 30.0


@dataclass(frozen=True, eq=False)
class Landmarks:
    """One hip's frame.

    Parameters
    ----------
    center
        (3,) LPS mm, femoral head center.
    midline_x
        LPS x of the symphysis side of the hip bone: about the patient's midline.
    shaft_end, shaft_axis
        (3,) LPS mm where the modelled shaft ends; unit vector, distal.
    """

    side: Side
    center: FloatArray
    midline_x: float
    shaft_end: FloatArray
    shaft_axis: FloatArray

    def local_mm(self, points: FloatArray) -> FloatArray:
        """Return (n, 3) offsets from the head center: lateral, posterior, superior, mm."""
        return (points - self.center) * mirror_of(self.side)

    def beyond_model(self, points: FloatArray) -> NDArray[np.bool_]:
        """Whether each of (n, 3) points is shaft beyond the end of the femur model."""
        arm = points - self.shaft_end
        along = arm @ self.shaft_axis
        aside = np.linalg.norm(arm - along[:, None] * self.shaft_axis, axis=1)
        return np.asarray((along > -12.0) & (aside < _SHAFT_RADIUS_MM))

    def spine_or_sacrum(self, points: FloatArray) -> NDArray[np.bool_]:
        """Whether each of (n, 3) points lies where sacrum, coccyx and lumbar spine are.

        The middle two thirds between the heads, behind the heads or well above them.
        """
        half = abs(self.center[0] - self.midline_x)
        middle = np.abs(points[:, 0] - self.midline_x) < 0.66 * half
        behind = points[:, 1] > self.center[1] + 12.0
        above = points[:, 2] > self.center[2] + 60.0
        return np.asarray(middle & (behind | above))

    def across_midline(self, points: FloatArray) -> NDArray[np.bool_]:
        """Whether each of (n, 3) points lies on the other side of the midline."""
        side = np.sign(self.center[0] - self.midline_x)
        return np.asarray((points[:, 0] - self.midline_x) * side < -4.0)

    def pelvic_cavity(self, points: FloatArray) -> NDArray[np.bool_]:
        """Whether each of (n, 3) points lies between the hip bones: medial of the wall, above the pelvic floor."""
        half = abs(self.center[0] - self.midline_x)
        middle = np.abs(points[:, 0] - self.midline_x) < half - 24.0
        return np.asarray(middle & (points[:, 2] > self.center[2] - 40.0) & (points[:, 1] > self.center[1] - 60.0))

    def arterial_course(self, points: FloatArray) -> NDArray[np.bool_]:
        """Whether each of (n, 3) points lies where the external iliac and common femoral vessels run.

        In front of the head and medial of its lateral edge; lower down medial of the femur. Convention, wide.
        """
        lateral, posterior, superior = self.local_mm(points).T
        front = (posterior < -8.0) & (posterior > -75.0) & (lateral < 12.0)
        return np.asarray(front & (superior > -160.0) & (np.abs(points[:, 0] - self.midline_x) > 12.0))


def landmarks(hips: tuple[HipAnatomy, ...]) -> tuple[Landmarks, ...]:
    """Return the landmarks of each hip; the midline is shared where both are in view."""
    medial = [_most_medial_x(h) for h in hips]
    midline = float(np.mean(medial)) if medial else 0.0
    return tuple(_of_hip(h, midline) for h in hips)


def _most_medial_x(hip: HipAnatomy) -> float:
    """LPS x of the symphysis: the most medial of the hip bone below the level of the head center."""
    low = hip.hip_bone.vertices[hip.hip_bone.vertices[:, 2] < hip.center_lps_mm[2]]
    x = low[:, 0]
    return float(x.min() if hip.joint.side == "left" else x.max())


def _of_hip(hip: HipAnatomy, midline_x: float) -> Landmarks:
    height = femur_model().mean[:, 2]
    upper, lower = (hip.femur.vertices[(height > a) & (height < b)].mean(axis=0) for a, b in (_UPPER_MM, _LOWER_MM))
    axis = (lower - upper) / np.linalg.norm(lower - upper)
    end = hip.femur.vertices[height < height.min() + 10.0].mean(axis=0)
    return Landmarks(hip.joint.side, hip.center_lps_mm, midline_x, end, axis)
