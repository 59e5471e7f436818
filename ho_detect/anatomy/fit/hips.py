"""HU volume to the two hip joints: femur and hip bone fitted, the femoral head as a sphere, a residual and a status."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.fit.empty_socket import dislocated_femur, femur_without_head, is_empty
from ho_detect.anatomy.fit.femur import (
    MAX_OUT_OF_SOCKET_MM,
    MIN_SOCKET_IN_VIEW,
    FittedHip,
    fit_femur,
    head_residual_mm,
)
from ho_detect.anatomy.fit.hip_bones import LIKELY, HipBone, hip_bones
from ho_detect.anatomy.fit.refine import refined
from ho_detect.anatomy.fit.search import (
    Fields,
    edge_field,
    halved,
)
from ho_detect.anatomy.fit.shaft import Shaft, follow_shaft, without_loose_end
from ho_detect.anatomy.fit.shape_fit import SurfaceFit
from ho_detect.anatomy.fit.shape_model import femur_model, hip_bone_model
from ho_detect.anatomy.fit.symmetry import beneath_what_covers_it, led_by_other_side
from ho_detect.anatomy.fit.working_grid import WorkingVolume, resample_to_patient_axes
from ho_detect.anatomy.hip_joint import HipJoint
from ho_detect.anatomy.metal.head import head_at_half_height
from ho_detect.anatomy.metal.voxels import MetalVoxels, find_metal_voxels, without_metal
from ho_detect.flags import Flag, flag
from ho_detect.image.grid import FloatArray, Sphere, align_similarity, fit_sphere
from ho_detect.image.sides import SIDES, Side, mirror_of
from ho_detect.image.smoothing import gaussian
from ho_detect.settings import AnatomySettings
from ho_detect.system.parallel import in_parallel, together

#: Edge of the voxels that the bones are fitted in, mm.
FIT_STEP_MM = 1.5
#: Radius of the joint region whose share in view decides between assessed and partly in view, mm. Convention.
JOINT_REGION_MM = 60.0
#: So many candidates of a side, those whose hip bone fits best, get a femur; a further one only where its hip bone fits
#: nearly as well. Where it does not, no femur made up for that on simulated and real CT.
_FINISHED, _WORTH_FINISHING = 2, 0.7
#: A hip bone that explains so much more than the one with a head beside it stands: its head is elsewhere.
_MUCH_BETTER = 0.2
#: A prosthetic head is looked for so near to the socket's center, mm, where the hip bone explains so much of itself.
_HEAD_SEARCH_MM, _BESIDE_METAL = 25.0, 0.35
#: Each side's hip bone is led by the other's so often: one that got better may lead in its turn.
_ROUNDS_ACROSS = 2
#: Two fits are the same one when their surfaces lie so near to each other, mm.
_SAME_MM = 3.0
#: Head surface explained by the fit from which no further candidate of that side is tried.
_CLEAR_SCORE = 0.8
#: Femoral heads of one patient lie 110 to 240 mm apart; a wider margin for small and large patients. mm
_HEADS_APART_MM = (95.0, 260.0)


@dataclass(frozen=True, eq=False)
class HipAnatomy:
    """A joint in view with the surfaces that native bone is expected to have.

    Parameters
    ----------
    replaced
        Whether its head is of metal.
    """

    joint: HipJoint
    femur: SurfaceFit
    hip_bone: SurfaceFit
    shaft: Shaft
    replaced: bool = False

    @property
    def center_lps_mm(self) -> FloatArray:
        """(3,) femoral head center."""
        return np.array(self.joint.center_lps_mm)


def find_hip_joints(
    volume: HuVolume, coarse: WorkingVolume, settings: AnatomySettings, metal: MetalVoxels | None = None
) -> tuple[HipAnatomy, ...]:
    """Find the hips that are in view: none, one or two, left first.

    Templates of hip bone and femur propose places (:mod:`.search`); at each the shape model is fitted to both
    bones (:mod:`.shape_fit`); a place is a hip when enough of the surfaces that should be in view is there, the head
    lies in its socket, and two hips lie as far apart as hips do. Their surfaces are refined last (:mod:`.refine`).

    Parameters
    ----------
    volume
        Any orientation and spacing.
    coarse
        Its copy of 3 mm voxels along the patient's axes.
    metal
        What is as dense as metal in it: no edge beside that is taken for bone's. None where it has not been looked for.

    Returns
    -------
    Hips in view; a side that is missing is not in view.
    """
    metal = find_metal_voxels(volume, settings) if metal is None else metal
    fields, fine = together(
        lambda: Fields(edge_field(halved(coarse)), edge_field(coarse)), lambda: _to_fit_to(volume, metal)
    )
    # the systems solved are small: more threads of the linear algebra library only wait for each other
    with threadpool_limits(limits=1, user_api="blas"):
        in_parallel(lambda build: build(), (hip_bone_model, femur_model))  # once, before both threads ask for them
        pelvis = hip_bones(fields, fine)
        fits = in_parallel(lambda side: _best_fit(fields, fine, metal, side, pelvis[side]), SIDES)
        best = [fit for fit in fits if fit and fit.score >= settings.min_joint_score]
        if len(best) == 2 and not _plausible_pair(best[0], best[1]):
            best = [max(best, key=lambda f: f.score)]
        best = in_parallel(lambda fit: _with_head(volume, _refined(fine, fit)), best)
        for _ in range(_ROUNDS_ACROSS):
            before = [fit.hip_bone for fit in best]
            best = in_parallel(lambda fit, other: _like_other_side(fine, fit, other), best, best[::-1])
            if all(fit.hip_bone is bone for fit, bone in zip(best, before, strict=True)):
                break
        best = in_parallel(lambda fit, other: _beneath_cover(fine, fit, other), best, best[::-1])
    return tuple(
        HipAnatomy(_describe(volume, f), f.femur, f.hip_bone, follow_shaft(fine, f.femur, f.center), f.replaced)
        for f in best
    )


def _to_fit_to(volume: HuVolume, metal: MetalVoxels) -> WorkingVolume:
    fine = resample_to_patient_axes(volume, FIT_STEP_MM)
    return without_metal(WorkingVolume(gaussian(fine.hu, (0.5, 0.5, 0.5)), fine.grid), metal)


def _refined(fine: WorkingVolume, fitted: FittedHip) -> FittedHip:
    """Return a hip whose surfaces follow the bone more closely; a femur without a head is no femur to follow."""
    hip_bone = refined(fine, "pelvis", fitted.hip_bone, fitted.side)
    if fitted.radius_mm is None or not len(fitted.femur.faces):
        return replace(fitted, hip_bone=hip_bone)
    # of a replaced hip the faces that are left stay left
    femur = replace(refined(fine, "femur", fitted.femur, fitted.side), faces=fitted.femur.faces)
    # a stem is dense on both sides, and its artefact is neither
    femur = femur if fitted.replaced else without_loose_end(fine, femur)
    return replace(fitted, femur=femur, hip_bone=hip_bone)


def _like_other_side(fine: WorkingVolume, fitted: FittedHip, other: FittedHip) -> FittedHip:
    """Return a hip whose hip bone is no worse than the other side's says that it could be."""
    if other is fitted:
        return fitted
    return replace(fitted, hip_bone=led_by_other_side(fine, "pelvis", fitted.hip_bone, other.hip_bone, fitted.side))


