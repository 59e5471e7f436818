"""Where a hip may be: templates of the expected hip bone and femur, matched to the edges of a coarse copy of the CT.

A sphere is not enough to know a femoral head: trochanters, condyles and the shaft win as often. The template asks for
the whole bone: outer walls of ilium, ischium and pubis, or head, neck, trochanters and shaft, all facing the right way.

Most patients lie straight: a pelvis is first looked for as they have it, and turned by any angle, tilted and oblique
only where that fails (:func:`hip_candidates`, ``wide``), on voxels twice as large.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.anatomy.fit.shape_fit import Pose
from ho_detect.anatomy.fit.shape_model import BoneModel, femur_model, hip_bone_model
from ho_detect.anatomy.fit.template import Places, gradient_of, match
from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.image.grid import FloatArray, Grid, rotation, vertex_normals
from ho_detect.image.sides import Side, mirror_of

#: A straight patient: lying rotated (about z) and pelvic tilt (about x), degrees, and size.
_PELVIS_POSES = tuple(product((-36, -18, 0, 18, 36), (-15, 0, 15), (0.93, 1.07)))
#: A patient turned about the body's long axis by any angle; then one whose pelvis is tilted (about x) and oblique
#: (about y) too. Size last.
TURNED = tuple(product(range(-180, 180, 18), (-20, 0, 20), (0,), (1.0,)))
ANYHOW = tuple(product(range(-180, 180, 18), (-36, -12, 12, 36), (-24, 0, 24), (1.0,)))
#: Around a coarse pose, to find a finer one.
_FINER_TURNS = tuple(product((-9, 0, 9), (-9, 0, 9), (-10, 0, 10), (0.93, 1.04)))
#: Femur: flexion, abduction, rotation, degrees, and size.
_FEMUR_POSES = tuple(product((-10, 15, 40), (-8, 8), (-30, 0, 25), (0.95, 1.06)))
#: Gradient of a bone edge at this resolution, HU per voxel, that counts fully. Convention.
_FULL_EDGE_HU = 120.0
#: Centers whose surroundings (15 mm) are not this dense on average hold no femoral head, whatever the contrast of the
#: muscle. HU, convention; heads of simulated osteoporosis and real CT reach 150 and more.
_SPARSE_HU = 90.0
_HOPELESS, _PROBE = 0.22, 40
_APART_MM = 25.0
#: Points of the hip bone that is looked for in the fine and in the coarse field lie about so far apart, mm.
_POINTS_MM, _COARSE_POINTS_MM = 10.0, 18.0
#: Places around a coarse one, mm.
_AROUND_MM = 6.0
#: Heads of one patient lie so far apart at the model's size, mm, and are looked for so far from there.
_HEADS_APART_MM = (145.0, 160.0, 175.0, 190.0, 205.0)


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


@dataclass(frozen=True, eq=False)
class Fields:
    """The edges in voxels of 6 and of 3 mm: coarse to fine."""

    coarse: EdgeField
    fine: EdgeField


def edge_field(volume: WorkingVolume) -> EdgeField:
    """Smooth, clip to -50 to 400 HU and differentiate a volume of :data:`.COARSE_STEP_MM` voxels."""
    smooth = ndi.gaussian_filter(np.clip(volume.hu, -50.0, 400.0), 0.8)
    return EdgeField(gradient_of(smooth), volume)


def halved(volume: WorkingVolume) -> WorkingVolume:
    """Return a copy of a volume in voxels twice as large."""
    nz, ny, nx = (max(1, n // 2) for n in volume.hu.shape)
    hu = volume.hu[: 2 * nz, : 2 * ny, : 2 * nx]
    for axis in range(3):
        hu = np.add.reduceat(hu, np.arange(0, hu.shape[axis], 2), axis=axis, dtype=np.float32)
    affine = volume.grid.affine.copy()
    affine[:3, :3] *= 2
    affine[:3, 3] = volume.grid.to_lps(np.full(3, 0.5))
    return WorkingVolume((hu / 8.0).astype(np.float32), Grid((nz, ny, nx), affine))


def hip_candidates(field: EdgeField, side: Side, most: int) -> Iterator[list[Candidate]]:
    """Yield up to ``most`` places that look like a hip of that side in a straight patient, best first.

    Those that look like a hip bone, then, where they are asked for, those that look like a femur.
    """
    centers = _dense_centers(field.volume)
    if len(centers) == 0:
        return
    turns = _rotations(_PELVIS_POSES)
    score, pose = _best_poses(field, hip_bone_template(_POINTS_MM), side, centers, turns)

    def highest(score: NDArray[np.float32]) -> list[Candidate]:
        places = [(c, *turns[pose[c]]) for c in _apart(field, centers, score, most)]
        at = field.volume.grid.to_lps
        return [Candidate(side, float(score[c]), Pose(t, s, at(centers[c]) * mirror_of(side))) for c, t, s in places]

    yield highest(score)
    yield highest(_best_poses(field, femur_template(), side, centers, _femur_rotations(_FEMUR_POSES))[0])


def turned_candidates(fields: Fields, side: Side, poses: Sequence[tuple[float, ...]], most: int) -> list[Candidate]:
    """Return up to ``most`` places that look like a hip bone of that side in one of some poses, best first.

    Places and poses are first looked for in the coarse field, and told apart in the fine one.
    """
    coarse = fields.coarse
    centers = _centers_near_bone(coarse.volume)
    if len(centers) == 0:
        return []
    turns = _rotations(poses)
    score, pose = _best_poses(coarse, hip_bone_template(_COARSE_POINTS_MM), side, centers, turns)
    found = []
    for c in _apart(coarse, centers, score, 3 * most):
        turn, _ = turns[pose[c]]
        start = Pose(turn, 1.0, coarse.volume.grid.to_lps(centers[c]) * mirror_of(side))
        found.append(_refined(fields.fine, side, start))
    return sorted(found, key=lambda f: -f.score)[:most]


def across(field: EdgeField, side: Side, other: Pose) -> list[Candidate]:
    """Return where a hip bone may be, seen from the pose of the other side's, best first: pelves are nearly symmetric.

    Parameters
    ----------
    side
        Of the hip bone that is looked for.
    other
        Pose of the other one, in its own mirrored frame.
    """
    flip = np.diag([-1.0, 1.0, 1.0])
    turn = flip @ other.rotation @ flip
    # in the frame of this side the other head lies beyond the midline, at smaller x
    starts = [Pose(turn, other.scale, flip @ other.offset_mm + other.scale * mm * turn[:, 0]) for mm in _HEADS_APART_MM]
    return sorted((_refined(field, side, start) for start in starts), key=lambda c: -c.score)


def _refined(field: EdgeField, side: Side, start: Pose) -> Candidate:
    """Return the best of the poses and places around a start."""
    origin = field.volume.grid.to_index(start.offset_mm * mirror_of(side))
    step = round(_AROUND_MM / field.volume.step_mm)
    shifts = np.array(list(product((-step, 0, step), repeat=3)))
    poses = [(start.rotation @ turn, start.scale * size) for turn, size in _rotations(_FINER_TURNS)]
    score, seen = _scores(field, hip_bone_template(_POINTS_MM), side, Places(origin, shifts), poses, probe=0)
    score = _by_view(score, seen)
    t, c = np.unravel_index(int(score.argmax()), score.shape)
    turn, size = poses[t]
    center = field.volume.grid.to_lps(origin + shifts[c]) * mirror_of(side)
    return Candidate(side, float(score[t, c]), Pose(turn, size, center))


def _rotations(poses: Sequence[tuple[float, ...]]) -> list[tuple[FloatArray, float]]:
    """Return the rotation and size of each pose (turn about z, tilt about x, oblique about y; size)."""
    return [_pelvis_turn(*pose) for pose in poses]


def _pelvis_turn(z: float, x: float, *rest: float) -> tuple[FloatArray, float]:
    y, size = rest if len(rest) == 2 else (0.0, rest[0])
    return rotation("z", z) @ rotation("y", y) @ rotation("x", x), size


def _femur_rotations(poses: Sequence[tuple[float, ...]]) -> list[tuple[FloatArray, float]]:
    return [(rotation("x", -f) @ rotation("y", a) @ rotation("z", r), s) for f, a, r, s in poses]


@lru_cache(maxsize=2)
def hip_bone_template(step_mm: float) -> Template:
    """Return oriented points of the hip bone near the socket, about so far apart."""
    model = hip_bone_model()
    near = (np.linalg.norm(model.mean, axis=1) < 95.0) & ~model.joint
    return thinned(model, near, step_mm)


@lru_cache(maxsize=1)
def femur_template() -> Template:
    """Return oriented points of the femur down to 110 mm below the head center."""
    model = femur_model()
    return thinned(model, model.mean[:, 2] > -110.0, 9.0)


def thinned(model: BoneModel, keep: NDArray[np.bool_], step_mm: float) -> Template:
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


def _centers_near_bone(volume: WorkingVolume) -> NDArray[np.int64]:
    """Return places of a volume of 6 mm voxels that have bone around: where the head is gone its place is not dense."""
    mean = ndi.uniform_filter(np.clip(volume.hu, -100.0, 500.0), 3)
    near = ndi.maximum_filter(mean, 5) > _SPARSE_HU
    places = np.argwhere(near & (volume.hu > -50.0))
    return np.asarray(places[places.sum(axis=1) % 2 == 0])


def _best_poses(
    field: EdgeField, template: Template, side: Side, centers: NDArray[np.int64], poses: list[tuple[FloatArray, float]]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the (C,) best score at each center, and the number of the pose that reaches it."""
    score, seen = _scores(field, template, side, Places(np.zeros(3), centers), poses, probe=_PROBE)
    score = _by_view(score, seen)
    best = score.argmax(axis=0)
    return score[best, np.arange(len(centers))], best


