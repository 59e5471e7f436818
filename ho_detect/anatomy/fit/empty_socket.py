"""A socket without a head in it: the head lies elsewhere, or there is none; what is left of the femur is fitted."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ho_detect.anatomy.fit.femur_starts import femur_starts
from ho_detect.anatomy.fit.search import Fields
from ho_detect.anatomy.fit.shape_fit import SurfaceFit, edges_along, fit_surface
from ho_detect.anatomy.fit.shape_model import femur_model
from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.image.grid import FloatArray, Sphere, fit_sphere
from ho_detect.image.sides import Side, mirror_of

#: Soft tissue in the middle of a socket, median HU over so far around its center: no head, however thin its bone. mm
_NO_BONE_HU, _MIDDLE_MM = 75.0, 11.0
#: A head of thin bone has no more HU than that, but a surface: a head is there if so much of it is explained.
_A_SURFACE = 0.6
#: A place of a head faces the socket where something as dense as bone lies before it; so many that do not tell. mm, HU
_BEFORE_MM, _DENSE_HU, _LEAST_FREE = np.arange(2.0, 8.0, 1.0), 140.0, 20
#: Where a dislocated head is looked for: distances from the socket's center, mm, and shares of lateral, posterior and
#: superior; not medial, where the pelvis is.
_OUT_MM = (22.0, 34.0, 46.0)
_WAYS = tuple(way for way in product((0, 1), (-1, 0, 1), (-1, 0, 1)) if any(way))
#: A femur found so, or without its head, explains at least so much of itself; a dislocated head so much of its surface.
_A_FEMUR, _A_HEAD = 0.6, 0.5
_STARTS, _TRIED = 3, 6
#: Places of a femur without its head at which an edge could be seen, where that says something.
_LEAST_SEEN = 40
#: What lies so near to the socket's center is no part of a femur without head, mm.
_EMPTY_MM = 36.0
#: The femur ends where, coming from the socket in shells so thick, so large a share of its surface is seen. mm
_SHELL_MM, _STUMP = 5.0, 0.6
#: The neck begins so far from the head's center, mm.
_NECK_MM = 20.0
_FARTHEST_CUT_MM = 75.0
#: An edge is not to be met where something so near along the normal is not seen, mm.
_ALONG_MM = np.arange(-6.0, 4.5, 1.5)


def is_empty(volume: WorkingVolume, socket: Sphere, femur: SurfaceFit | None) -> bool:
    """Whether there is no femoral head in a socket.

    Parameters
    ----------
    volume
        HU near the hip.
    femur
        As fitted to it; None where none fits.
    """
    if femur is not None and _free_surface_explained(volume, femur) >= _A_SURFACE:
        return False
    return _middle_hu(volume, socket.center_lps_mm) < _NO_BONE_HU


def _free_surface_explained(volume: WorkingVolume, femur: SurfaceFit) -> float:
    """Return how much of the head's surface that does not face the socket is seen; of all of it where that is little.

    In an empty socket the socket's own wall passes for a head's.
    """
    joint = np.flatnonzero(femur.joint & femur.in_view)
    before = femur.vertices[joint, None] + femur.normals[joint, None] * _BEFORE_MM[:, None]
    index = np.rint(volume.grid.to_index(before.reshape(-1, 3))).astype(int)
    index = np.clip(index, 0, np.array(volume.hu.shape) - 1)
    free = volume.hu[tuple(index.T)].reshape(len(joint), -1).max(axis=1) < _DENSE_HU
    if free.sum() < _LEAST_FREE:
        return femur.joint_explained
    near = np.abs(np.nan_to_num(femur.offset_mm[joint[free]], nan=np.inf)) < 1.0
    return float(near.mean())


def _middle_hu(volume: WorkingVolume, center: FloatArray) -> float:
    """Return the median HU around a point; infinite where part of that is out of view."""
    axis = np.arange(-_MIDDLE_MM, _MIDDLE_MM + 1.0, 2.0)
    ball = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    ball = center + ball[np.linalg.norm(ball, axis=1) <= _MIDDLE_MM]
    if not volume.grid.contains(ball).all():
        return float("inf")
    index = np.rint(volume.grid.to_index(ball)).astype(int)
    index = np.clip(index, 0, np.array(volume.hu.shape) - 1)
    return float(np.median(volume.hu[tuple(index.T)]))


def dislocated_femur(
    fields: Fields, fine: WorkingVolume, side: Side, socket: Sphere, pelvis: FloatArray
) -> SurfaceFit | None:
    """Return the femur whose head lies near a socket, but not in it; None where there is none.

    Parameters
    ----------
    pelvis
        (3, 3) how the pelvis is turned, in the mirrored frame of that side.
    """
    outward = mirror_of(side)
    ways = np.array(_WAYS, float)
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    centers = [socket.center_lps_mm + mm * (pelvis @ way) * outward for mm in _OUT_MM for way in ways]
    dense = [c for c in centers if np.isfinite(_middle_hu(fine, c)) and _middle_hu(fine, c) > _NO_BONE_HU]
    starts = [start for center in dense for start in femur_starts(fields, side, center, pelvis, 1)]
    best: SurfaceFit | None = None
    for start in starts[: _TRIED * 4]:
        fit = fit_surface(fine, femur_model(), start, mirrored=side == "right", innermost=True)
        if best is None or fit.explained + fit.joint_explained > best.explained + best.joint_explained:
            best = fit
    if best is None or best.explained < _A_FEMUR or best.joint_explained < _A_HEAD:
        return None
    return best


def femur_without_head(
    fields: Fields, fine: WorkingVolume, side: Side, socket: Sphere, pelvis: FloatArray, *, replaced: bool = False
) -> SurfaceFit:
    """Fit what is left of a femur; without faces where nothing is left of it.

    The faces of head and neck that are gone are left out; all vertices stay, where the model expects them.

    Parameters
    ----------
    pelvis
        (3, 3) how the pelvis is turned, in the mirrored frame of that side.
    replaced
        Whether a head of metal lies in the socket: then there is a femur, and its neck may be left.
    """
    masked = _hollow(fine, socket.center_lps_mm)
    starts = femur_starts(fields, side, socket.center_lps_mm, pelvis, _STARTS)
    fits = [fit_surface(masked, femur_model(), s, mirrored=side == "right", innermost=False) for s in starts]
    best = max(fits, key=lambda f: f.explained * min(1.0, f.share_in_view / 0.5))
    head, _ = fit_sphere(best.vertices[best.joint])
    away = np.linalg.norm(best.vertices - head, axis=1)
    offset, strength = edges_along(fine, best.vertices, best.normals, best.joint & False, best.joint & False, 4.0)
    seen = np.abs(np.nan_to_num(offset, nan=np.inf)) < 2.0
    could = ~np.isnan(strength) & ~_beside_the_unseen(fine, best)
    left = could & (away > _EMPTY_MM)
    if not replaced and (left.sum() < _LEAST_SEEN or seen[left].mean() < _A_FEMUR):
        return replace(best, faces=best.faces[:0])
    cut_mm = _NECK_MM if replaced else _EMPTY_MM
    while cut_mm < _FARTHEST_CUT_MM:
        shell = (away >= cut_mm) & (away < cut_mm + _SHELL_MM)
        tells = bool(could[shell].any())
        # where metal hides all of a shell it does not tell: a prosthesis replaces head and neck
        if (tells and seen[shell & could].mean() > _STUMP) or (shell.any() and not tells and cut_mm >= _EMPTY_MM):
            break
        cut_mm += _SHELL_MM
    return replace(best, faces=best.faces[(away[best.faces] > cut_mm).all(axis=1)])


def _beside_the_unseen(volume: WorkingVolume, fit: SurfaceFit) -> NDArray[np.bool_]:
    """Return (V,) whether what is out of view, or masked, lies near a place along its normal."""
    at = fit.vertices[:, None] + fit.normals[:, None] * _ALONG_MM[:, None]
    index = np.rint(volume.grid.to_index(at.reshape(-1, 3))).astype(int)
    index = np.clip(index, 0, np.array(volume.hu.shape) - 1)
    return np.asarray(np.isnan(volume.hu[tuple(index.T)]).reshape(len(fit.vertices), -1).any(axis=1))


def _hollow(volume: WorkingVolume, center: FloatArray) -> WorkingVolume:
    """Return a copy without what lies near a point: as if out of view."""
    hu = volume.hu.astype(np.float32)
    box = volume.grid.box_around(center, _EMPTY_MM)
    here = volume.grid.crop(box)
    index = np.argwhere(np.ones(here.shape, bool))
    near = index[np.linalg.norm(here.to_lps(index) - center, axis=1) < _EMPTY_MM]
    hu[box][tuple(near.T)] = np.nan
    return WorkingVolume(hu, volume.grid)
