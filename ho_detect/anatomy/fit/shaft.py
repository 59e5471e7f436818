"""The femoral shaft below the end of the shape model: a ring of edges, followed slice by slice.

The model ends about 15 cm below the head, less on small patients, and what grows along the shaft is often there. A
shaft needs no model: each ring is the one above it, moved and reshaped a little towards the edges seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ho_detect._kernels.surface_match import edge_offsets
from ho_detect.acquisition.volume.hounsfield import AIR_HU
from ho_detect.anatomy.fit.cover import beneath_cover
from ho_detect.anatomy.fit.shape_fit import SurfaceFit
from ho_detect.anatomy.fit.shape_model import femur_model
from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.image.grid import FloatArray
from ho_detect.image.surfaces import along_normals

#: The shaft's axis and its first ring are taken between these heights of the model, mm below the head center.
_UPPER_MM, _LOWER_MM, _RING_MM = (-100.0, -80.0), (-150.0, -130.0), (-142.0, -122.0)
#: Followed to this far from the head center: nothing is looked for beyond. mm
_FOLLOWED_MM = 200.0
_STEP_MM, _ANGLES = 3.0, 36
#: Edges are looked for so far to either side of the ring above, mm; bone ends in soft tissue below so many HU.
_REACH_MM, _SOFT_TISSUE_HU = 5.0, 190.0
#: From one ring to the next the axis moves, and the radius grows, at most so much. mm
_MAX_SHIFT_MM, _MAX_GROWTH_MM = 1.2, 0.4
#: A ring with fewer of its edges in view, or found, is not followed.
_LEAST_IN_VIEW, _LEAST_FOUND = 0.6, 0.5
#: Whether a place of the surface has something as dense as bone beside it is read so far inside and outside of it, mm.
_BESIDE_MM, _DENSE_HU = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]), 140.0
#: The end of the model is looked at in bands of this height, from so far below the head on, of at least so many places
#: in view; it has left the bone where more than this share of a band lies in soft tissue. Convention.
_BAND_MM, _HIGHEST_END_MM, _LEAST_PLACES, _LOOSE = 15, -60, 5, 0.3


@dataclass(frozen=True, eq=False)
class Shaft:
    """Where the shaft runs, and its surface below the model.

    Parameters
    ----------
    vertices, faces
        (V, 3) LPS mm and (F, 3) triangles of a tube with open ends that overlaps the model; empty where the shaft
        could not be followed.
    end_lps_mm
        (3,) where it was last seen.
    axis
        (3,) unit vector, distal.
    """

    vertices: FloatArray
    faces: NDArray[np.int64]
    end_lps_mm: FloatArray
    axis: FloatArray


def follow_shaft(volume: WorkingVolume, femur: SurfaceFit, head_center_lps_mm: FloatArray) -> Shaft:
    """Follow the shaft from the end of the fitted femur to the edge of the field of view, or 200 mm from the head.

    Parameters
    ----------
    volume
        HU near the hip, lightly smoothed.
    femur
        The fitted model.
    """
    height = femur_model().mean[:, 2]
    # a model whose end is cut off is followed from as near to what is its end then
    height = height - (height[np.unique(femur.faces)].min() - height.min()) if len(femur.faces) else height
    upper, lower = (femur.vertices[(height > a) & (height < b)].mean(axis=0) for a, b in (_UPPER_MM, _LOWER_MM))
    axis = (lower - upper) / np.linalg.norm(lower - upper)
    ring = (height > _RING_MM[0]) & (height < _RING_MM[1])
    center = lower + axis * ((femur.vertices[ring].mean(axis=0) - lower) @ axis)
    radius = _radii(femur.vertices[ring], center, axis)
    rings: list[FloatArray] = []
    while np.linalg.norm(center - head_center_lps_mm) < _FOLLOWED_MM:
        found = _next_ring(volume, center, axis, radius)
        if found is None:
            break
        moved, radius = found
        rings.append(moved + radius[:, None] * _spokes(axis))
        axis = 0.8 * axis + 0.2 * (moved - center + _STEP_MM * axis) / _STEP_MM
        axis /= np.linalg.norm(axis)
        center = moved + _STEP_MM * axis
    end = femur.vertices[height < height.min() + 10.0].mean(axis=0)
    if len(rings) < 2:
        return Shaft(np.empty((0, 3)), np.empty((0, 3), np.int64), end, axis)
    last = rings[-1].mean(axis=0)
    return Shaft(np.concatenate(rings), _tube(len(rings)), last if (last - end) @ axis > 0 else end, axis)


def without_loose_end(volume: WorkingVolume, femur: SurfaceFit) -> SurfaceFit:
    """Return a fitted femur without the lower end of its model where that has left the bone.

    There is soft tissue on both sides of it; what lies on bone, or under new bone, has something dense beside it. All
    vertices stay, those cut off count as out of view.
    """
    height = femur_model().mean[:, 2]
    beside = along_normals(volume.hu, volume.grid, femur.vertices, femur.normals, _BESIDE_MM, AIR_HU)
    soft = beside.max(axis=1) < _DENSE_HU
    for top in range(_HIGHEST_END_MM, int(height.min()), -_BAND_MM):
        band = (height <= top) & (height > top - _BAND_MM) & femur.in_view
        if np.count_nonzero(band) >= _LEAST_PLACES and soft[band].mean() > _LOOSE:
            kept = height > top
            return replace(femur, faces=femur.faces[kept[femur.faces].all(axis=1)], in_view=femur.in_view & kept)
    return femur


def _spokes(axis: FloatArray) -> FloatArray:
    """Return (A, 3) unit vectors around an axis, the first towards the patient's left."""
    u = np.array([1.0, 0.0, 0.0]) - axis[0] * axis
    u /= np.linalg.norm(u)
    angle = np.linspace(0.0, 2 * np.pi, _ANGLES, endpoint=False)[:, None]
    return np.asarray(np.cos(angle) * u + np.sin(angle) * np.cross(axis, u))


