"""HU volume to the two hip joints: femur and hip bone fitted, the femoral head as a sphere, a residual and a status."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from threadpoolctl import threadpool_limits

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.fit.empty_socket import dislocated_femur, femur_without_head, is_empty
from ho_detect.anatomy.fit.femur_starts import femur_starts
from ho_detect.anatomy.fit.head import settled_head
from ho_detect.anatomy.fit.search import (
    ANYHOW,
    TURNED,
    Candidate,
    Fields,
    across,
    edge_field,
    halved,
    hip_candidates,
    turned_candidates,
)
from ho_detect.anatomy.fit.shaft import Shaft, follow_shaft
from ho_detect.anatomy.fit.shape_fit import Pose, SurfaceFit, fit_surface
from ho_detect.anatomy.fit.shape_model import BoneModel, femur_model, hip_bone_model
from ho_detect.anatomy.fit.working_grid import WorkingVolume, resample_to_patient_axes
from ho_detect.anatomy.hip_joint import HipJoint
from ho_detect.flags import Flag, flag
from ho_detect.image.grid import FloatArray, Sphere, align_similarity, fit_sphere
from ho_detect.image.sides import SIDES, Side, mirror_of
from ho_detect.image.smoothing import gaussian
from ho_detect.settings import AnatomySettings
from ho_detect.system.parallel import in_parallel

#: Edge of the voxels that the bones are fitted in, mm.
FIT_STEP_MM = 1.5
#: Radius of the joint region whose share in view decides between assessed and partly in view, mm. Convention.
JOINT_REGION_MM = 60.0
_CANDIDATES = 3
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
#: So many candidates of a side, those whose hip bone fits best, get a femur; a further one only where its hip bone fits
#: nearly as well. Where it does not, no femur made up for that on simulated and real CT.
_FINISHED, _WORTH_FINISHING = 2, 0.7
#: With less of the hip bone in view its socket says nothing.
_MIN_SOCKET_IN_VIEW = 0.3
#: A hip bone that fits less well than this is fitted again; where none fits better than that, they are looked for in
#: any patient, not only in straight ones. Convention: wrong ones reach 0.45, right ones of wasted patients 0.6.
_CONVINCING, _LIKELY = 0.66, 0.52
#: So many starts are tried where the other side's hip bone says that this one should be, until one convinces.
_ACROSS = 3
#: Fits between this and convincing are begun again where they ended, as long as they get better by so much.
_WORTH_ANOTHER, _BETTER = 0.35, 0.03
#: A hip bone that explains so much more than the one with a head beside it stands: its head is elsewhere.
_MUCH_BETTER = 0.2
#: Two fits are the same one when their surfaces lie so near to each other, mm.
_SAME_MM = 3.0
#: Head surface explained by the fit from which no further candidate of that side is tried.
_CLEAR_SCORE = 0.8
#: A femur that explains less is fitted once more from where it ended.
_WELL_EXPLAINED = 0.88
#: The fitted femoral head and the socket expected by the fitted hip bone lie at most so far apart, mm.
_MAX_OUT_OF_SOCKET_MM = 18.0
#: Femoral heads of one patient lie 110 to 240 mm apart; a wider margin for small and large patients. mm
_HEADS_APART_MM = (95.0, 260.0)
_MIN_HEAD_IN_VIEW = 0.2
#: Edges of the head needed to say how round it is, and what counts where there are fewer, mm.
_MIN_HEAD_EDGES, _NO_RESIDUAL_MM = 20, 4.0


@dataclass(frozen=True, eq=False)
class HipAnatomy:
    """A joint in view with the surfaces that native bone is expected to have."""

    joint: HipJoint
    femur: SurfaceFit
    hip_bone: SurfaceFit
    shaft: Shaft

    @property
    def center_lps_mm(self) -> FloatArray:
        """(3,) femoral head center."""
        return np.array(self.joint.center_lps_mm)


@dataclass(frozen=True, eq=False)
class _Fitted:
    """Both bones of one candidate, and how much of their surface in view is explained."""

    side: Side
    femur: SurfaceFit
    hip_bone: SurfaceFit
    center: FloatArray
    radius_mm: float | None
    score: float
    reason: Flag | None = None

    @property
    def rank(self) -> float:
        """What decides between fits of one side: of those at the same place the one whose head is found wins."""
        return self.score + 0.5 * _head_agreement(self.femur)


def find_hip_joints(volume: HuVolume, coarse: WorkingVolume, settings: AnatomySettings) -> tuple[HipAnatomy, ...]:
    """Find the hips that are in view: none, one or two, left first.

    Templates of hip bone and femur propose places (:mod:`.search`); at each the shape model is fitted to both
    bones (:mod:`.shape_fit`); a place is a hip when enough of the surfaces that should be in view is there, the head
    lies in its socket, and two hips lie as far apart as hips do.

    Parameters
    ----------
    volume
        Any orientation and spacing.
    coarse
        Its copy of 3 mm voxels along the patient's axes.

    Returns
    -------
    Hips in view; a side that is missing is not in view.
    """
    fields = Fields(edge_field(halved(coarse)), edge_field(coarse))
    fine = resample_to_patient_axes(volume, FIT_STEP_MM)
    fine = WorkingVolume(gaussian(fine.hu, (0.5, 0.5, 0.5)), fine.grid)
    # the systems solved are small: more threads of the linear algebra library only wait for each other
    with threadpool_limits(limits=1, user_api="blas"):
        in_parallel(lambda build: build(), (hip_bone_model, femur_model))  # once, before both threads ask for them
        pelvis = _hip_bones(fields, fine)
        fits = in_parallel(lambda side: _best_fit(fields, fine, side, pelvis[side]), SIDES)
    best = [fit for fit in fits if fit and fit.score >= settings.min_joint_score]
    if len(best) == 2 and not _plausible_pair(best[0], best[1]):
        best = [max(best, key=lambda f: f.score)]
    return tuple(
        HipAnatomy(_describe(volume, f), f.femur, f.hip_bone, follow_shaft(fine, f.femur, f.center)) for f in best
    )


@dataclass(frozen=True, eq=False)
class _HipBone:
    """A fitted hip bone, where it began, and in what pose it ended, in the mirrored frame of its side."""

    start: Pose
    fit: SurfaceFit
    pose: Pose

    @property
    def promise(self) -> float:
        """Return how well it fits; with less of it in view a high share is easier to come by."""
        return float(self.fit.explained * np.sqrt(min(1.0, self.fit.share_in_view / 0.75)))


def _hip_bones(fields: Fields, fine: WorkingVolume) -> dict[Side, list[_HipBone]]:
    """Fit the hip bones of both sides at every candidate, best first.

    As in a straight patient first, then where the other side's says that it should be, and where neither is
    convincing in any patient.
    """

    def fitted(side: Side, candidates: list[Candidate]) -> list[_HipBone]:
        return [_fit_hip_bone(fine, side, c.pelvis) for c in candidates]

    def straight(side: Side) -> list[_HipBone]:
        return fitted(side, hip_candidates(fields.fine, side, _CANDIDATES))

    found: dict[Side, list[_HipBone]] = dict(zip(SIDES, in_parallel(straight, SIDES), strict=True))
    _add_across(fields, fine, found)
    for poses in (TURNED, ANYHOW):
        if max((b.promise for bones in found.values() for b in bones), default=0.0) > _LIKELY:
            break
        places = in_parallel(lambda side, poses=poses: turned_candidates(fields, side, poses, _CANDIDATES), SIDES)
        for side, candidates in zip(SIDES, places, strict=True):
            found[side] += fitted(side, candidates)
        _add_across(fields, fine, found)
    for side in SIDES:
        found[side].sort(key=lambda b: -b.promise)
    return found


def _add_across(fields: Fields, fine: WorkingVolume, found: dict[Side, list[_HipBone]]) -> None:
    """Add to each side that has no convincing hip bone the one that the best of the other side leads to."""
    best = {side: max(found[side], key=lambda b: b.promise) for side in SIDES if found[side]}
    for side, other in (SIDES, SIDES[::-1]):
        if other not in best or (side in best and best[side].promise > _CONVINCING):
            continue
        for candidate in across(fields.fine, side, best[other].pose)[:_ACROSS]:
            found[side].append(_fit_hip_bone(fine, side, candidate.pelvis))
            if found[side][-1].promise > min(_CONVINCING, best[other].promise - 0.05):
                break


def _fit_hip_bone(fine: WorkingVolume, side: Side, start: Pose) -> _HipBone:
    """Fit, and fit again from where that ended if much is left unexplained: a start far off needs more rounds."""
    first = _fitted_once(fine, side, start)
    while _WORTH_ANOTHER < first.promise < _CONVINCING:
        again = _fitted_once(fine, side, first.pose)
        if again.promise < first.promise + _BETTER:
            break
        first = again
    return first


def _fitted_once(fine: WorkingVolume, side: Side, start: Pose) -> _HipBone:
    fit = fit_surface(fine, hip_bone_model(), start, mirrored=side == "right", innermost=False)
    return _HipBone(start, fit, _pose_of(hip_bone_model(), fit, side))


def _pose_of(model: BoneModel, fit: SurfaceFit, side: Side) -> Pose:
    """Return the similarity that brings the model's mean closest to a fitted surface."""
    linear, offset = align_similarity(model.mean, fit.vertices * mirror_of(side))
    scale = float(np.cbrt(np.linalg.det(linear)))
    return Pose(linear / scale, scale, offset)


