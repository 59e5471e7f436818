"""Fitted hips against the bones that were drawn: heads, surfaces, and how sure each place says it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from cases import Case, heads_in_view
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.metal.metal import Metal
from ho_detect.anatomy.native.certainty import places_of
from ho_detect.anatomy.native.surfaces import displaced
from ho_detect.image.grid import FloatArray, vertex_normals
from ho_detect.image.sides import BONES

#: A bone's surface counts as far from the head's center, and a fitted one as there within, mm.
WITHIN_MM, NEAR_MM, HEAD_MM = 100.0, 3.0, 5.0
#: Points of a surface are to lie about so near to each other, mm.
_LONG_MM = 5.0


@dataclass(frozen=True)
class HipScore:
    """One hip that is in view."""

    group: str
    kind: str
    skeleton: str
    number: int
    side: str
    head_mm: float | None
    femur: float
    hip_bone: float
    status: str
    score: float | None
    flexion: float
    abduction: float
    external: float
    turn: float


def score_case(case: Case, hips: tuple[HipAnatomy, ...], number: int) -> list[HipScore]:
    """Score each hip whose head's center is in view."""
    found = {h.joint.side: h for h in hips}
    out = []
    for side, center in heads_in_view(case).items():
        hip = found.get(side)  # type: ignore[call-overload]
        pose = case.posture.left if side == "left" else case.posture.right
        shares = {"femur": 0.0, "hip_bone": 0.0}
        if hip is not None:
            shares = {b: surface_share(case, side, b, fitted_points(hip, b)) for b in shares}
        out.append(
            HipScore(
                case.group,
                case.kind,
                case.bones.name,
                number,
                side,
                None if hip is None else round(float(np.linalg.norm(hip.center_lps_mm - center)), 2),
                round(shares["femur"], 4),
                round(shares["hip_bone"], 4),
                "not_in_view" if hip is None else hip.joint.status,
                None if hip is None else hip.joint.score,
                round(pose.flexion, 1),
                round(pose.abduction, 1),
                round(pose.external, 1),
                round(case.posture.turn, 1),
            )
        )
    return out


def fitted_points(hip: HipAnatomy, bone: str) -> FloatArray:
    """Return points of a fitted surface, about 1 mm apart."""
    fit = displaced(hip.femur if bone == "femur" else hip.hip_bone)
    points = [_dense(fit.vertices, fit.faces)]
    if bone == "femur" and len(hip.shaft.faces):
        points.append(_dense(hip.shaft.vertices, hip.shaft.faces))
    return np.concatenate(points)


def _dense(vertices: FloatArray, faces: np.ndarray) -> FloatArray:
    corner = vertices[faces]
    share = np.array([(a, b, 4 - a - b) for a in range(5) for b in range(5 - a)]) / 4
    return np.einsum("sk,fkd->fsd", share, corner).reshape(-1, 3)


def surface_share(case: Case, side: str, bone: str, fitted: FloatArray) -> float:
    """Share of a bone's true surface in view within 100 mm of the head that has a fitted one within 3 mm."""
    name = f"femur_{side}" if bone == "femur" else f"hip_{side}"
    true = case.bones.surfaces[name][0]
    true = true[np.linalg.norm(true - case.bones.center[side], axis=1) < WITHIN_MM]  # type: ignore[index]
    true = true[case.drawn.volume.grid.contains(true)]
    if not len(true):
        return float("nan")
    away, _ = cKDTree(fitted).query(true, distance_upper_bound=NEAR_MM)
    return float(np.isfinite(away).mean())


def signed_errors(case: Case, side: str, bone: str, points: FloatArray) -> FloatArray:
    """Return how far each of (n, 3) points lies outside the true surface, mm; NaN beyond its cut end."""
    name = f"femur_{side}" if bone == "femur" else f"hip_{side}"
    vertices, normals = _filled_in(*case.bones.surfaces[name])
    near, which = cKDTree(vertices).query(points, k=4)
    delta = points[:, None] - vertices[which]
    signed = np.einsum("nkd,nkd->nk", delta, normals[which]).mean(axis=1)
    error = np.where(near[:, 0] < 6.0, signed, np.sign(signed) * near[:, 0])
    if bone == "femur":
        beyond = _beyond_cut(case, side, points)
        error = np.where(beyond, np.nan, error)
    return np.asarray(error)


def _filled_in(vertices: FloatArray, faces: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Return points of a surface and their normals: its vertices, and more on long triangles, as of a drawn shaft."""
    normals = vertex_normals(vertices, faces)
    corners = vertices[faces]
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    points, outward = [vertices], [normals]
    long = np.flatnonzero(sides > _LONG_MM)
    for corner, normal, side in zip(corners[long], normals[faces[long]], sides[long], strict=True):
        n = int(np.ceil(side / _LONG_MM))
        a, b = np.array([(i, j) for i in range(n + 1) for j in range(n + 1 - i)]).T / n
        weights = np.stack([a, b, 1 - a - b], axis=1)
        points.append(weights @ corner)
        outward.append(weights @ normal)
    found = np.concatenate(outward)
    return np.concatenate(points), found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)


def _beyond_cut(case: Case, side: str, points: FloatArray) -> np.ndarray:
    """Which points lie less than 5 mm before the plane that a femur is cut by, or beyond it."""
    vertices, faces = case.bones.surfaces[f"femur_{side}"]
    end = case.bones.ends[side]  # type: ignore[index]
    outward = vertex_normals(vertices, faces)[end].mean(axis=0)
    outward /= np.linalg.norm(outward)
    return np.asarray((points - vertices[end].mean(axis=0)) @ outward > -5.0)


def place_rows(case: Case, hip: HipAnatomy, number: int) -> FloatArray:
    """Return for each place of both surfaces: case, class, signed error in mm, and the terms of its deviation."""
    rows = []
    for bone in BONES:
        vertices, seen_class, terms, _ = places_of(case.drawn.volume.canonical(), Metal(), hip, bone)
        error = signed_errors(case, hip.joint.side, "femur" if bone == "femur" else "hip_bone", vertices)
        rows.append(np.column_stack([np.full(len(error), number), seen_class, error, terms]))
    out = np.concatenate(rows)
    return np.asarray(out[np.isfinite(out[:, 2])])
