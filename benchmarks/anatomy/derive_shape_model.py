"""Derive ``ho_detect/anatomy/fit/llp26/bones.npz``: ``python benchmarks/anatomy/derive_shape_model.py [FILE]``.

Needs the PyPI package ``musculoskeletal-models`` (MPL-2.0; the shape model LLP26 of GIAS3, 26 subjects). Its Lagrange
meshes have their nodes on the surface, so the surface is a fixed linear map of the nodes. Right hips are handled by
mirroring the image, never the model: left and right hip bones of the package do not share a node order.
"""

from __future__ import annotations

import io
import json
import pickle  # read below with a loader that only builds arrays
import sys
from collections import Counter
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ho_detect.anatomy.fit.shape_model import PROXIMAL_MM, BoneModel
from ho_detect.image.grid import FloatArray, align_similarity, vertex_normals

_PACKAGE = "musculoskeletal.models"
_N_NODES = 3225
_HIP_BONE_NODES = slice(540, 1080)
_FEMUR_NODES = slice(1946, 2580)
#: Center of the mean left femoral head in the package's own frame, and its radius, mm.
_HEAD_CENTER_MM = np.array([114.2, 0.2, 1204.0])
_HEAD_RADIUS_MM = 22.8
_N_MODES = 20
#: Nodes of the element kinds: quads with so many nodes along either edge, triangles of degree 4 and 3.
_N_POINTS = {"quad55": 25, "quad54": 20, "quad44": 16, "tri15": 15, "tri10": 10}


def derive() -> dict[str, BoneModel]:
    """Return the proximal left femur and the left hip bone (ilium, ischium, pubis)."""
    return {
        "femur": _build("femur_left_quartic_flat", _FEMUR_NODES, elements=range(54), proximal_mm=PROXIMAL_MM, fine=6),
        "hip_bone": _build("pelvis_combined_cubic_flat", _HIP_BONE_NODES, elements=None, proximal_mm=None, fine=5),
    }


class _ArraysOnly(pickle.Unpickler):
    """Builds numpy arrays and plain containers, refuses everything else."""

    _ALLOWED = frozenset({"_reconstruct", "ndarray", "dtype", "scalar", "_codecs.encode"})

    def find_class(self, module: str, name: str) -> Any:
        root = module.split(".")[0]
        if (root == "numpy" and name in self._ALLOWED) or (module, name) == ("_codecs", "encode"):
            return super().find_class(module.replace("numpy.core", "numpy._core"), name)
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a shape model")


@lru_cache(maxsize=1)
def _subjects() -> FloatArray:
    """Return the (26, 3225, 3) node positions of all subjects, relative to the mean head center."""
    raw = (files(_PACKAGE) / "shape_models" / "LLP26_rigid.pc").read_bytes()
    data = _ArraysOnly(io.BytesIO(raw), encoding="latin1").load()
    samples = data["mean"][:, None] + data["modes"] @ data["projectedWeights"]
    subjects: FloatArray = samples.T.reshape(-1, 3, _N_NODES).transpose(0, 2, 1) - _HEAD_CENTER_MM
    return subjects