def _best_fit(fields: Fields, fine: WorkingVolume, side: Side, found: list[_HipBone]) -> _Fitted | None:
    """Fit the femur where the hip bone fits best."""
    best: _Fitted | None = None
    tried: list[_HipBone] = []
    for bone in found:
        if len(tried) == _FINISHED or any(np.abs(bone.fit.vertices - t.fit.vertices).mean() < _SAME_MM for t in tried):
            continue
        if best and (best.score > _CLEAR_SCORE or bone.promise < _WORTH_FINISHING * tried[0].promise):
            break
        tried.append(bone)
        fitted = _fit_femur(fields, fine, side, bone)
        if fitted and (best is None or fitted.rank > best.rank):
            best = fitted
    if not tried:
        return None
    clear = tried[0].fit
    if best is None or best.hip_bone is clear or best.hip_bone.explained < clear.explained - _MUCH_BETTER:
        in_socket = best if best and best.hip_bone is clear else None
        return _out_of_socket(fields, fine, side, tried[0], in_socket) or best
    return best


def _out_of_socket(
    fields: Fields, fine: WorkingVolume, side: Side, bone: _HipBone, fitted: _Fitted | None
) -> _Fitted | None:
    """Return what is there where a hip bone is seen, but no head in its socket; None where a head is there."""
    if bone.fit.explained < _LIKELY or bone.fit.share_in_view < _MIN_SOCKET_IN_VIEW:
        return None
    socket = Sphere(*fit_sphere(bone.fit.vertices[bone.fit.joint]))
    if not is_empty(fine, socket, fitted.femur if fitted else None):
        return None
    femur = dislocated_femur(fields, fine, side, socket, bone.pose.rotation)
    if femur is not None:
        head, radius_mm = fit_sphere(femur.vertices[femur.joint])
        out_mm = float(np.linalg.norm(head - socket.center_lps_mm))
        if out_mm > _MAX_OUT_OF_SOCKET_MM:
            why = flag("dislocated_head", f"its center lies {out_mm:.0f} mm from the socket's")
            return _Fitted(side, femur, bone.fit, head, radius_mm, bone.fit.explained, why)
    femur = femur_without_head(fields, fine, side, socket, bone.pose.rotation)
    why = flag("no_femoral_head", "soft tissue in the middle of the socket")
    return _Fitted(side, femur, bone.fit, socket.center_lps_mm, None, bone.fit.explained, why)


