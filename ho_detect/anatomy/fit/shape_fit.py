"""Shape model to bone: a robust fit that extra bone does not pull."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ho_detect._kernels.surface_fit import normal_equations, surface_normals
from ho_detect._kernels.surface_match import edge_offsets
from ho_detect.anatomy.fit.shape_model import BoneModel
from ho_detect.anatomy.fit.working_grid import WorkingVolume
from ho_detect.image.grid import FloatArray, Sphere, rotation_about

#: Search reach along the normals, mm, and number of shape modes set free, for each round. Coarse to fine: pose first,
#: then the modes by weight. Convention, chosen on simulated and real CT.
_ROUNDS = (
    (10.0, 0),
    (8.0, 0),
    (6.0, 2),
    (5.0, 4),
    (4.0, 6),
    (3.0, 8),
    (3.0, 12),
    (3.0, 16),
    (2.5, 20),
    (2.5, 20),
    (2.5, 20),
    (2.5, 20),
)
#: Soft tissue behind an edge: no soft tissue, no pull. The joint gap is blurred by its two walls. HU.
_SOFT_TISSUE_HU, _JOINT_GAP_HU = 190.0, 300.0
#: The head's edge is looked for at least so far to either side: the far wall of the joint is 3 to 5 mm away. mm
_JOINT_REACH_MM = 4.0
#: A head that is given leads the joint surface as long as edges are looked for further away than this, mm.
_LED_MM = 3.0
#: A surface point is explained when an edge lies so near, mm.
_EXPLAINED_MM, _JOINT_EXPLAINED_MM = 2.0, 1.0
_MAX_WEIGHT_SD = 3.0


@dataclass(frozen=True, eq=False)
class Pose:
    """Similarity from model to patient: ``scale * rotation @ mirrored point + offset``.

    Parameters
    ----------
    rotation
        (3, 3), in the frame where the hip is a left one.
    scale
        Size relative to the model's mean.
    offset_mm
        (3,) LPS mm of the model's origin, x negated on the right.
    """

    rotation: FloatArray
    scale: float
    offset_mm: FloatArray


@dataclass(frozen=True, eq=False)
class SurfaceFit:
    """A bone's expected surface where the image shows it.

    Parameters
    ----------
    vertices, normals
        (V, 3) LPS mm; outward unit normals.
    faces
        (F, 3) triangles, counter-clockwise from outside.
    joint
        (V,) bool: joint surface.
    in_view
        (V,) bool: inside the field of view.
    offset_mm
        (V,) distance along the normal to the edge seen, NaN where none is within reach.
    explained
        Share of the surface in view with an edge within 2 mm.
    confirmed
        (V,) bool: covered, but where the other side, on which that place is seen, says that it lies; None where there
        is no other side.
    """

    vertices: FloatArray
    normals: FloatArray
    faces: NDArray[np.int64]
    joint: NDArray[np.bool_]
    in_view: NDArray[np.bool_]
    offset_mm: FloatArray
    explained: float
    confirmed: NDArray[np.bool_] | None = None

    @property
    def share_in_view(self) -> float:
        """Share of the surface in the field of view."""
        return float(self.in_view.mean())

    @property
    def joint_explained(self) -> float:
        """Share of the joint surface in view with an edge within 1 mm."""
        offset = self.offset_mm[self.joint & self.in_view]
        return float((np.abs(np.nan_to_num(offset, nan=np.inf)) < _JOINT_EXPLAINED_MM).mean()) if len(offset) else 0.0


def fit_surface(
    volume: WorkingVolume,
    model: BoneModel,
    start: Pose,
    *,
    mirrored: bool,
    innermost: bool,
    head: Sphere | None = None,
) -> SurfaceFit:
    """Fit pose, size and shape of one bone to the edges of the image.

    Each round looks along the normals for edges from bone to soft tissue, weighs them (Tukey's biweight, tighter
    outward than inward so that bone grown on the surface does not pull), and solves the linearised least-squares
    problem in translation, rotation, log scale and mode weights, the weights held by their own spread.

    Parameters
    ----------
    volume
        HU near the hip, lightly smoothed.
    start
        Pose within about 10 mm and 20 degrees.
    mirrored
        The bone is a right one: the left model is mirrored.
    innermost
        On the joint surface take the innermost strong edge: for the femoral head, where the far wall of the joint is
        often the stronger edge.
    head
        Where the femoral head seems to be: leads the joint surface in the first rounds; the last follow the edges.
    """
    mirror = np.array([-1.0, 1.0, 1.0]) if mirrored else np.ones(3)
    first = model.joint & innermost
    weights = np.zeros(len(model.modes))
    pose = start
    for reach_mm, n_modes in _ROUNDS:
        placed = placed_at(model, weights, pose)
        vertices = placed.vertices * mirror
        offset, strength = edges_along(volume, vertices, placed.normals * mirror, model.joint, first, reach_mm)
        residual, trust = _led(offset, strength, first, reach_mm)
        if head is not None and reach_mm > _LED_MM:
            away = np.linalg.norm(vertices - head.center_lps_mm, axis=1)
            residual = np.where(model.joint, head.radius_mm - away, residual)
            trust = np.where(model.joint, 1.0, trust)
        pose, weights = step(model, placed, weights, n_modes, residual, trust)
    return described(volume, model, placed_at(model, weights, pose), mirror, first)


def described(
    volume: WorkingVolume, model: BoneModel, placed: Placed, mirror: FloatArray, first: NDArray[np.bool_]
) -> SurfaceFit:
    """Return a placed model as a fit, with the edges that the image shows near it.

    Parameters
    ----------
    mirror
        (3,) signs that take the frame of a left hip to the patient's.
    first
        (V,) bool: take the innermost strong edge.
    """
    vertices, normals = placed.vertices * mirror, placed.normals * mirror
    offset, strength = edges_along(volume, vertices, normals, model.joint, first, 6.0)
    in_view = ~np.isnan(strength)
    near = np.abs(np.nan_to_num(offset, nan=np.inf)) < _EXPLAINED_MM
    explained = float(near[in_view].mean()) if in_view.any() else 0.0
    faces = model.faces[:, ::-1].copy() if mirror[0] < 0 else model.faces
    return SurfaceFit(vertices, normals, faces, model.joint, in_view, offset, explained)


@dataclass(frozen=True, eq=False)
class Placed:
    """The model in the patient: (V, 3) points and unit normals, and the normals in its own frame."""

    pose: Pose
    vertices: FloatArray
    normals: FloatArray
    local_normals: FloatArray


def placed_at(model: BoneModel, weights: FloatArray, pose: Pose) -> Placed:
    """Return the surface of a model with some shape in some pose."""
    shape = model.shape(weights)
    local = np.empty_like(shape)
    surface_normals(shape, model.faces, local)
    vertices = shape @ (pose.scale * pose.rotation.T) + pose.offset_mm
    return Placed(pose, vertices, local @ pose.rotation.T, local)


def _led(
    offset: FloatArray, strength: FloatArray, first: NDArray[np.bool_], reach_mm: float
) -> tuple[FloatArray, FloatArray]:
    """Return how far each point is from its edge, 0 where none is seen, and how far that is trusted."""
    seen = ~np.isnan(offset)
    residual = np.where(seen, offset, 0.0)
    cut_out = np.where(first, max(3.0, 0.9 * reach_mm), 0.9 * reach_mm)
    cut_in = np.where(first, max(1.1 * reach_mm, 1.15 * _JOINT_REACH_MM), 1.1 * reach_mm)
    return residual, trusted(residual, np.where(residual > 0, cut_out, cut_in), seen, strength)


def trusted(residual: FloatArray, cut: FloatArray, seen: NDArray[np.bool_], strength: FloatArray) -> FloatArray:
    """Return (V,) weights of edges: Tukey's biweight of how far off they are, less for faint ones; 0 for none seen."""
    trust = np.where(seen & (np.abs(residual) < cut), (1 - (residual / cut) ** 2) ** 2, 0.0)
    return np.asarray(trust * np.clip(np.nan_to_num(strength) / 200.0, 0.2, 1.0))


