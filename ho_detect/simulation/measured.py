"""Bones as measured in people: surfaces of the 26-subject shape model, each with a smooth deformation of its own.

Bones drawn from tubes and plates are 2 to 3 mm off any real hip bone, which a method that knows real bones rightly
doubts. These are near to real ones, yet none is a surface that the method's own model can take: the deformation is
not among its modes. Its size was chosen so that a fit explains as much of them as of bones on real CT.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ho_detect.anatomy.fit.shape_model import BoneModel, femur_model, hip_bone_model
from ho_detect.image.grid import FloatArray, Grid, fit_sphere, vertex_normals
from ho_detect.image.sides import Side
from ho_detect.image.surfaces import capped, voxelised
from ho_detect.simulation.femur import neck_base
from ho_detect.simulation.pelvis import socket_radius
from ho_detect.simulation.person import HipPlan
from ho_detect.simulation.shapes import FAR, Frame, Shape, tube

_STEP_MM = 1.25
#: Spread of the mode weights, in standard deviations of the 26 subjects, and their limit.
_SPREAD, _LIMIT = 0.9, 2.0
#: Standard deviation and length of the deformation along the normals, mm.
_DEFORMATION_MM, _LENGTH_MM = 1.5, 13.0
#: Half the width of the symphysis, mm.
_HALF_SYMPHYSIS_MM = 2.5
#: Where the shaft is seen in the model's frame, mm below the head center.
_UPPER_MM, _LOWER_MM = (-105.0, -85.0), (-145.0, -125.0)


@dataclass(frozen=True, eq=False)
class Lattice:
    """A shape held as signed distance on a lattice of its own frame.

    Parameters
    ----------
    frame
        Of the lattice in the world.
    grid, mm
        (z, y, x) float32 signed distance, mm, on an axial grid of the local frame.
    """

    frame: Frame
    grid: Grid
    mm: NDArray[np.float32]

    @property
    def bounds(self) -> FloatArray:
        """Lowest and highest corner of the inside, LPS mm."""
        low = self.grid.to_lps([0, 0, 0]) + FAR
        high = self.grid.to_lps(np.array(self.grid.shape) - 1) - FAR
        corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
        world = self.frame.to_world(corners)
        return np.array([world.min(axis=0), world.max(axis=0)])

    def distance(self, points: FloatArray) -> FloatArray:
        """Signed distance at (n, 3) LPS points, capped at :data:`~ho_detect.simulation.shapes.FAR`, mm."""
        from scipy.ndimage import map_coordinates

        local = np.stack(self.frame.to_local(*points.T), axis=1)
        out: FloatArray = map_coordinates(self.mm, self.grid.to_index(local).T, order=1, cval=FAR)
        return np.minimum(out, FAR)


def measured_hip_bone(seed: int, side: Side, hip: HipPlan, frame: Frame) -> Shape:
    """Return a hip bone in the frame of its socket (lateral, posterior, superior)."""
    vertices = _hip_bone(seed, side, socket_radius(hip))
    return _lattice(vertices, hip_bone_model().faces, frame)


def measured_femur(seed: int, side: Side, hip: HipPlan, frame: Frame) -> tuple[Shape, ...]:
    """Return a femur, its shaft along the frame's third axis, and the shaft's continuation below the model."""
    model = femur_model()
    vertices = _person_surface(model, seed, side)
    center, radius_mm = fit_sphere(vertices[model.joint])
    vertices = (vertices - center) * (hip.head_radius_mm / radius_mm)
    upper, lower = (_level(vertices, model.mean[:, 2], *z) for z in (_UPPER_MM, _LOWER_MM))
    vertices = vertices @ _upright(upper - lower).T
    # the neck points where the plan's neck does
    wanted = neck_base(hip)
    at = _level(vertices, model.mean[:, 2], *_UPPER_MM)
    turn = np.arctan2(wanted[1], wanted[0]) - np.arctan2(at[1], at[0])
    c, s = np.cos(turn), np.sin(turn)
    vertices = vertices @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T
    end = (model.mean[:, 2] > _LOWER_MM[0]) & (model.mean[:, 2] < _LOWER_MM[1])
    middle = vertices[end].mean(axis=0)
    width = float(np.sqrt(((vertices[end] - middle)[:, :2] ** 2).sum(axis=1)).mean())
    below = middle + np.array([[0, 0, 0], [0.0, 0, -60], [0.0, 2, -170]])
    shaft = tube(frame.to_world(below), np.array([0.97, 0.97, 1.0]) * width)
    return _lattice(vertices, capped(model.faces), frame), shaft


def half_width_mm(seed: int, left: HipPlan, right: HipPlan) -> float:
    """Return half the distance between the sockets that brings the two pubic bones to the symphysis, mm."""
    inner = [-_hip_bone(seed, s, socket_radius(h))[:, 0].min() for s, h in (("left", left), ("right", right))]
    return float(np.mean(inner)) + _HALF_SYMPHYSIS_MM


@lru_cache(maxsize=4)
def _hip_bone(seed: int, side: Side, socket_mm: float) -> FloatArray:
    """Return (V, 3) mm around the center of the socket, a little smaller than its hollow, which is carved."""
    model = hip_bone_model()
    vertices = _person_surface(model, seed, side)
    center, radius_mm = fit_sphere(vertices[model.joint])
    return np.asarray((vertices - center) * ((socket_mm - 0.3) / radius_mm))


def _person_surface(model: BoneModel, seed: int, side: Side) -> FloatArray:
    """Return (V, 3) mm: one person's shape, the same on both sides but for the deformation."""
    weights = np.random.default_rng([seed, 1]).normal(0, _SPREAD, len(model.modes))
    vertices = model.shape(np.clip(weights, -_LIMIT, _LIMIT))
    rng = np.random.default_rng([seed, 2 if side == "left" else 3])
    waves = rng.normal(0, 1 / _LENGTH_MM, (64, 3))
    field = np.cos(vertices @ waves.T + rng.uniform(0, 2 * np.pi, 64)).sum(axis=1) * np.sqrt(2 / 64)
    field = np.where(model.joint, 0.3, 1.0) * _DEFORMATION_MM * field
    return np.asarray(vertices + field[:, None] * vertex_normals(vertices, model.faces))