def _fit_femur(fields: Fields, fine: WorkingVolume, side: Side, bone: _HipBone) -> _Fitted | None:
    mirrored = side == "right"
    hip_bone = bone.fit
    socket = None
    if hip_bone.share_in_view > _MIN_SOCKET_IN_VIEW:
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
    turns = [_pose_of(femur_model(), f, side) for f in free[:_LED_STARTS]]
    led = [
        fitted(replace(turn, offset_mm=head.center_lps_mm * mirror_of(side)), head)
        for head in _heads(fine, femur, socket)
        for turn in turns
    ]
    femur = _in_best_agreement(free + led)
    if femur.explained < _WELL_EXPLAINED:
        femur = _in_best_agreement([femur, fitted(_pose_of(femur_model(), femur, side))])
    head, radius_mm = fit_sphere(femur.vertices[femur.joint])
    if femur.in_view[femur.joint].mean() < _MIN_HEAD_IN_VIEW:
        return None
    if socket is not None and np.linalg.norm(head - socket.center_lps_mm) > _MAX_OUT_OF_SOCKET_MM:
        return None
    seen = np.array([femur.share_in_view, hip_bone.share_in_view])
    score = float(np.array([femur.explained, hip_bone.explained]) @ seen / seen.sum())
    return _Fitted(side, femur, hip_bone, head, radius_mm, score)


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
    residual_mm = _head_residual_mm(femur, *fit_sphere(femur.vertices[femur.joint]))
    return 2.0 * femur.joint_explained - 0.15 * (_NO_RESIDUAL_MM if residual_mm is None else residual_mm)


