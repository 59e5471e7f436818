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
#: Starts of a femur, those tried where none of these fits, and those where none of these does either beside a hip bone
#: that is plainly there: new bone all around draws most of them to its own edges.
_STARTS, _MORE_STARTS, _MANY_STARTS = 4, 4, 40
#: Of hip bones that are there at least 0.51 of the surface was explained, where none is at most 0.44.
_THERE = 0.47
#: With less of the femur in view its pose is not told by the shaft, and more starts only find other edges. Convention.
_SHAFT_IN_VIEW = 0.5
#: Of the best fits those that a head leads to another one from.
_LED_STARTS = 2
#: A femur that explains less than this of its surface lies beside the bone: further starts are tried.
_BESIDE = 0.7
#: A head lies about so far from where the fitted hip bone has its socket, mm (median 3, 95 % within 6, at most 8 in
#: simulated hips and on real CT), and differs about so much from the radius that it expects.
_SOCKET_ERR_MM, _RADIUS_ERR_MM = 4.0, 2.0
#: What differs by more needs better edges: so much more of a femur's surface explained for each mm farther out, or of a
#: sphere's seen. Convention: in a head that is cut by the view edges within bone tell less than the socket does.
_FARTHER_OUT, _UNLIKE = 0.05, 0.03
#: A head with less of its joint surface in view is cut by the view.
_CUT_HEAD = 0.9
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
    best = max(free, key=lambda f: f.explained)
    if best.explained < _BESIDE and best.share_in_view > _SHAFT_IN_VIEW and hip_bone.explained > _THERE:
        free += [fitted(start) for start in femur_starts(fields, side, center, bone.pose.rotation, _MANY_STARTS)]
    free.sort(key=lambda f: -_agreement(f, socket))
    femur = _in_best_agreement(free, socket)
    turns = [pose_of(femur_model(), f, side) for f in free[:_LED_STARTS]]
    led = [
        fitted(replace(turn, offset_mm=head.center_lps_mm * mirror_of(side)), head)
        for head in find_heads(fine, femur, socket)
        for turn in turns
    ]
    femur = _in_best_agreement(free + led, socket)
    if femur.explained < _WELL_EXPLAINED:
        femur = _in_best_agreement([femur, fitted(pose_of(femur_model(), femur, side))], socket)
    head, radius_mm = fit_sphere(femur.vertices[femur.joint])
    if femur.in_view[femur.joint].mean() < _MIN_HEAD_IN_VIEW:
        return None
    if socket is not None and np.linalg.norm(head - socket.center_lps_mm) > MAX_OUT_OF_SOCKET_MM:
        return None
    seen = np.array([femur.share_in_view, hip_bone.share_in_view])
    score = float(np.array([femur.explained, hip_bone.explained]) @ seen / seen.sum())
    return FittedHip(side, femur, hip_bone, head, radius_mm, score)


def _in_best_agreement(femurs: list[SurfaceFit], socket: Sphere | None) -> SurfaceFit:
    """Return the fit whose surface, and once more its head, agree best with the edges seen and with the socket.

    Not one that leaves much more of the bone unexplained than another: however round its head, its shaft is elsewhere.
    """
    whole = [_explained_in_socket(f, socket) for f in femurs]
    most = max(whole)
    as_whole = (f for f, share in zip(femurs, whole, strict=True) if share > most - _AS_WHOLE)
    return max(as_whole, key=lambda f: _agreement(f, socket))


def _agreement(femur: SurfaceFit, socket: Sphere | None) -> float:
    return _explained_in_socket(femur, socket) + _head_agreement(femur)


def _explained_in_socket(femur: SurfaceFit, socket: Sphere | None) -> float:
    """Return how much of the surface is explained, less for a head that lies out of its socket."""
    if socket is None:
        return femur.explained
    head, _ = fit_sphere(femur.vertices[femur.joint])
    out_mm = float(np.linalg.norm(head - socket.center_lps_mm))
    return femur.explained - _FARTHER_OUT * max(0.0, out_mm - _SOCKET_ERR_MM)


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
    """Look for the head from where the fitted femur has it and from within the socket; two where both are as clear.

    Where the view cuts the head its edges are few, and spheres within bone have as many: then what the socket expects
    is one of them too.
    """
    surface = femur.vertices[femur.joint]
    fitted = Sphere(*fit_sphere(surface))
    away = surface - fitted.center_lps_mm
    directions = away / np.linalg.norm(away, axis=1, keepdims=True)
    heads = [refined_head(fine, fitted, directions)]
    if socket is None:
        return [heads[0].sphere]
    expected = Sphere(socket.center_lps_mm, socket.radius_mm - _CARTILAGE_MM)
    heads.append(refined_head(fine, expected, directions))
    if max(h.seen for h in heads) < _CLEAR_HEAD:
        around = [Sphere(expected.center_lps_mm + shift, expected.radius_mm) for shift in _AROUND_MM]
        heads += [refined_head(fine, start, directions) for start in around]
    clear = [h.seen - _unlike(h.sphere, expected) for h in heads]
    (most, best), *others = sorted(zip(clear, (h.sphere for h in heads), strict=True), key=lambda pair: -pair[0])
    found = [best]
    for share, head in others:
        apart_mm = float(np.linalg.norm(head.center_lps_mm - best.center_lps_mm))
        if share > most - _AS_CLEAR and apart_mm > _ANOTHER_MM:
            found.append(head)
            break
    return [*found, expected] if fine.grid.contains(surface).mean() < _CUT_HEAD else found


def _unlike(head: Sphere, expected: Sphere) -> float:
    """Return what a head that differs from the one that its socket expects must be clearer by."""
    out_mm = float(np.linalg.norm(head.center_lps_mm - expected.center_lps_mm))
    other_mm = abs(head.radius_mm - expected.radius_mm)
    return _UNLIKE * (max(0.0, out_mm - _SOCKET_ERR_MM) + max(0.0, other_mm - _RADIUS_ERR_MM))
