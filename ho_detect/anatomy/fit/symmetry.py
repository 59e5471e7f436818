"""Each bone's fit from the other side's: a pelvis is nearly symmetric, so where two fits differ one may be wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ho_detect.anatomy.fit.refine import refined
from ho_detect.anatomy.fit.shape_fit import SurfaceFit
from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.image.grid import FloatArray, align_similarity
from ho_detect.image.sides import Bone, Side

_REFLECTED = np.array([-1.0, 1.0, 1.0])
#: Places where two sides differ by more than this are compared anew; the sides of healthy people differ by 1 to 3. mm
_APART_MM = 6.0
#: ... where that is so large a share of the surface in view. Convention.
_LEAST_SHARE = 0.02
#: Rounds of the alignment, each without the places that were far apart in the one before.
_ROUNDS = 4


def mirrored_onto(fit: SurfaceFit, other: SurfaceFit) -> FloatArray:
    """Return the (V, 3) vertices of the other side's surface, reflected and brought onto this one, LPS mm.

    Both are of one model: vertices of one number are the same place. Where they differ does not count.
    """
    image = other.vertices * _REFLECTED
    near = np.ones(len(image), bool)
    for _ in range(_ROUNDS):
        linear, offset = align_similarity(image[near], fit.vertices[near])
        placed = image @ linear.T + offset
        apart = np.linalg.norm(placed - fit.vertices, axis=1)
        near = apart <= max(_APART_MM, float(np.median(apart)))
    return np.asarray(placed)


def led_by_other_side(volume: WorkingVolume, bone: Bone, fit: SurfaceFit, other: SurfaceFit, side: Side) -> SurfaceFit:
    """Return the fit of one side, or the one begun at the other side's surface where that explains the image better.

    Parameters
    ----------
    fit, other
        Of this side and of the other one.
    side
        This one.
    """
    expected = mirrored_onto(fit, other)
    apart = np.linalg.norm(expected - fit.vertices, axis=1)[fit.in_view]
    if not len(apart) or float((apart > _APART_MM).mean()) < _LEAST_SHARE:
        return fit
    again = refined(volume, bone, replace(fit, vertices=expected), side)
    return again if again.explained > fit.explained else fit
