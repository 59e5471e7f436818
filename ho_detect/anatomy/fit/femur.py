"""A fitted hip bone to the femur in its socket: fitted from several starts, led by the head where it is seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from ho_detect.anatomy.fit.femur_starts import femur_starts
from ho_detect.anatomy.fit.head import refined_head
from ho_detect.anatomy.fit.hip_bones import HipBone, pose_of
from ho_detect.anatomy.fit.search import Fields
from ho_detect.anatomy.fit.shape_fit import Pose, SurfaceFit, fit_surface
from ho_detect.anatomy.fit.shape_model import femur_model
from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.flags import Flag
from ho_detect.image.grid import FloatArray, Sphere, fit_sphere
from ho_detect.image.sides import Side, mirror_of

#: With less of the hip bone in view its socket says nothing.
MIN_SOCKET_IN_VIEW = 0.3
#: The fitted femoral head and the socket expected by the fitted hip bone lie at most so far apart, mm.
MAX_OUT_OF_SOCKET_MM = 18.0
#: Starts of a femur, those tried where none of these fits, and those that a head leads to another fit from.
_STARTS, _MORE_STARTS, _LED_STARTS = 4, 4, 2
#: A femur that explains less than this of its surface lies beside the bone: further starts are tried.
_BESIDE = 0.7
#: The head is so much smaller than its socket, mm.
_CARTILAGE_MM = 2.5
#: Where no start finds a sphere with so large a share of its edges, it is looked for all around the socket's center.
_CLEAR_HEAD = 0.45
_AROUND_MM = tuple(4.0 * np.array(shift) for shift in product((-1, 0, 1), repeat=3) if any(shift))
#: Fits whose shares of the surface explained differ by less are told apart by the head.
_AS_WHOLE = 0.12
#: Two spheres are both tried where the shares of their edges seen differ by less, and they lie so far apart, mm.
_AS_CLEAR, _ANOTHER_MM = 0.05, 1.5
#: A femur that explains less is fitted once more from where it ended.
_WELL_EXPLAINED = 0.88
_MIN_HEAD_IN_VIEW = 0.2
#: Edges of the head needed to say how round it is, and what counts where there are fewer, mm.
_MIN_HEAD_EDGES, _NO_RESIDUAL_MM = 20, 4.0


@dataclass(frozen=True, eq=False)
class FittedHip:
    """Both bones of one candidate, and how much of their surface in view is explained.

    Parameters
    ----------
    center, radius_mm
        Of the femoral head, LPS mm; that of metal where it has been replaced.
    reason
        Why the hip cannot be assessed; None where it can.
    replaced
        Whether the head is one of metal.
    """

    side: Side
    femur: SurfaceFit
    hip_bone: SurfaceFit
    center: FloatArray
    radius_mm: float | None
    score: float
    reason: Flag | None = None
    replaced: bool = False

    @property
    def rank(self) -> float:
        """What decides between fits of one side: of those at the same place the one whose head is found wins."""
        return self.score + 0.5 * _head_agreement(self.femur)


def fit_femur(fields: Fields, fine: WorkingVolume, side: Side, bone: HipBone) -> FittedHip | None:
    """Fit the femur to the edges beside a fitted hip bone.

    Returns
    -------
    FittedHip or None
        None where the head is out of view, or farther from the socket than it can lie.
    """
    mirrored = side == "right"
    hip_bone = bone.fit
    socket = None
    if hip_bone.share_in_view > MIN_SOCKET_IN_VIEW:
        socket = Sphere(*fit_sphere(hip_bone.vertices[hip_bone.joint]))
    center = bone.start.offset_mm * mirror_of(side) if socket is None else socket.center_lps_mm

    def fitted(start: Pose, head: Sphere | None = None) -> SurfaceFit:
        return fit_surface(fine, femur_model(), start, mirrored=mirrored, innermost=True, head=head)

    starts = femur_starts(fields, side, center, bone.pose.rotation, _STARTS + _MORE_STARTS)
    free = [fitted(start) for start in starts[:_STARTS]]
    if max(f.explained for f in free) < _BESIDE:
        free += [fitted(start) for start in starts[_STARTS:]]
    free.sort(key=lambda f: -_agreement(f))
    femur = _in_best_agreement(free)
    turns = [pose_of(femur_model(), f, side) for f in free[:_LED_STARTS]]
    led = [
        fitted(replace(turn, offset_mm=head.center_lps_mm * mirror_of(side)), head)
        for head in find_heads(fine, femur, socket)
        for turn in turns
    ]
    femur = _in_best_agreement(free + led)
    if femur.explained < _WELL_EXPLAINED:
        femur = _in_best_agreement([femur, fitted(pose_of(femur_model(), femur, side))])
    head, radius_mm = fit_sphere(femur.vertices[femur.joint])
    if femur.in_view[femur.joint].mean() < _MIN_HEAD_IN_VIEW:
        return None
    if socket is not None and np.linalg.norm(head - socket.center_lps_mm) > MAX_OUT_OF_SOCKET_MM:
        return None
    seen = np.array([femur.share_in_view, hip_bone.share_in_view])
    score = float(np.array([femur.explained, hip_bone.explained]) @ seen / seen.sum())
    return FittedHip(side, femur, hip_bone, head, radius_mm, score)


def _in_best_agreement(femurs: list[SurfaceFit]) -> SurfaceFit:
    """Return the fit whose surface, and once more its head, agree best with the edges seen.

    Not one that leaves much more of the bone unexplained than another: however round its head, its shaft is elsewhere.
    """
    most = max(f.explained for f in femurs)
    return max((f for f in femurs if f.explained > most - _AS_WHOLE), key=_agreement)


def _agreement(femur: SurfaceFit) -> float:
    return femur.explained + _head_agreement(femur)


def _head_agreement(femur: SurfaceFit) -> float:
    """How well the head's surface, and a sphere, agree with the edges seen.

    The weights are convention: with 1 to 2 for the head and 0.1 to 0.2 per mm the same fits win on simulated and real
    CT.
    """
    residual_mm = head_residual_mm(femur, *fit_sphere(femur.vertices[femur.joint]))
    return 2.0 * femur.joint_explained - 0.15 * (_NO_RESIDUAL_MM if residual_mm is None else residual_mm)


def head_residual_mm(femur: SurfaceFit, center: FloatArray, radius_mm: float) -> float | None:
    """Return the robust distance of the head's edges to a sphere, None with fewer than 20 of them."""
    surface = femur.joint & femur.in_view & ~np.isnan(femur.offset_mm)
    if surface.sum() < _MIN_HEAD_EDGES:
        return None
    seen = femur.vertices[surface] + femur.normals[surface] * femur.offset_mm[surface, None]
    misfit = np.abs(np.linalg.norm(seen - center, axis=1) - radius_mm)
    return float(np.median(misfit)) * 1.4826


