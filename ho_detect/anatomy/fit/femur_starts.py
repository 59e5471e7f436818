"""In what pose a femur hangs in a socket that is known: all that a hip allows, coarse to fine.

The shaft decides. It is long: a pose that is off by a few degrees has left it. So the poses are first told apart on
edges smoothed over 6 mm, where they may be as far apart as that allows, and the best of them refined on 3 mm.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ho_detect.anatomy.fit.search import EdgeField, Fields, Template, thinned
from ho_detect.anatomy.fit.shape_fit import Pose
from ho_detect.anatomy.fit.shape_model import femur_model
from ho_detect.anatomy.fit.template import Places, match
from ho_detect.image.grid import FloatArray, rotation
from ho_detect.image.sides import Side, mirror_of

#: Flexion, abduction and external rotation against the pelvis, degrees: what a hip allows, and a little more.
_FLEXIONS, _ABDUCTIONS, _ROTATIONS = range(-30, 136, 11), range(-36, 67, 11), range(-60, 61, 24)
#: Around a coarse pose.
_FINER = tuple(product((-6, 0, 6), (-6, 0, 6), (-12, 0, 12)))
_SIZES = (0.94, 1.06)
_REFINED = 10
#: Two poses are the same start within so many degrees.
_SAME_DEG = 12.0
#: Gradient that counts fully, HU per voxel, at either resolution. Convention.
_FULL_COARSE_HU, _FULL_FINE_HU = 120.0, 120.0
#: A pose is left at a place where the first so many points in view score less than this.
_PROBE, _HOPELESS = 24, 0.2
#: A pose that is unusual needs better evidence: lowers its score by so much at the ends of the range.
_UNUSUAL = 0.04


def femur_starts(fields: Fields, side: Side, center_lps_mm: FloatArray, pelvis: FloatArray, most: int) -> list[Pose]:
    """Return the ``most`` best femur poses about a head center, best first.

    Parameters
    ----------
    center_lps_mm
        (3,) of the socket, within 6 mm of the head's.
    pelvis
        (3, 3) how the pelvis is turned, in the mirrored frame of that side.
    """
    turns, prior = _hanging()
    turns = np.einsum("ij,tjk->tik", pelvis, turns)
    score = _best(fields.coarse, side, center_lps_mm, [(t, 1.0) for t in turns], _coarse_template(), _FULL_COARSE_HU)[0]
    chosen = _distinct(turns, score - prior, max(_REFINED, most), _SAME_DEG)
    finer = [rotation("x", -f) @ rotation("y", a) @ rotation("z", r) for f, a, r in _FINER]
    poses = [(turns[k] @ turn, size) for k in chosen for turn, size in product(finer, _SIZES)]
    unusual = np.repeat(prior[chosen], len(finer) * len(_SIZES))
    score, offsets = _best(fields.fine, side, center_lps_mm, poses, _fine_template(), _FULL_FINE_HU)
    kept = _distinct(np.stack([t for t, _ in poses]), score - unusual, most, _SAME_DEG)
    return [Pose(poses[k][0], poses[k][1], offsets[k]) for k in kept]


@lru_cache(maxsize=1)
def _hanging() -> tuple[FloatArray, FloatArray]:
    """Return the (T, 3, 3) rotations of femur against pelvis, and (T,) how unusual each is."""
    flexed = np.stack([rotation("x", -degrees) for degrees in _FLEXIONS])[:, None, None]
    abducted = np.stack([rotation("y", -degrees) for degrees in _ABDUCTIONS])[:, None]
    turned = np.stack([rotation("z", degrees) for degrees in _ROTATIONS])
    poses = list(product(_FLEXIONS, _ABDUCTIONS, _ROTATIONS))
    unusual = [(max(f - 20, -f, 0) / 120) ** 2 + (a / 60) ** 2 + (r / 60) ** 2 for f, a, r in poses]
    return (flexed @ abducted @ turned).reshape(-1, 3, 3), _UNUSUAL * np.array(unusual)


def _best(
    field: EdgeField,
    side: Side,
    center_lps_mm: FloatArray,
    poses: list[tuple[FloatArray, float]],
    template: Template,
    full: float,
) -> tuple[FloatArray, FloatArray]:
    """Return the (T,) best score of each pose over places within 6 mm, and (T, 3) those places in the side's frame."""
    mirror = mirror_of(side)
    step_mm = field.volume.step_mm
    origin = field.volume.grid.to_index(center_lps_mm)
    step = max(1, round(6.0 / step_mm))
    shifts = np.array(list(product((-step, 0, step), repeat=3)), np.int64)
    turns, sizes = np.stack([t for t, _ in poses]), np.array([s for _, s in poses])
    turned = turns.transpose(0, 2, 1)
    points = (template.points @ turned) * (sizes[:, None, None] / step_mm) * mirror
    normals = (template.normals @ turned) * mirror
    places = Places(origin, shifts)
    score, seen = match(field.gradient, points, normals, places, full=full, least=(_PROBE, _HOPELESS))
    score *= np.sqrt(np.minimum(1.0, seen / np.float32(0.75)))
    best = score.argmax(axis=1)
    return score[np.arange(len(best)), best].astype(np.float64), field.volume.grid.to_lps(
        origin + shifts[best]
    ) * mirror


def _distinct(turns: FloatArray, score: FloatArray, most: int, degrees: float) -> list[int]:
    """Return the indices of the best scores whose rotations differ."""
    kept: list[int] = []
    for k in np.argsort(-score, kind="stable"):
        if len(kept) == most:
            break
        # the shaft's direction counts for more than the turn about it
        if all(_apart_deg(turns[j], turns[k]) > degrees for j in kept):
            kept.append(int(k))
    return kept


def _apart_deg(a: FloatArray, b: FloatArray) -> float:
    cosine = (np.trace(a.T @ b) - 1.0) / 2.0
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))


def _part(above_mm: float, step_mm: float) -> Template:
    model = femur_model()
    keep: NDArray[np.bool_] = model.mean[:, 2] > above_mm
    return thinned(model, keep, step_mm)


@lru_cache(maxsize=1)
def _coarse_template() -> Template:
    return _part(-125.0, 14.0)


@lru_cache(maxsize=1)
def _fine_template() -> Template:
    return _part(-135.0, 9.0)
