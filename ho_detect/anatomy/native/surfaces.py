"""Fitted surfaces to native bone: how far any place lies outside of the expected femur and hip bone.

The shape model leaves 1 to 2 mm; what remains is taken up by a smooth displacement of its surface towards the edges
seen. The displacement is limited and smooth, so that bone that has grown on the surface does not become native.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.spatial import cKDTree

from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.fit.shaft import Shaft
from ho_detect.anatomy.fit.shape_fit import SurfaceFit
from ho_detect.image.grid import FloatArray, Grid, Sphere
from ho_detect.image.morphology import distance_anywhere
from ho_detect.image.sides import BONES, Bone, Side
from ho_detect.image.surfaces import capped, neighbour_mean, voxelised
from ho_detect.system.parallel import in_parallel

#: Voxel edge of the distance fields, mm.
STEP_MM = 1.5
#: The fields reach so far beyond the surface, mm.
_MARGIN_MM = 30.0
#: Edges farther off than this are not the native surface, mm.
_MAX_DISPLACEMENT_MM = 4.0
_SMOOTHING_ROUNDS = 60
#: The joint space begins this far inside of the fitted head, so that no shell is left between them, mm.
_HEAD_MARGIN_MM = 2.0
#: A direction from the head's center meets the socket when a point of it lies within 10 degrees.
_SOCKET_CHORD = 2.0 * np.sin(np.radians(5.0))
#: Distance given to places outside of the fields, mm.
FAR_MM = 1000.0


@dataclass(frozen=True, eq=False)
class BoneDistance:
    """Signed distance to the expected surface of one bone, mm, positive outside, (z, y, x) float32 on its own grid.

    ``head`` is the femoral head of that side.
    """

    side: Side
    bone: str
    grid: Grid
    mm: NDArray[np.float32]
    head: Sphere

    def outward(self, points: FloatArray) -> FloatArray:
        """Return (n, 3) LPS unit vectors out of the bone at (n, 3) points near its surface."""
        reach = self.grid.spacing_mm[0] * np.eye(3)
        slope = np.stack([self._at(points + e) - self._at(points - e) for e in reach], axis=1)
        return np.asarray(slope / np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-9))

    def _at(self, points: FloatArray) -> FloatArray:
        """Distance at points, linear between voxels, that of the nearest voxel beyond the field."""
        index = self.grid.to_index(points).T
        return np.asarray(ndi.map_coordinates(self.mm, index, output=np.float64, order=1, mode="nearest"))


def native_bone(hips: tuple[HipAnatomy, ...]) -> tuple[BoneDistance, ...]:
    """Return the distance fields of femur and hip bone of each hip in view."""

    def field(hip: HipAnatomy, bone: Bone) -> BoneDistance:
        fit, shaft = (hip.femur, hip.shaft) if bone == "femur" else (hip.hip_bone, None)
        return bone_distance(displaced(fit), hip.joint.side, bone, _head(hip), shaft)

    return tuple(in_parallel(lambda task: field(*task), list(product(hips, BONES))))


def displaced(fit: SurfaceFit) -> SurfaceFit:
    """Return a fitted surface moved to the edges seen."""
    return replace(fit, vertices=fit.vertices + fit.normals * smooth_displacement(fit)[:, None])


def _head(hip: HipAnatomy) -> Sphere:
    return Sphere(hip.center_lps_mm, hip.joint.head_radius_mm or 0.0)


def bone_distance(fit: SurfaceFit, side: Side, bone: Bone, head: Sphere, shaft: Shaft | None = None) -> BoneDistance:
    """Voxelise a bone's surface and measure the distance to it.

    The joint space between the head and the socket counts as part of the pelvis: nothing grows there that could be told
    from cartilage, subchondral bone and osteophytes, all blurred into each other.

    Parameters
    ----------
    head
        Of the femur; radius 0 where there is none: then there is no joint space.
    shaft
        The femur's below the end of its model.
    """
    surfaces = [(fit.vertices, fit.faces)]
    if shaft is not None and len(shaft.faces):
        surfaces.append((shaft.vertices, shaft.faces))
    every = np.concatenate([vertices for vertices, _ in surfaces])
    low, high = every.min(axis=0) - _MARGIN_MM, every.max(axis=0) + _MARGIN_MM
    size = np.ceil((high - low) / STEP_MM).astype(int) + 1
    # centered on the bone: that of the mirrored bone is the mirrored grid
    origin = (low + high - (size - 1) * STEP_MM) / 2
    grid = Grid.axial((int(size[2]), int(size[1]), int(size[0])), (STEP_MM,) * 3, origin)
    inside = np.zeros(grid.shape, np.uint8)
    for vertices, faces in surfaces:
        inside |= voxelised(grid, vertices, capped(faces))
    if bone == "pelvis" and head.radius_mm > 0.0:
        _fill_joint_space(inside, grid, fit.vertices[fit.joint], head)
    return BoneDistance(side, bone, grid, signed_distance_mm(inside), head)


def signed_distance_mm(inside: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the distance to the surface of a mask of voxels of :data:`STEP_MM`, positive outside.

    The surface lies half a voxel outside of the outermost voxels. :data:`FAR_MM` where the mask is empty.
    """
    mask = inside.view(np.bool_)
    mm = distance_anywhere(mask, (STEP_MM,) * 3)
    found = ndi.find_objects(inside)
    box = found[0] if found else (slice(0, 0),) * 3
    within = mask[box]
    depth = distance_anywhere(np.pad(~within, 1, constant_values=True), (STEP_MM,) * 3)[1:-1, 1:-1, 1:-1]
    mm[box][within] = -depth[within]
    mm -= np.copysign(np.float32(0.5 * STEP_MM), mm)
    return np.minimum(mm, np.float32(FAR_MM), out=mm)