def _build(mesh: str, nodes: slice, *, elements: range | None, proximal_mm: float | None, fine: int) -> BoneModel:
    subjects = _subjects()[:, nodes]
    lattice, faces = _surface_map(mesh, nodes, elements, fine)
    mean = subjects.mean(axis=0)
    used = np.ones(len(mean), bool) if proximal_mm is None else mean[:, 2] > -proximal_mm
    aligned = np.stack([_aligned(s, mean, used) for s in subjects])
    mean = aligned.mean(axis=0)
    flat = ((aligned - mean)[:, used]).reshape(len(aligned), -1)
    _, _, v = np.linalg.svd(flat, full_matrices=False)
    weights = flat @ v[:_N_MODES].T
    # modes of all nodes, by regression on the weights of the proximal part
    modes = np.linalg.lstsq(weights, (aligned - mean).reshape(len(aligned), -1), rcond=None)[0]
    modes = modes.reshape(_N_MODES, *mean.shape) * weights.std(axis=0, ddof=1)[:, None, None]
    surface, surface_modes = lattice @ mean, lattice @ modes
    if proximal_mm is not None:
        keep = surface[:, 2] > -proximal_mm
        faces = faces[keep[faces].all(axis=1)]
        number = np.cumsum(keep) - 1
        surface, surface_modes, faces = surface[keep], surface_modes[:, keep], number[faces]
    faces = _outward(surface, faces)
    distance = np.linalg.norm(surface, axis=1)
    joint = distance < _HEAD_RADIUS_MM + (1.5 if proximal_mm is not None else 5.5)
    if proximal_mm is None:  # the socket's far side lies as near where its floor is thin
        joint &= np.einsum("vd,vd->v", surface, vertex_normals(surface, faces)) < 0
    return BoneModel(surface, np.ascontiguousarray(surface_modes), faces, joint)


def _aligned(points: FloatArray, target: FloatArray, used: NDArray[np.bool_]) -> FloatArray:
    linear, offset = align_similarity(points[used], target[used])
    return points @ linear.T + offset


