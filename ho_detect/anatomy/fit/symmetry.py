"""Each bone's fit from the other side's: a pelvis is nearly symmetric, so where two fits differ one may be wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ho_detect.acquisition.volume.hounsfield import AIR_HU
from ho_detect.anatomy.fit.refine import refined
from ho_detect.anatomy.fit.shape_fit import SurfaceFit
from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.image.grid import FloatArray, align_similarity
from ho_detect.image.sides import Bone, Side
from ho_detect.image.surfaces import along_normals, neighbour_mean

_REFLECTED = np.array([-1.0, 1.0, 1.0])
#: Places where two sides differ by more than this are compared anew; the sides of healthy people differ by 1 to 3. mm
_APART_MM = 6.0
#: ... where that is so large a share of the surface in view. Convention.
_LEAST_SHARE = 0.02
#: What lies so far outside of a surface, mm, is new bone, or another bone, where it is denser than this on average, HU.
_COVER_MM, _COVER_HU = np.array([1.5, 2.5, 3.5, 4.5]), 140.0
#: A place that is covered follows the other side's where that lies deeper by more than this, and is seen so near to its
#: edge, mm. Convention: sides differ by about as much.
_DEEPER_MM, _SEEN_MM = 1.0, 1.5
#: Rounds of the mean over neighbours that lets such a place run out into those around it.
_SMOOTHING_ROUNDS = 3
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


def beneath_what_covers_it(volume: WorkingVolume, fit: SurfaceFit, other: SurfaceFit) -> SurfaceFit:
    """Return a fit that lies no farther out, where it is covered, than the other side's does where that is seen.

    The edge of new bone that covers a surface draws it outwards. Nothing of a joint is moved.
    """
    normals = fit.normals
    deeper = ((mirrored_onto(fit, other) - fit.vertices) * normals).sum(axis=1)
    seen_there = ~_covered(volume, other) & (np.abs(np.nan_to_num(other.offset_mm, nan=np.inf)) < _SEEN_MM)
    known = _covered(volume, fit) & seen_there & ~fit.joint & (np.abs(deeper) < _APART_MM)
    confirmed = known & (deeper < _DEEPER_MM)
    led = known & (deeper < -_DEEPER_MM)
    if not led.any():
        return replace(fit, confirmed=confirmed)
    shift = np.where(led, deeper, 0.0)
    mean = neighbour_mean(fit.faces, len(shift))
    for _ in range(_SMOOTHING_ROUNDS):
        shift = np.where(led, deeper, mean @ shift)
    vertices = fit.vertices + normals * shift[:, None]
    # the edge that was seen there is that of the cover
    offset_mm = np.where(led, np.nan, fit.offset_mm - shift)
    return replace(fit, vertices=vertices, offset_mm=offset_mm, confirmed=confirmed)


def _covered(volume: WorkingVolume, fit: SurfaceFit) -> NDArray[np.bool_]:
    outside = along_normals(volume.hu, volume.grid, fit.vertices, fit.normals, _COVER_MM, AIR_HU)
    return np.asarray(outside.mean(axis=1) > _COVER_HU)