def _beneath_cover(fine: WorkingVolume, fitted: FittedHip, other: FittedHip) -> FittedHip:
    """Return a hip whose surfaces are not drawn outwards by what covers them on this side alone."""
    if other is fitted:
        return fitted
    hip_bone = beneath_what_covers_it(fine, fitted.hip_bone, other.hip_bone)
    if any(f.replaced or f.radius_mm is None or not len(f.femur.faces) for f in (fitted, other)):
        return replace(fitted, hip_bone=hip_bone)
    return replace(fitted, hip_bone=hip_bone, femur=beneath_what_covers_it(fine, fitted.femur, other.femur))


def _with_head(volume: HuVolume, fitted: FittedHip) -> FittedHip:
    """Return a hip whose head, where it is of metal, ends at the half height of its edge."""
    if not fitted.replaced or fitted.radius_mm is None:
        return fitted
    head = head_at_half_height(volume, Sphere(fitted.center, fitted.radius_mm))
    return replace(fitted, center=head.center_lps_mm, radius_mm=head.radius_mm)


def _best_fit(
    fields: Fields, fine: WorkingVolume, metal: MetalVoxels, side: Side, found: list[HipBone]
) -> FittedHip | None:
    """Fit the femur where the hip bone fits best."""
    best: FittedHip | None = None
    tried: list[HipBone] = []
    for bone in found:
        if len(tried) == _FINISHED or any(np.abs(bone.fit.vertices - t.fit.vertices).mean() < _SAME_MM for t in tried):
            continue
        if best and (best.score > _CLEAR_SCORE or bone.promise < _WORTH_FINISHING * tried[0].promise):
            break
        tried.append(bone)
        replaced = _replaced(fields, fine, metal, side, bone)
        if replaced is not None:
            return replaced
        fitted = fit_femur(fields, fine, side, bone)
        if fitted and (best is None or fitted.rank > best.rank):
            best = fitted
    if not tried:
        return None
    clear = tried[0].fit
    if best is None or best.hip_bone is clear or best.hip_bone.explained < clear.explained - _MUCH_BETTER:
        in_socket = best if best and best.hip_bone is clear else None
        return _out_of_socket(fields, fine, side, tried[0], in_socket) or best
    return best