def _by_view(score: NDArray[np.float32], seen: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lower scores in place: with less of the bone in view a high one is easier to come by."""
    score *= np.sqrt(np.minimum(1.0, seen / np.float32(0.75)))
    score[seen <= 0.3] = 0.0
    return score


def _scores(
    field: EdgeField,
    template: Template,
    side: Side,
    places: Places,
    poses: list[tuple[FloatArray, float]],
    *,
    probe: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    mirror = mirror_of(side)
    points = np.stack([(size / field.volume.step_mm) * (template.points @ turn.T) * mirror for turn, size in poses])
    normals = np.stack([(template.normals @ turn.T) * mirror for turn, _ in poses])
    return match(field.gradient, points, normals, places, full=_FULL_EDGE_HU, least=(probe, _HOPELESS))


def _apart(field: EdgeField, centers: NDArray[np.int64], score: NDArray[np.float32], most: int) -> list[int]:
    """Indices of the highest scores that lie apart from each other."""
    kept: list[int] = []
    for c in np.argsort(-score, kind="stable"):
        if score[c] <= 0 or len(kept) == most:
            break
        gaps = np.linalg.norm(centers[kept] - centers[c], axis=1) if kept else np.array([np.inf])
        if gaps.min() * field.volume.step_mm > _APART_MM:
            kept.append(int(c))
    return kept
