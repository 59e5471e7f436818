"""Planes and axes that tell where around the hip something lies, from the fitted bones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.fit.shape_model import hip_bone_model
from ho_detect.image.grid import FloatArray, align_similarity
from ho_detect.image.sides import Side, mirror_of

#: Height of the ischial spine against the head center, mm.
_SPINE_HEIGHT_MM = (-35.0, -10.0)
#: What lies so near to the shaft's axis beyond the end of the model is shaft, mm.
_SHAFT_RADIUS_MM = 30.0
#: ... from so far above that end on, mm.
_SHAFT_OVERLAP_MM = 12.0
#: Spine and sacrum take up this share of the distance between the heads in the middle, ...
_SACRUM_SHARE = 0.66
#: ... so far behind the level of the heads, or so far above it, mm.
_SACRUM_BEHIND_MM, _SPINE_ABOVE_MM = 12.0, 60.0
#: ... and the coccyx, at the level of the heads, this share. Convention.
_COCCYX_SHARE = 0.2
#: What lies so far beyond the midline belongs to the other side, mm.
_MIDLINE_MARGIN_MM = 4.0
#: The wall of the pelvic cavity lies so far medial of the head center, its floor so far below it and its front so far
#: before it, mm.
_WALL_MEDIAL_MM, _FLOOR_BELOW_MM, _CAVITY_BEFORE_MM = 24.0, 40.0, 60.0
#: The middle of the pelvic cavity, away from its walls, is this share of the distance between the heads.
_CENTER_SHARE = 0.5
#: The external iliac and common femoral vessels run between so far before the heads, ...
_ARTERY_BEFORE_MM = (8.0, 75.0)
#: ... no farther lateral of the head center, no farther below it, and no nearer to the midline, mm. Convention, wide.
_ARTERY_LATERAL_MM, _ARTERY_BELOW_MM, _ARTERY_MIDLINE_MM = 12.0, 160.0, 12.0
#: Fits that explain less of their bones do not tell grown bone from native bone. Convention; real CT gives 0.7 to 0.85.
_RELIABLE_SCORE = 0.6
#: ... nor do those that explain less of either alone: of a femur whose shaft lies elsewhere, or that a stem replaces.
_RELIABLE_BONE = 0.57
#: With less of its surface in view than this a bone says nothing of the fit.
_LEAST_IN_VIEW = 0.15


@dataclass(frozen=True, eq=False)
class Landmarks:
    """One hip's frame.

    Parameters
    ----------
    center
        (3,) LPS mm, femoral head center.
    axes
        (3, 3) rows: unit vectors to the patient's left, back and head, as the patient lies: turned about z only.
    midline
        (3,) LPS mm, a point of the midline plane.
    reliable
        Whether the fitted bones explain enough of what is seen to tell grown bone from native bone.
    shaft_end, shaft_axis
        (3,) LPS mm where the shaft was last seen; unit vector, distal.
    ischial_spine
        (3,) LPS mm of its tip.
    """

    side: Side
    center: FloatArray
    axes: FloatArray
    midline: FloatArray
    reliable: bool
    shaft_end: FloatArray
    shaft_axis: FloatArray
    ischial_spine: FloatArray

    def local_mm(self, points: FloatArray) -> FloatArray:
        """Return (n, 3) offsets from the head center: lateral, posterior, superior, mm."""
        return (points - self.center) * mirror_of(self.side)

    def beyond_model(self, points: FloatArray) -> NDArray[np.bool_]:
        """Whether each of (n, 3) points is shaft beyond the end of the femur model."""
        arm = points - self.shaft_end
        along = arm @ self.shaft_axis
        aside = np.linalg.norm(arm - along[:, None] * self.shaft_axis, axis=1)
        return np.asarray((along > -_SHAFT_OVERLAP_MM) & (aside < _SHAFT_RADIUS_MM))

    def spine_or_sacrum(self, points: FloatArray) -> NDArray[np.bool_]:
        """Whether each of (n, 3) points lies where sacrum, coccyx and lumbar spine are.

        The middle two thirds between the heads, behind the heads or well above them.
        """
        lateral, posterior, superior = self._turned(points).T
        middle = np.abs(lateral) < _SACRUM_SHARE * self._half_mm
        return np.asarray(middle & ((posterior > _SACRUM_BEHIND_MM) | (superior > _SPINE_ABOVE_MM)))

    def lateral_of_sacrum_mm(self, points: FloatArray) -> FloatArray:
        """Return (n,) how far each of (n, 3) points lies lateral of spine and sacrum as wide as they are there, mm.

        The sacrum narrows downwards: lateral of its lower part is the sciatic foramen with the piriformis.
        """
        lateral, _, superior = self._turned(points).T
        share = np.interp(superior, [0.0, _SPINE_ABOVE_MM], [_COCCYX_SHARE, _SACRUM_SHARE])
        return np.asarray(np.abs(lateral) - share * self._half_mm)

    def from_midline_mm(self, points: FloatArray) -> FloatArray:
        """Return (n,) mm from the midline of (n, 3) points, positive on this side."""
        return np.asarray(self._turned(points)[:, 0])

    def across_midline(self, points: FloatArray) -> NDArray[np.bool_]:
        """Whether each of (n, 3) points lies on the other side of the midline."""
        return np.asarray(self.from_midline_mm(points) < -_MIDLINE_MARGIN_MM)

    def pelvic_cavity(self, points: FloatArray) -> NDArray[np.bool_]:
        """Whether each of (n, 3) points lies between the hip bones: medial of the wall, above the pelvic floor."""
        lateral, posterior, superior = self._turned(points).T
        between = np.abs(lateral) < self._half_mm - _WALL_MEDIAL_MM
        return np.asarray(between & (superior > -_FLOOR_BELOW_MM) & (posterior > -_CAVITY_BEFORE_MM))

    def pelvic_center(self, points: FloatArray) -> NDArray[np.bool_]:
        """Whether each of (n, 3) points lies in the middle half of the pelvic cavity, away from its walls."""
        lateral = self._turned(points)[:, 0]
        return np.asarray((np.abs(lateral) < _CENTER_SHARE * self._half_mm) & self.pelvic_cavity(points))

    def arterial_course(self, points: FloatArray) -> NDArray[np.bool_]:
        """Whether each of (n, 3) points lies where the external iliac and common femoral vessels run.

        In front of the head and medial of its lateral edge; lower down medial of the femur. Convention, wide.
        """
        lateral, posterior, superior = self._turned(points).T
        near_mm, far_mm = _ARTERY_BEFORE_MM
        front = (posterior < -near_mm) & (posterior > -far_mm) & (lateral < self._half_mm + _ARTERY_LATERAL_MM)
        return np.asarray(front & (superior > -_ARTERY_BELOW_MM) & (np.abs(lateral) > _ARTERY_MIDLINE_MM))

    @property
    def _half_mm(self) -> float:
        """Half the distance between the heads."""
        return abs(float((self.center - self.midline) @ self.axes[0]))

    def _turned(self, points: FloatArray) -> FloatArray:
        """Return (n, 3): mm lateral of the midline (to this side), behind and above the head center."""
        sign = mirror_of(self.side)[0]
        lateral = sign * ((points - self.midline) @ self.axes[0])
        behind, above = ((points - self.center) @ self.axes[1:].T).T
        return np.stack([lateral, behind, above], axis=1)


def landmarks(hips: tuple[HipAnatomy, ...]) -> tuple[Landmarks, ...]:
    """Return the landmarks of each hip; how the patient lies and the midline are shared where both are in view."""
    if not hips:
        return ()
    if len(hips) == 2:
        to_left = hips[0].center_lps_mm - hips[1].center_lps_mm
        midline = (hips[0].center_lps_mm + hips[1].center_lps_mm) / 2
    else:
        to_left = _left_of(hips[0])
        midline = _symphysis(hips[0], to_left)
    axes = _level(to_left)
    return tuple(_of_hip(hip, axes, midline) for hip in hips)


def nearest_frame(frames: tuple[Landmarks, ...], point: FloatArray) -> Landmarks:
    """Return the frame of the hip, of at least one, whose head center is nearest to a (3,) LPS point."""
    return min(frames, key=lambda f: float(np.linalg.norm(f.center - point)))


def _level(to_left: FloatArray) -> FloatArray:
    """Return rows left, posterior, superior; superior is the scanner's."""
    left = np.array([to_left[0], to_left[1], 0.0]) / np.hypot(to_left[0], to_left[1])
    up = np.array([0.0, 0.0, 1.0])
    return np.stack([left, np.cross(up, left), up])


