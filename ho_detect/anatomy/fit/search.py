"""Where a hip may be: templates of the expected hip bone and femur, matched to the edges of a coarse copy of the CT.

A sphere is not enough to know a femoral head: trochanters, condyles and the shaft win as often. The template asks for
the whole bone: outer walls of ilium, ischium and pubis, or head, neck, trochanters and shaft, all facing the right way.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.anatomy.fit.shape_fit import Pose
from ho_detect.anatomy.fit.shape_model import BoneModel, femur_model, hip_bone_model
from ho_detect.anatomy.fit.template import gradient_of, match
from ho_detect.anatomy.fit.working_grid import COARSE_STEP_MM, WorkingVolume
from ho_detect.image.grid import FloatArray, rotation, vertex_normals
from ho_detect.image.sides import Side, mirror_of

#: Patient lying rotated (about z) and pelvic tilt (about x), degrees, and size.
_PELVIS_POSES = tuple(product((-36, -18, 0, 18, 36), (-15, 0, 15), (0.93, 1.07)))
#: Femur: flexion, abduction, rotation, degrees, and size.
_FEMUR_POSES = tuple(product((-10, 15, 40), (-8, 8), (-30, 0, 25), (0.95, 1.06)))
_FINE_FEMUR_POSES = tuple(product((-15, 5, 25, 45), (-12, 3), (-35, -10, 15), (0.95, 1.06)))
#: Gradient of a bone edge at this resolution, HU per voxel, that counts fully. Convention.
_FULL_EDGE_HU = 120.0
#: Centers whose surroundings (15 mm) are not this dense on average hold no femoral head, whatever the contrast of the
#: muscle. HU, convention; heads of simulated osteoporosis and real CT reach 150 and more.
_SPARSE_HU = 90.0
_HOPELESS, _PROBE = 0.22, 40
_APART_MM = 25.0


@dataclass(frozen=True, eq=False)
class Template:
    """Oriented points of a bone around the femoral head center: (P, 3) LPS mm and unit normals."""

    points: FloatArray
    normals: FloatArray


@dataclass(frozen=True, eq=False)
class Candidate:
    """A place that looks like a hip."""

    side: Side
    score: float
    pelvis: Pose


@dataclass(frozen=True, eq=False)
class EdgeField:
    """Gradient of a search volume, clipped to what tells bone from soft tissue."""

    gradient: NDArray[np.float32]
    volume: WorkingVolume


def edge_field(volume: WorkingVolume) -> EdgeField:
    """Smooth, clip to -50 to 400 HU and differentiate a volume of :data:`.COARSE_STEP_MM` voxels."""
    smooth = ndi.gaussian_filter(np.clip(volume.hu, -50.0, 400.0), 0.8)
    return EdgeField(gradient_of(smooth), volume)


def hip_candidates(field: EdgeField, side: Side, most: int) -> list[Candidate]:
    """Return up to ``most`` places per bone that look like a hip of that side, best first."""
    centers = _dense_centers(field.volume)
    if len(centers) == 0:
        return []
    found: list[Candidate] = []
    pelvis_score, pelvis_pose = _best_poses(field, _hip_bone_template(), side, centers, _PELVIS_ROTATIONS)
    femur_score, _ = _best_poses(field, _femur_template(), side, centers, _femur_rotations(_FEMUR_POSES))
    for score, poses in ((pelvis_score, pelvis_pose), (femur_score, pelvis_pose)):
        for c in _apart(centers, score, most):
            turn, size = _PELVIS_ROTATIONS[poses[c]]
            center = field.volume.grid.to_lps(centers[c]) * mirror_of(side)
            found.append(Candidate(side, float(score[c]), Pose(turn, size, center)))
    return found


def femur_starts(field: EdgeField, side: Side, head_center_lps_mm: FloatArray, most: int) -> list[Pose]:
    """Return the ``most`` best femur poses within 6 mm of a head center."""
    origin = field.volume.grid.to_index(head_center_lps_mm)
    shift = round(6.0 / field.volume.step_mm)
    shifts = np.array(list(product((-shift, 0, shift), repeat=3)))
    poses = _femur_rotations(_FINE_FEMUR_POSES)
    score, _ = _scores(field, _femur_template(), side, origin, shifts, poses, probe=0)
    best = score.argmax(axis=1)
    offsets = field.volume.grid.to_lps(origin + shifts[best]) * mirror_of(side)
    order = np.argsort(-score.max(axis=1), kind="stable")[:most]
    return [Pose(poses[k][0], poses[k][1], offsets[k]) for k in order]


def _femur_rotations(poses: tuple[tuple[float, ...], ...]) -> list[tuple[FloatArray, float]]:
    return [(rotation("x", -f) @ rotation("y", a) @ rotation("z", r), s) for f, a, r, s in poses]


_PELVIS_ROTATIONS = [(rotation("z", z) @ rotation("x", x), s) for z, x, s in _PELVIS_POSES]


def _hip_bone_template() -> Template:
    model = hip_bone_model()
    near = (np.linalg.norm(model.mean, axis=1) < 95.0) & ~model.joint
    return _thinned(model, near, 10.0)


def _femur_template() -> Template:
    model = femur_model()
    return _thinned(model, model.mean[:, 2] > -110.0, 9.0)


def _thinned(model: BoneModel, keep: NDArray[np.bool_], step_mm: float) -> Template:
    """One vertex per cell, in an order that spreads any first few over the whole bone."""
    points, normals = model.mean[keep], vertex_normals(model.mean, model.faces)[keep]
    _, one = np.unique(np.floor(points / step_mm).astype(int), axis=0, return_index=True)
    one = np.random.default_rng(0).permutation(one)
    return Template(points[one], normals[one])


def _dense_centers(volume: WorkingVolume) -> NDArray[np.int64]:
    mean = ndi.uniform_filter(np.clip(volume.hu, -100.0, 500.0), 5)
    places = np.argwhere(mean[::2, ::2, ::2] > _SPARSE_HU)
    # the fields of one colour of a chessboard: half of the places, none of them missed by more than 6 mm
    return np.asarray(2 * places[places.sum(axis=1) % 2 == 0])


def _best_poses(
    field: EdgeField, template: Template, side: Side, centers: NDArray[np.int64], poses: list[tuple[FloatArray, float]]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the (C,) best score at each center, and the number of the pose that reaches it."""
    score, seen = _scores(field, template, side, np.zeros(3), centers, poses, probe=_PROBE)
    # with less of the bone in view a high score is easier to come by
    score *= np.sqrt(np.minimum(1.0, seen / np.float32(0.75)))
    score[seen <= 0.3] = 0.0
    best = score.argmax(axis=0)
    return score[best, np.arange(len(centers))], best


def _scores(  # noqa: PLR0913
    field: EdgeField,
    template: Template,
    side: Side,
    origin: FloatArray,
    shifts: NDArray[np.int64],
    poses: list[tuple[FloatArray, float]],
    *,
    probe: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    mirror = mirror_of(side)
    points = np.stack([(size / field.volume.step_mm) * (template.points @ turn.T) * mirror for turn, size in poses])
    normals = np.stack([(template.normals @ turn.T) * mirror for turn, _ in poses])
    return match(field.gradient, points, normals, origin, shifts, full=_FULL_EDGE_HU, hopeless=_HOPELESS, probe=probe)


def _apart(centers: NDArray[np.int64], score: NDArray[np.float32], most: int) -> list[int]:
    """Indices of the highest scores that lie apart from each other."""
    kept: list[int] = []
    for c in np.argsort(-score, kind="stable"):
        if score[c] <= 0 or len(kept) == most:
            break
        gaps = np.linalg.norm(centers[kept] - centers[c], axis=1) if kept else np.array([np.inf])
        if gaps.min() * COARSE_STEP_MM > _APART_MM:
            kept.append(int(c))
    return kept
