"""Skeletons for the anatomy benchmark: closed surfaces in patient coordinates, segmented from CT or drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ho_detect.image.grid import FloatArray, fit_sphere, rotation, vertex_normals
from ho_detect.image.sides import SIDES, Side
from ho_detect.simulation.measured import half_width_mm, measured_femur, measured_hip_bone
from ho_detect.simulation.pelvis import head_shift
from ho_detect.simulation.person import HipPlan
from ho_detect.simulation.shapes import FAR, Frame

Surface = tuple[FloatArray, NDArray[np.int64]]
#: A femur that is cut at least so far below its head is drawn longer, by so much: its end would come into view. mm
_SHAFT_MM, _LONGER_MM = 100.0, 170.0
#: The far end of a femur is looked for in its lowest part, mm.
_END_MM = 12.0
#: One that is known to less far below its head is hardly bent. mm
_KNOWN_MM = 140.0
#: A bent femur and the pelvis come no nearer than this beyond the joint, which ends so far from the head's center. mm
_APART_MM, _JOINT_MM = 2.0, 34.0


@dataclass(frozen=True, eq=False)
class Bones:
    """Closed surfaces, (V, 3) LPS mm and (F, 3) triangles, named ``femur_left``, ``hip_left``, ...; and the heads.

    ``ends``: of each femur the vertices of its far end, flat where it is cut.
    """

    name: str
    surfaces: dict[str, Surface]
    center: dict[Side, FloatArray]
    radius_mm: dict[Side, float]
    ends: dict[Side, NDArray[np.bool_]]

    def known_mm(self, side: Side) -> float:
        """How far from its head a femur is known."""
        away = np.linalg.norm(self.surfaces[f"femur_{side}"][0] - self.center[side], axis=1)
        return float(away.max())

    @property
    def bendable(self) -> bool:
        """Whether both femurs are known far enough to be bent."""
        return all(self.known_mm(side) > _KNOWN_MM for side in SIDES)


@dataclass(frozen=True)
class HipPose:
    """Degrees from where the femur lies in the skeleton."""

    flexion: float = 0.0
    abduction: float = 0.0
    external: float = 0.0


@dataclass(frozen=True, eq=False)
class Posture:
    """How a person lies: each hip, and the turn of the pelvis (about the long axis, tilt, obliquity), degrees."""

    left: HipPose = HipPose()
    right: HipPose = HipPose()
    turn: float = 0.0
    tilt: float = 0.0
    obliquity: float = 0.0

    @property
    def matrix(self) -> FloatArray:
        """(3, 3) rotation of the whole person."""
        return rotation("z", self.turn) @ rotation("y", self.obliquity) @ rotation("x", self.tilt)


@lru_cache(maxsize=1)
def segmented(path: Path) -> Bones:
    """Return a skeleton from a file: ``v_<bone>``, ``f_<bone>``, ``center_<side>``, ``radius_<side>``."""
    with np.load(path) as z:
        names = [k[2:] for k in z.files if k.startswith("v_")]
        vertices = {n: z[f"v_{n}"].astype(float) for n in names}
        surfaces = {n: (v, _outward(v, z[f"f_{n}"].astype(np.int64))) for n, v in vertices.items()}
        center: dict[Side, FloatArray] = {s: z[f"center_{s}"].astype(float) for s in SIDES}
        radius: dict[Side, float] = {s: float(z[f"radius_{s}"]) for s in SIDES}
    for side in SIDES:
        surfaces[f"femur_{side}"] = _longer(surfaces[f"femur_{side}"], center[side])
    return Bones(path.stem, surfaces, center, radius, _ends(surfaces))


@lru_cache(maxsize=1)
def drawn(seed: int) -> Bones:
    """Return a skeleton drawn from the 26-subject model, with a deformation of its own; hips straight."""
    from skimage.measure import marching_cubes

    rng = np.random.default_rng([seed, 17])
    plan = HipPlan(
        head_radius_mm=float(rng.uniform(20.5, 26.5)),
        neck_shaft_deg=float(rng.normal(127, 4)),
        anteversion_deg=float(rng.normal(13, 6)),
        joint_space_mm=float(rng.uniform(2.5, 4.0)),
    )
    half = half_width_mm(seed, plan, plan)
    surfaces: dict[str, Surface] = {}
    center: dict[Side, FloatArray] = {}
    for side in SIDES:
        sign = 1 if side == "left" else -1
        mirror = np.diag([sign, 1.0, 1.0])
        socket = Frame.at((sign * half, 0, 0), mirror)
        femur = Frame(mirror, socket.to_world(head_shift(plan)))
        for bone, lattice in (
            ("hip", measured_hip_bone(seed, side, plan, socket)),
            ("femur", measured_femur(seed, side, plan, femur)[0]),
        ):
            field = np.pad(lattice.mm, 1, constant_values=FAR)
            v, f, _, _ = marching_cubes(field, 0.0)
            local = lattice.grid.to_lps(v - 1.0)
            faces = f.astype(np.int64)
            world = lattice.frame.to_world(local)
            surfaces[f"{bone}_{side}"] = (world, _outward(world, faces))
        center[side] = femur.origin
        surfaces[f"femur_{side}"] = _longer(surfaces[f"femur_{side}"], center[side])
    surfaces |= _sacrum(surfaces)
    return Bones(f"drawn{seed}", surfaces, center, dict.fromkeys(SIDES, plan.head_radius_mm), _ends(surfaces))


def _ends(surfaces: dict[str, Surface]) -> dict[Side, NDArray[np.bool_]]:
    """Return what faces down at the far end of each femur, before it is posed: flat where it is cut."""
    return {side: _end(surfaces[f"femur_{side}"]) for side in SIDES}


def _end(femur: Surface) -> NDArray[np.bool_]:
    vertices, faces = femur
    height = vertices[:, 2]
    return np.asarray((vertex_normals(vertices, faces)[:, 2] < -0.8) & (height < height.min() + _END_MM))


def _longer(femur: Surface, center: FloatArray) -> Surface:
    """Return a femur with the flat end of its shaft moved onward, where it is cut across the shaft."""
    vertices, faces = femur
    away = np.linalg.norm(vertices - center, axis=1)
    if not _SHAFT_MM < center[2] - vertices[:, 2].min() < _SHAFT_MM + 130.0:
        return femur
    rings = [vertices[np.abs(away - away.max() + back) < 5].mean(axis=0) for back in (40.0, 14.0)]
    axis = (rings[1] - rings[0]) / np.linalg.norm(rings[1] - rings[0])
    end = _end(femur)
    # all around the end too, where the surface turns into the shaft
    end |= vertices[:, 2] < np.median(vertices[end, 2]) + 1.0
    return vertices + np.where(end[:, None], _LONGER_MM * axis, 0.0), faces


def _outward(vertices: FloatArray, faces: NDArray[np.int64]) -> NDArray[np.int64]:
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return faces if np.einsum("ij,ij->", a, np.cross(b, c)) > 0 else faces[:, ::-1].copy()


def _sacrum(surfaces: dict[str, Surface]) -> dict[str, Surface]:
    """A wedge of ellipsoids between the two ilia."""
    v = np.concatenate([surfaces["hip_left"][0], surfaces["hip_right"][0]])
    top, middle = v[:, 2].max(), v[:, 0].mean()
    back = np.percentile(v[v[:, 2] > top - 90][:, 1], 97)
    out = {}
    for i in range(5):
        at = np.array([middle, back - 22 + 5 * i - (2.2 * i if i > 3 else 0), top - 45 - 21 * i])
        out[f"sacrum_{i}"] = _ellipsoid(at, np.array([42 - 6.5 * i, 17 - 1.5 * i, 15]))
    return out


def _ellipsoid(center: FloatArray, semi_axes: FloatArray, n: int = 20) -> Surface:
    u, w = np.meshgrid(np.linspace(0, np.pi, n), np.linspace(0, 2 * np.pi, 2 * n, endpoint=False), indexing="ij")
    p = np.stack([np.sin(u) * np.cos(w), np.sin(u) * np.sin(w), np.cos(u)], -1).reshape(-1, 3)
    index = np.arange(n * 2 * n).reshape(n, 2 * n)
    a, b = index[:-1], index[1:]
    an, bn = np.roll(a, -1, 1), np.roll(b, -1, 1)
    f = np.concatenate([np.stack([a, b, bn], -1).reshape(-1, 3), np.stack([a, bn, an], -1).reshape(-1, 3)])
    return p * semi_axes + center, f


def posed(bones: Bones, posture: Posture) -> tuple[Bones, Posture]:
    """Return a skeleton as it lies, and the posture it really took.

    A femur that would run into the pelvis is bent less, a tenth at a time; one that is known to the trochanters alone
    is bent by a fourth.
    """
    surfaces, taken = dict(bones.surfaces), {}
    pelvis = np.concatenate([v[::7] for n, (v, _) in bones.surfaces.items() if not n.startswith("femur")])
    normals = np.concatenate(
        [vertex_normals(v, f)[::7] for n, (v, f) in bones.surfaces.items() if not n.startswith("femur")]
    )
    tree = cKDTree(pelvis)
    for side in SIDES:
        vertices, faces = bones.surfaces[f"femur_{side}"]
        wanted = posture.left if side == "left" else posture.right
        share = 1.0 if bones.known_mm(side) > _KNOWN_MM else 0.25
        while True:
            pose = HipPose(share * wanted.flexion, share * wanted.abduction, share * wanted.external)
            turned = _bent(vertices, bones.center[side], side, pose)
            free = turned[np.linalg.norm(turned - bones.center[side], axis=1) > _JOINT_MM][::5]
            near, which = tree.query(free, distance_upper_bound=25.0)
            close = np.isfinite(near)
            gap = np.einsum("ij,ij->i", free[close] - pelvis[which[close]], normals[which[close]])
            if share < 0.1 or not len(gap) or gap.min() > _APART_MM:
                break
            share -= 0.1
        surfaces[f"femur_{side}"] = (turned, faces)
        taken[side] = pose
    middle = np.mean([bones.center[s] for s in SIDES], axis=0)
    matrix = posture.matrix
    moved = replace(
        bones,
        surfaces={n: ((v - middle) @ matrix.T, f) for n, (v, f) in surfaces.items()},
        center={s: matrix @ (bones.center[s] - middle) for s in SIDES},
    )
    return moved, replace(posture, left=taken["left"], right=taken["right"])


def _bent(vertices: FloatArray, center: FloatArray, side: Side, pose: HipPose) -> FloatArray:
    sign = 1 if side == "left" else -1
    matrix = rotation("x", -pose.flexion) @ rotation("y", -sign * pose.abduction) @ rotation("z", sign * pose.external)
    return np.asarray((vertices - center) @ matrix.T + center)


def axis_points(bones: Bones, side: Side) -> FloatArray:
    """Return (n, 3) LPS mm along a femur, from its head on."""
    v, c = bones.surfaces[f"femur_{side}"][0], bones.center[side]
    away = np.linalg.norm(v - c, axis=1)
    rings = [v[np.abs(away - d) < 8].mean(axis=0) for d in range(60, int(away.max()) - 8, 20)]
    return np.array([c, *rings]) if rings else np.array([c, v[away > away.max() - 10].mean(axis=0)])


def head_sphere(bones: Bones, side: Side) -> tuple[FloatArray, float]:
    """Return center and radius of a femoral head, by the points of its surface."""
    v = bones.surfaces[f"femur_{side}"][0]
    near = np.abs(np.linalg.norm(v - bones.center[side], axis=1) - bones.radius_mm[side]) < 1.0
    return fit_sphere(v[near])
