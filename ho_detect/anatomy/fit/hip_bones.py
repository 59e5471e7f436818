"""Templates' places to fitted hip bones: of each side those that may be one, best first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ho_detect.anatomy.fit.search import ANYHOW, TURNED, Candidate, Fields, across, hip_candidates, turned_candidates
from ho_detect.anatomy.fit.shape_fit import Pose, SurfaceFit, fit_surface
from ho_detect.anatomy.fit.shape_model import BoneModel, hip_bone_model
from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.image.grid import align_similarity
from ho_detect.image.sides import SIDES, Side, mirror_of
from ho_detect.system.parallel import in_parallel

_CANDIDATES = 3
#: A hip bone that fits less well than this is fitted again; where none fits better than that, they are looked for in
#: any patient, not only in straight ones. Convention: wrong ones reach 0.45, right ones of wasted patients 0.6.
_CONVINCING, LIKELY = 0.66, 0.52
#: So many starts are tried where the other side's hip bone says that this one should be, until one convinces.
_ACROSS = 3
#: Fits between this and convincing are begun again where they ended, as long as they get better by so much.
_WORTH_ANOTHER, _BETTER = 0.35, 0.03


@dataclass(frozen=True, eq=False)
class HipBone:
    """A fitted hip bone, where it began, and in what pose it ended, in the mirrored frame of its side."""

    start: Pose
    fit: SurfaceFit
    pose: Pose

    @property
    def promise(self) -> float:
        """Return how well it fits; with less of it in view a high share is easier to come by."""
        return float(self.fit.explained * np.sqrt(min(1.0, self.fit.share_in_view / 0.75)))


def hip_bones(fields: Fields, fine: WorkingVolume) -> dict[Side, list[HipBone]]:
    """Fit the hip bones of both sides at every candidate, best first.

    As in a straight patient first, then where the other side's says that it should be, and where neither is
    convincing in any patient.
    """

    def fitted(side: Side, candidates: list[Candidate]) -> list[HipBone]:
        return [_fit_hip_bone(fine, side, c.pelvis) for c in candidates]

    def straight(side: Side) -> list[HipBone]:
        bones: list[HipBone] = []
        for candidates in hip_candidates(fields.fine, side, _CANDIDATES):
            bones += fitted(side, candidates)
            if max((b.promise for b in bones), default=0.0) > _CONVINCING:
                break
        return bones

    found: dict[Side, list[HipBone]] = dict(zip(SIDES, in_parallel(straight, SIDES), strict=True))
    _add_across(fields, fine, found)
    for poses in (TURNED, ANYHOW):
        if max((b.promise for bones in found.values() for b in bones), default=0.0) > LIKELY:
            break
        places = in_parallel(lambda side, poses=poses: turned_candidates(fields, side, poses, _CANDIDATES), SIDES)
        for side, candidates in zip(SIDES, places, strict=True):
            found[side] += fitted(side, candidates)
        _add_across(fields, fine, found)
    for side in SIDES:
        found[side].sort(key=lambda b: -b.promise)
    return found


def _add_across(fields: Fields, fine: WorkingVolume, found: dict[Side, list[HipBone]]) -> None:
    """Add to each side that has no convincing hip bone the one that the best of the other side leads to."""
    best = {side: max(found[side], key=lambda b: b.promise) for side in SIDES if found[side]}
    for side, other in (SIDES, SIDES[::-1]):
        if other not in best or (side in best and best[side].promise > _CONVINCING):
            continue
        for candidate in across(fields.fine, side, best[other].pose)[:_ACROSS]:
            found[side].append(_fit_hip_bone(fine, side, candidate.pelvis))
            if found[side][-1].promise > min(_CONVINCING, best[other].promise - 0.05):
                break


def _fit_hip_bone(fine: WorkingVolume, side: Side, start: Pose) -> HipBone:
    """Fit, and fit again from where that ended if much is left unexplained: a start far off needs more rounds."""
    first = _fitted_once(fine, side, start)
    while _WORTH_ANOTHER < first.promise < _CONVINCING:
        again = _fitted_once(fine, side, first.pose)
        if again.promise < first.promise + _BETTER:
            break
        first = again
    return first


def _fitted_once(fine: WorkingVolume, side: Side, start: Pose) -> HipBone:
    fit = fit_surface(fine, hip_bone_model(), start, mirrored=side == "right", innermost=False)
    return HipBone(start, fit, pose_of(hip_bone_model(), fit, side))


def pose_of(model: BoneModel, fit: SurfaceFit, side: Side) -> Pose:
    """Return the similarity that brings the model's mean closest to a fitted surface."""
    linear, offset = align_similarity(model.mean, fit.vertices * mirror_of(side))
    scale = float(np.cbrt(np.linalg.det(linear)))
    return Pose(linear / scale, scale, offset)