def _replaced(fields: Fields, fine: WorkingVolume, metal: MetalVoxels, side: Side, bone: HipBone) -> FittedHip | None:
    """Return what is left of a hip that has a head of metal in its socket; None where it has not."""
    if not len(metal.pieces) or bone.fit.share_in_view < MIN_SOCKET_IN_VIEW or bone.fit.explained < _BESIDE_METAL:
        return None
    center, _ = fit_sphere(bone.fit.vertices[bone.fit.joint])
    head = metal.largest_ball(center, _HEAD_SEARCH_MM)
    if head is None:
        return None
    # a stem says that there is one; how well its surface lies on bone is asked of it later
    femur = femur_without_head(fields, fine, side, head, bone.pose.rotation, replaced=True)
    return FittedHip(side, femur, bone.fit, head.center_lps_mm, head.radius_mm, bone.fit.explained, replaced=True)


def _out_of_socket(
    fields: Fields, fine: WorkingVolume, side: Side, bone: HipBone, fitted: FittedHip | None
) -> FittedHip | None:
    """Return what is there where a hip bone is seen, but no head in its socket; None where a head is there."""
    if bone.fit.explained < LIKELY or bone.fit.share_in_view < MIN_SOCKET_IN_VIEW:
        return None
    socket = Sphere(*fit_sphere(bone.fit.vertices[bone.fit.joint]))
    if not is_empty(fine, socket, fitted.femur if fitted else None):
        return None
    femur = dislocated_femur(fields, fine, side, socket, bone.pose.rotation)
    if femur is not None:
        head, radius_mm = fit_sphere(femur.vertices[femur.joint])
        out_mm = float(np.linalg.norm(head - socket.center_lps_mm))
        if out_mm > MAX_OUT_OF_SOCKET_MM:
            why = flag("dislocated_head", f"its center lies {out_mm:.0f} mm from the socket's")
            return FittedHip(side, femur, bone.fit, head, radius_mm, bone.fit.explained, why)
    femur = femur_without_head(fields, fine, side, socket, bone.pose.rotation)
    why = flag("no_femoral_head", "soft tissue in the middle of the socket")
    return FittedHip(side, femur, bone.fit, socket.center_lps_mm, None, bone.fit.explained, why)


def _plausible_pair(left: FittedHip, right: FittedHip) -> bool:
    """Whether two hips lie as far apart as hips do, on the sides that the pelvis has them on, however it is turned."""
    low, high = _HEADS_APART_MM
    apart = left.center - right.center
    to_left = _to_left(left) + _to_left(right)
    return bool(apart @ to_left > 0 and low < np.linalg.norm(apart) < high)


def _to_left(fitted: FittedHip) -> FloatArray:
    """Return the patient's left, as the hip bone is turned."""
    linear, _ = align_similarity(hip_bone_model().mean * mirror_of(fitted.side), fitted.hip_bone.vertices)
    return linear[:, 0]


def _describe(volume: HuVolume, fitted: FittedHip) -> HipJoint:
    femur = fitted.femur
    coverage = _share_in_view(volume, fitted.center, JOINT_REGION_MM)
    head_in_view = float(volume.grid.contains(femur.vertices[femur.joint]).mean())
    radius_mm = fitted.radius_mm
    residual_mm = None if radius_mm is None or fitted.replaced else head_residual_mm(femur, fitted.center, radius_mm)
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