def _fill_joint_space(inside: NDArray[np.uint8], grid: Grid, socket: FloatArray, head: Sphere) -> None:
    """Set the voxels between the head and the (S, 3) points of the socket, seen from the head's center."""
    arm = socket - head.center_lps_mm
    depth = np.linalg.norm(arm, axis=1)
    box = grid.box_around(head.center_lps_mm, float(depth.max(initial=0.0)))
    index = np.argwhere(inside[box] == 0)
    away = grid.crop(box).to_lps(index) - head.center_lps_mm
    radius = np.linalg.norm(away, axis=1)
    shell = (radius > head.radius_mm - _HEAD_MARGIN_MM) & (radius < depth.max(initial=0.0))
    index, away, radius = index[shell], away[shell], radius[shell]
    chord, at = cKDTree(arm / depth[:, None]).query(away / radius[:, None], distance_upper_bound=_SOCKET_CHORD)
    covered = np.isfinite(chord)
    covered[covered] = radius[covered] <= depth[np.asarray(at)[covered]]
    inside[box][tuple(index[covered].T)] = 1


def smooth_displacement(fit: SurfaceFit) -> FloatArray:
    """Return (V,) mm along the normals: edges within reach, averaged over neighbours, bridged where none is seen.

    Each round moves a vertex to the mean of its neighbours and, as far as it is trusted, its own edge.
    """
    offset = np.where(np.abs(fit.offset_mm) < _MAX_DISPLACEMENT_MM, fit.offset_mm, np.nan)
    # an edge well outside its neighbours is bone that has grown there
    trusted = ~np.isnan(offset)
    edge = np.where(trusted, offset, 0.0)
    weight = np.where(trusted, 1.0 / (1.0 + (np.maximum(edge, 0.0) / 1.5) ** 2), 0.0)
    mean = neighbour_mean(fit.faces, len(edge))
    shift = np.zeros(len(edge))
    for _ in range(_SMOOTHING_ROUNDS):
        shift = (weight * edge + 3.0 * (mean @ shift)) / (weight + 3.0)
    return shift