def _left_of(hip: HipAnatomy) -> FloatArray:
    """Direction to the patient's left, from how the hip bone is turned against the model."""
    mirror = mirror_of(hip.joint.side)
    linear, _ = align_similarity(hip_bone_model().mean * mirror, hip.hip_bone.vertices)
    return linear[:, 0]


def _symphysis(hip: HipAnatomy, to_left: FloatArray) -> FloatArray:
    """Return the most medial place of the hip bone below the level of the head center."""
    low = hip.hip_bone.vertices[hip.hip_bone.vertices[:, 2] < hip.center_lps_mm[2]]
    outward = low @ to_left * mirror_of(hip.joint.side)[0]
    return np.asarray(low[outward.argmin()])


def _of_hip(hip: HipAnatomy, axes: FloatArray, midline: FloatArray) -> Landmarks:
    explained = [f.explained for f in (hip.femur, hip.hip_bone) if f.share_in_view >= _LEAST_IN_VIEW]
    least = min(explained, default=0.0)
    reliable = (hip.joint.score or 0.0) >= _RELIABLE_SCORE and least >= _RELIABLE_BONE
    shaft = hip.shaft
    tip = hip.hip_bone.vertices[_ischial_spine()]
    return Landmarks(hip.joint.side, hip.center_lps_mm, axes, midline, reliable, shaft.end_lps_mm, shaft.axis, tip)


@lru_cache(maxsize=1)
def _ischial_spine() -> int:
    """Return the model's vertex at the tip of the ischial spine: farthest back and inward at that height."""
    mean = hip_bone_model().mean
    low, high = _SPINE_HEIGHT_MM
    there = (mean[:, 2] > low) & (mean[:, 2] < high)
    return int(np.argmax(np.where(there, mean @ np.array([-0.7, 0.7, 0.0]), -np.inf)))