def _outward(vertices: FloatArray, faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Turn the whole surface inside out if it encloses a negative volume."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return faces if np.einsum("ij,ij->", a, np.cross(b, c)) > 0 else faces[:, ::-1].copy()


def _surface_map(mesh: str, nodes: slice, elements: range | None, fine: int) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return (V, N) weights of the bone's nodes for each lattice point, and the triangles between lattice points."""
    layout = json.loads((files(_PACKAGE) / "atlas_meshes" / f"{mesh}.mesh").read_text())
    number = _node_numbers(layout)
    n_nodes = nodes.stop - nodes.start
    first = nodes.start if mesh.startswith("pelvis") else 0
    rows: list[FloatArray] = []
    faces: list[NDArray[np.int64]] = []
    for e in elements if elements is not None else range(len(layout["elements"])):
        kind = layout["elements"][str(e)].split()[1]
        basis, triangles = _element_basis(kind, fine)
        local = np.array([number[f"{e}_{p}"] for p in range(basis.shape[1])]) - first
        if local.min() < 0 or local.max() >= n_nodes:
            continue
        block = np.zeros((len(basis), n_nodes))
        np.add.at(block.T, local, basis.T)
        faces.append(triangles + sum(len(r) for r in rows))
        rows.append(block)
    weights = np.concatenate(rows)
    # points on shared edges carry the same weights in each of their elements
    one, same = _distinct_rows(weights)
    welded = [same[tri] for tri in faces]
    triangles = _consistent(welded)
    distinct = (triangles != np.roll(triangles, 1, axis=1)).all(axis=1)
    return weights[one], triangles[distinct]


def _distinct_rows(rows: FloatArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each distinct row is first, in the order of the rows' values, and which of them each row is.

    As :func:`numpy.unique` of rows rounded to six digits, which compares number by number: here a row is one string of
    bytes of the same order.
    """
    ordered = np.rint(rows * 1e6).astype(np.int32).view(np.uint32) ^ np.uint32(2**31)
    keys = [row.tobytes() for row in ordered.astype(">u4", copy=False)]
    first: dict[bytes, int] = {}
    for number, key in enumerate(keys):
        first.setdefault(key, number)
    place = {key: k for k, key in enumerate(sorted(first))}
    return np.array([first[key] for key in place]), np.array([place[key] for key in keys])


def _consistent(faces: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Orient each element's triangles like its neighbours', through the edges they share."""
    edges: list[set[tuple[int, int]]] = []
    owners: dict[tuple[int, int], list[int]] = {}
    for number, tri in enumerate(faces):
        directed = {(p, q) for a, b, c in tri.tolist() for p, q in ((a, b), (b, c), (c, a)) if p != q}
        edges.append({(a, b) for a, b in directed if (b, a) not in directed})
        for edge in edges[-1]:
            owners.setdefault(edge, []).append(number)
    queue, flipped = [0], {0: False}
    while queue:
        i = queue.pop()
        mine = {(b, a) for a, b in edges[i]} if flipped[i] else edges[i]
        agree = Counter(j for a, b in mine for j in owners.get((b, a), ()))
        clash = Counter(j for edge in mine for j in owners.get(edge, ()))
        for j in sorted({*agree, *clash} - flipped.keys()):
            flipped[j] = clash[j] > agree[j]
            queue.append(j)
    if len(flipped) != len(faces):
        raise ValueError(f"shape model surface falls apart: {len(flipped)} of {len(faces)} elements are joined")
    return np.concatenate([tri[:, ::-1] if flipped[i] else tri for i, tri in enumerate(faces)])


def _node_numbers(layout: dict[str, Any]) -> dict[str, int]:
    """Return element point -> node number: the first point of each unseen connected set takes the next number."""
    number: dict[str, int] = {}
    following = 0
    for e in range(len(layout["elements"])):
        for p in range(_N_POINTS[layout["elements"][str(e)].split()[1]]):
            point = f"{e}_{p}"
            if point in number:
                continue
            number[point] = following
            for other in layout["connectivity"][point].split():
                number[other] = following
            following += 1
    return number


@lru_cache(maxsize=16)
def _element_basis(kind: str, fine: int) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return (P, n) Lagrange weights on a lattice of ``fine`` steps an edge, and its (T, 3) triangles."""
    if kind.startswith("quad"):
        n, m = int(kind[4]) - 1, int(kind[5]) - 1
        nodes = np.array([(i / n, j / m) for j in range(m + 1) for i in range(n + 1)])
        at = np.array([(i, j) for j in range(fine + 1) for i in range(fine + 1)]) / fine
        powers = [(a, b) for a in range(n + 1) for b in range(m + 1)]
        w = fine + 1
        corners = np.array([(j * w + i, j * w + i + 1, (j + 1) * w + i) for j in range(fine) for i in range(fine)])
        others = np.array(
            [(j * w + i + 1, (j + 1) * w + i + 1, (j + 1) * w + i) for j in range(fine) for i in range(fine)]
        )
        triangles = np.concatenate([corners, others])
    else:
        n = {"tri15": 4, "tri10": 3}[kind]
        nodes = np.array([(i, j) for j in range(n + 1) for i in range(n + 1 - j)]) / n
        at = np.array([(i, j) for j in range(fine + 1) for i in range(fine + 1 - j)]) / fine
        powers = [(a, b) for a in range(n + 1) for b in range(n + 1 - a)]
        start = np.cumsum([0] + [fine + 1 - j for j in range(fine + 1)])
        rows = [(start[j] + i, start[j] + i + 1, start[j + 1] + i) for j in range(fine) for i in range(fine - j)]
        rows += [
            (start[j] + i + 1, start[j + 1] + i + 1, start[j + 1] + i) for j in range(fine) for i in range(fine - j - 1)
        ]
        triangles = np.array(rows)

    def monomials(points: FloatArray) -> FloatArray:
        return np.stack([points[:, 0] ** a * points[:, 1] ** b for a, b in powers], axis=1)

    return monomials(at) @ np.linalg.inv(monomials(nodes)), triangles.astype(np.int64)


if __name__ == "__main__":
    arrays = {
        f"{bone}_{name}": getattr(model, name)
        for bone, model in derive().items()
        for name in ("mean", "modes", "faces", "joint")
    }
    place = sys.argv[1] if len(sys.argv) > 1 else Path(str(files("ho_detect.anatomy.fit"))) / "llp26" / "bones.npz"
    np.savez_compressed(place, **arrays)