def edges_along(
    volume: WorkingVolume,
    vertices: FloatArray,
    normals: FloatArray,
    joint: NDArray[np.bool_],
    first: NDArray[np.bool_],
    reach_mm: float,
) -> tuple[FloatArray, FloatArray]:
    """Return (V,) offsets in mm along the normals to the edge there, and strengths in HU; NaN where none is in view.

    Parameters
    ----------
    joint
        (V,) bool: the gap behind the edge may be as narrow as a joint's.
    first
        (V,) bool: take the innermost strong edge.
    """
    offset, strength = np.empty(len(vertices)), np.empty(len(vertices))
    edge_offsets(
        volume.hu,
        volume.grid.to_index(vertices),
        np.ascontiguousarray(normals[:, ::-1]),
        1.0 / volume.step_mm,
        int(np.ceil(max(reach_mm, _JOINT_REACH_MM))),
        0.6 * reach_mm,
        np.where(joint, _JOINT_GAP_HU, _SOFT_TISSUE_HU),
        first,
        offset,
        strength,
    )
    return offset, strength


def step(
    model: BoneModel, placed: Placed, weights: FloatArray, n_modes: int, residual: FloatArray, trust: FloatArray
) -> tuple[Pose, FloatArray]:
    """One Gauss-Newton step of the point-to-plane problem."""
    pose = placed.pose
    sums = np.empty((8 + n_modes, 7 + n_modes))
    arm = placed.vertices - pose.offset_mm
    modes = model.modes[:n_modes]
    normal_equations(arm, placed.normals, modes, placed.local_normals, pose.scale, residual, trust, sums)
    variance = 1.5**2 * max(1.0, trust.sum() / 150.0)  # neighbouring surface points do not err independently
    ridge = np.full(7 + n_modes, 1e-6)
    ridge[6] = 0.3 * variance / 0.08**2
    ridge[7:] = variance
    lower, right = sums[:-1], sums[-1]
    right[7:] -= variance * weights[:n_modes]
    change = np.linalg.solve(lower + np.tril(lower, -1).T + np.diag(ridge), right)
    turn = change[3:6] * min(1.0, 0.3 / max(float(np.linalg.norm(change[3:6])), 1e-12))
    scale = float(np.clip(pose.scale * np.exp(change[6]), 0.75, 1.3))
    weights = weights.copy()
    weights[:n_modes] = np.clip(weights[:n_modes] + change[7:], -_MAX_WEIGHT_SD, _MAX_WEIGHT_SD)
    return Pose(rotation_about(turn) @ pose.rotation, scale, pose.offset_mm + change[:3]), weights