def find_heads(fine: WorkingVolume, femur: SurfaceFit, socket: Sphere | None) -> list[Sphere]:
    """Look for the head from where the fitted femur has it and from within the socket; two where both are as clear."""
    surface = femur.vertices[femur.joint]
    expected = Sphere(*fit_sphere(surface))
    away = surface - expected.center_lps_mm
    directions = away / np.linalg.norm(away, axis=1, keepdims=True)
    starts = [expected]
    if socket is not None:
        starts.append(Sphere(socket.center_lps_mm, socket.radius_mm - _CARTILAGE_MM))
    heads = [refined_head(fine, start, directions) for start in starts]
    if socket is not None and max(h.seen for h in heads) < _CLEAR_HEAD:
        around = [Sphere(starts[1].center_lps_mm + shift, starts[1].radius_mm) for shift in _AROUND_MM]
        heads += [refined_head(fine, start, directions) for start in around]
    best, *others = sorted(heads, key=lambda h: -h.seen)
    as_clear = [h.sphere for h in others if h.seen > best.seen - _AS_CLEAR]
    away_mm = [float(np.linalg.norm(s.center_lps_mm - best.sphere.center_lps_mm)) for s in as_clear]
    return [best.sphere, *(s for s, mm in zip(as_clear, away_mm, strict=True) if mm > _ANOTHER_MM)][:2]