def _radii(points: FloatArray, center: FloatArray, axis: FloatArray) -> FloatArray:
    """Return (A,) distances of surface points from the axis, by angle; bridged where an angle has none."""
    arm = points - center
    arm = arm - (arm @ axis)[:, None] * axis
    nearest = np.argmax(arm @ _spokes(axis).T, axis=1)
    away = np.linalg.norm(arm, axis=1)
    count = np.bincount(nearest, minlength=_ANGLES)
    radius = np.bincount(nearest, away, _ANGLES) / np.maximum(count, 1)
    known = np.flatnonzero(count)
    return np.interp(np.arange(_ANGLES), known, radius[known], period=_ANGLES)


def _next_ring(
    volume: WorkingVolume, center: FloatArray, axis: FloatArray, radius: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    """Move and reshape a ring towards its edges; None where too few are in view or found.

    An edge outside of the ring is trusted the less the farther it lies, so that bone grown on the shaft does not
    widen it; the mean, the shift and what is left, smoothed, follow each other as a robust least-squares fit.
    """
    spokes = _spokes(axis)
    offset, strength = np.empty(_ANGLES), np.empty(_ANGLES)
    edge_offsets(
        volume.hu,
        volume.grid.to_index(center + radius[:, None] * spokes),
        np.ascontiguousarray(spokes[:, ::-1]),
        1.0 / volume.step_mm,
        int(_REACH_MM),
        0.6 * _REACH_MM,
        np.full(_ANGLES, _SOFT_TISSUE_HU),
        np.zeros(_ANGLES, np.bool_),
        offset,
        strength,
    )
    seen = ~np.isnan(offset)
    if (~np.isnan(strength)).mean() < _LEAST_IN_VIEW or seen.mean() < _LEAST_FOUND:
        return None
    edge = np.where(seen, beneath_cover(volume, center + radius[:, None] * spokes, spokes, offset), 0.0)
    basis = np.c_[np.ones(_ANGLES), spokes]
    left = edge
    for _ in range(3):
        trust = np.where(seen, 1.0 / (1.0 + (np.maximum(left, 0.0) / 1.0) ** 2 + (left / 3.0) ** 4), 0.0)
        system = basis.T @ (trust[:, None] * basis) + 1e-3 * np.eye(4)
        grown, *shift = np.linalg.solve(system, basis.T @ (trust * edge))
        left = edge - basis @ np.array([grown, *shift])
    move = np.array(shift)
    move *= min(1.0, _MAX_SHIFT_MM / max(float(np.linalg.norm(move)), 1e-9))
    shape = _around(trust * np.clip(left, -2.0, 2.0)) / (_around(trust) + 0.3)
    growth = np.clip(grown + shape, -_MAX_GROWTH_MM, _MAX_GROWTH_MM)
    return center + move, radius + growth


def _around(values: FloatArray) -> FloatArray:
    """Weighted mean over neighbouring angles."""
    return (
        0.4 * values
        + 0.2 * (np.roll(values, 1) + np.roll(values, -1))
        + 0.1 * (np.roll(values, 2) + np.roll(values, -2))
    )


def _tube(n_rings: int) -> NDArray[np.int64]:
    """Return the (F, 3) triangles between neighbouring rings."""
    at = np.arange((n_rings - 1) * _ANGLES).reshape(n_rings - 1, _ANGLES)
    beside = np.roll(at, -1, axis=1)
    below, across = at + _ANGLES, beside + _ANGLES
    return np.concatenate([np.stack([at, beside, across], -1), np.stack([at, across, below], -1)]).reshape(-1, 3)