def _head_residual_mm(femur: SurfaceFit, center: FloatArray, radius_mm: float) -> float | None:
    """Return the robust distance of the head's edges to a sphere, None with fewer than 20 of them."""
    surface = femur.joint & femur.in_view & ~np.isnan(femur.offset_mm)
    if surface.sum() < _MIN_HEAD_EDGES:
        return None
    seen = femur.vertices[surface] + femur.normals[surface] * femur.offset_mm[surface, None]
    misfit = np.abs(np.linalg.norm(seen - center, axis=1) - radius_mm)
    return float(np.median(misfit)) * 1.4826


def _heads(fine: WorkingVolume, femur: SurfaceFit, socket: Sphere | None) -> list[Sphere]:
    """Look for the head from where the fitted femur has it and from within the socket; two where both are as clear."""
    surface = femur.vertices[femur.joint]
    expected = Sphere(*fit_sphere(surface))
    away = surface - expected.center_lps_mm
    directions = away / np.linalg.norm(away, axis=1, keepdims=True)
    starts = [expected]
    if socket is not None:
        starts.append(Sphere(socket.center_lps_mm, socket.radius_mm - _CARTILAGE_MM))
    heads = [settled_head(fine, start, directions) for start in starts]
    if socket is not None and max(h.seen for h in heads) < _CLEAR_HEAD:
        around = [Sphere(starts[1].center_lps_mm + shift, starts[1].radius_mm) for shift in _AROUND_MM]
        heads += [settled_head(fine, start, directions) for start in around]
    best, *others = sorted(heads, key=lambda h: -h.seen)
    as_clear = [h.sphere for h in others if h.seen > best.seen - _AS_CLEAR]
    away_mm = [float(np.linalg.norm(s.center_lps_mm - best.sphere.center_lps_mm)) for s in as_clear]
    return [best.sphere, *(s for s, mm in zip(as_clear, away_mm, strict=True) if mm > _ANOTHER_MM)][:2]


def _plausible_pair(left: _Fitted, right: _Fitted) -> bool:
    """Whether two hips lie as far apart as hips do, on the sides that the pelvis has them on, however it is turned."""
    low, high = _HEADS_APART_MM
    apart = left.center - right.center
    to_left = _to_left(left) + _to_left(right)
    return bool(apart @ to_left > 0 and low < np.linalg.norm(apart) < high)


def _to_left(fitted: _Fitted) -> FloatArray:
    """Return the patient's left, as the hip bone is turned."""
    linear, _ = align_similarity(hip_bone_model().mean * mirror_of(fitted.side), fitted.hip_bone.vertices)
    return linear[:, 0]


def _describe(volume: HuVolume, fitted: _Fitted) -> HipJoint:
    femur = fitted.femur
    coverage = _share_in_view(volume, fitted.center, JOINT_REGION_MM)
    head_in_view = float(femur.in_view[femur.joint].mean())
    radius_mm = fitted.radius_mm
    residual_mm = None if radius_mm is None else _head_residual_mm(femur, fitted.center, radius_mm)
    reasons: list[Flag] = [] if fitted.reason is None else [fitted.reason]
    if radius_mm is not None and head_in_view < 0.98:
        reasons.append(flag("head_cut_by_view", f"{head_in_view:.0%} of its surface in view"))
    elif coverage < 0.98:
        reasons.append(flag("hip_cut_by_view", f"{coverage:.0%} of {JOINT_REGION_MM:g} mm around the joint in view"))
    x, y, z = (round(float(v), 2) for v in fitted.center)
    return HipJoint(
        side=fitted.side,
        status="not_assessable" if fitted.reason else "partly_in_view" if reasons else "assessed",
        center_lps_mm=(x, y, z),
        head_radius_mm=None if radius_mm is None else round(radius_mm, 2),
        residual_mm=None if residual_mm is None else round(residual_mm, 3),
        score=round(fitted.score, 3),
        coverage=round(coverage, 3),
        reasons=tuple(reasons),
    )


def _share_in_view(volume: HuVolume, center: FloatArray, radius_mm: float) -> float:
    """Share of a ball around a point that lies within the volume."""
    axis = np.linspace(-radius_mm, radius_mm, 21)
    ball = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    ball = ball[np.linalg.norm(ball, axis=1) <= radius_mm]
    return float(volume.grid.contains(center + ball).mean())