def _level(vertices: FloatArray, height: FloatArray, low: float, high: float) -> FloatArray:
    return np.asarray(vertices[(height > low) & (height < high)].mean(axis=0))


def _upright(axis: FloatArray) -> FloatArray:
    """Return the smallest rotation that turns ``axis`` to the third axis."""
    w = axis / np.sqrt((axis**2).sum())
    v, c = np.cross(w, [0, 0, 1.0]), w[2]
    cross = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    return np.asarray(np.eye(3) + cross + cross @ cross / (1 + c))


def _lattice(vertices: FloatArray, faces: NDArray[np.int64], frame: Frame) -> Lattice:
    """Return the signed distance to a closed surface, smoothed over a voxel."""
    from scipy.ndimage import gaussian_filter, minimum_filter

    from ho_detect.image.morphology import distance_anywhere

    low = vertices.min(axis=0) - FAR - 1
    size = np.ceil((vertices.max(axis=0) + FAR + 1 - low) / _STEP_MM).astype(int) + 1
    grid = Grid.axial((int(size[2]), int(size[1]), int(size[0])), (_STEP_MM,) * 3, low)
    inside = voxelised(grid, vertices, faces) > 0
    outermost = inside & ~minimum_filter(inside, 3)
    far = distance_anywhere(outermost, (1.0, 1.0, 1.0))
    # zero on the outermost voxels of the bone: half a voxel inside its surface
    mm = (np.where(inside, -far, far) - np.float32(0.5)) * np.float32(_STEP_MM)
    return Lattice(frame, grid, gaussian_filter(np.clip(mm, -2 * FAR, 2 * FAR), 0.8))
