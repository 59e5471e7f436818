"""How well a surface lies on the edges of a volume. Arrays are (z, y, x); points and normals too, in voxels.

Not checked: C-contiguous volumes, unit normals, equal lengths.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ho_detect._kernels._jit import kernel, parallel_kernel


@parallel_kernel
def match_templates(
    begin: int,
    end: int,
    gradient: Any,
    steps: Any,
    normals: Any,
    centers: Any,
    full: float,
    hopeless: float,
    probe: int,
    score: Any,
    seen: Any,
) -> None:
    """Score templates of oriented points, such as one bone in many poses, at many places.

    A point counts as the falling gradient along its outward normal, from 0 to 1 at ``full``, the best of three
    voxels along the normal; points outside the volume do not count.

    Parameters
    ----------
    gradient
        (Z, Y, X, 3) float32: d/dz, d/dy, d/dx of the image, per voxel.
    steps
        (T, P, 3, 3) int64: of each template, the voxels inside of, at and outside of each point, from the center.
    normals
        (T, P, 3) float32 outward unit normals.
    centers
        (C, 3) int64 voxels.
    full
        Gradient that counts fully.
    hopeless, probe
        A center whose first ``probe`` visible points score less than ``hopeless``, or half of them less than half of
        that, is left there.
    score, seen
        (T, C) float32 out: mean over visible points; share of points visible. A hopeless center gets the score so far.
    """
    nz, ny, nx = gradient.shape[0], gradient.shape[1], gradient.shape[2]
    flat = gradient.reshape((nz * ny * nx, 3))
    n_templates, n_points = steps.shape[0], steps.shape[1]
    zero, one, per_full = np.float32(0.0), np.float32(1.0), np.float32(1.0 / full)
    away = np.empty((n_templates, n_points, 3), np.int32)
    first, last = np.zeros((n_templates, 3), np.int64), np.zeros((n_templates, 3), np.int64)
    for t in range(n_templates):
        for p in range(n_points):
            for step in range(3):
                away[t, p, step] = (steps[t, p, step, 0] * ny + steps[t, p, step, 1]) * nx + steps[t, p, step, 2]
                for axis in range(3):
                    first[t, axis] = min(first[t, axis], steps[t, p, step, axis])
                    last[t, axis] = max(last[t, axis], steps[t, p, step, axis])
    # one place after the other: its templates, and the next place, read much the same voxels
    for c in range(begin, end):
        z, y, x = centers[c, 0], centers[c, 1], centers[c, 2]
        here = (z * ny + y) * nx + x
        for t in range(n_templates):
            # most places have the whole template in the volume: then no voxel needs to be checked
            whole = (
                z + first[t, 0] >= 0
                and y + first[t, 1] >= 0
                and x + first[t, 2] >= 0
                and z + last[t, 0] < nz
                and y + last[t, 1] < ny
                and x + last[t, 2] < nx
            )
            total, visible = zero, 0
            stopped = False
            for p in range(n_points):
                best = zero
                inside = whole
                for step in range(3):
                    if not whole:
                        k, j, i = z + steps[t, p, step, 0], y + steps[t, p, step, 1], x + steps[t, p, step, 2]
                        if k < 0 or j < 0 or i < 0 or k >= nz or j >= ny or i >= nx:
                            continue
                        if step == 1:
                            inside = True
                    at = here + away[t, p, step]
                    fall = -(
                        flat[at, 0] * normals[t, p, 0] + flat[at, 1] * normals[t, p, 1] + flat[at, 2] * normals[t, p, 2]
                    )
                    best = max(best, fall)
                if inside:
                    visible += 1
                    total += min(best * per_full, one)
                    if (visible == probe and total < hopeless * probe) or (
                        visible == probe // 2 and total < 0.5 * hopeless * visible
                    ):
                        stopped = True
                        break
            score[t, c] = total / max(visible, 1)
            seen[t, c] = 0.0 if stopped else visible / n_points


@kernel
def sample_linear(volume: Any, z: float, y: float, x: float) -> float:
    """Return the trilinear value at a voxel position; NaN outside."""
    nz, ny, nx = volume.shape
    if z < 0 or y < 0 or x < 0 or z > nz - 1 or y > ny - 1 or x > nx - 1:
        return np.nan
    k = min(int(z), nz - 2)
    j = min(int(y), ny - 2)
    i = min(int(x), nx - 2)
    fz, fy, fx = z - k, y - j, x - i
    low = (volume[k, j, i] * (1 - fx) + volume[k, j, i + 1] * fx) * (1 - fy) + (
        volume[k, j + 1, i] * (1 - fx) + volume[k, j + 1, i + 1] * fx
    ) * fy
    high = (volume[k + 1, j, i] * (1 - fx) + volume[k + 1, j, i + 1] * fx) * (1 - fy) + (
        volume[k + 1, j + 1, i] * (1 - fx) + volume[k + 1, j + 1, i + 1] * fx
    ) * fy
    return float(low * (1 - fz) + high * fz)


@kernel
def edge_offsets(
    volume: Any,
    points: Any,
    normals: Any,
    step: float,
    reach: int,
    width: float,
    dark: Any,
    first: Any,
    offset: Any,
    strength: Any,
) -> None:
    """Find the bone edge that belongs to each surface point, along its normal.

    The profile is sampled at ``2 reach + 1`` steps. An edge at offset o is a fall of HU within two steps to either
    side, all in view, with soft tissue (below ``dark``) behind it; falls are weighed by exp(-(o / width)²) and the
    strongest wins. Where ``first`` is set the innermost edge wins that reaches 150 HU, or half the strongest: across a
    joint the far bone's outer edge is often the stronger one.

    Parameters
    ----------
    volume
        (Z, Y, X) float32 or int16 HU, at least two voxels along each axis.
    points, normals
        (P, 3) voxels.
    step
        Voxels per profile step.
    reach
        Steps to either side.
    width
        In steps.
    dark
        (P,) HU below which what follows the edge is soft tissue, or a joint gap.
    offset, strength
        (P,) out: steps along the normal to the edge (NaN: none), its fall in HU; strength NaN where the whole
        profile is out of view.
    """
    n = 2 * reach + 1
    profile, falls = np.empty(n + 4, np.float64), np.zeros(n + 4, np.float64)
    weight = np.empty(n + 4, np.float64)
    for t in range(n + 4):
        weight[t] = math.exp(-((float(t - reach - 2) / width) ** 2))
    for p in range(points.shape[0]):
        in_view = 0
        for t in range(n + 4):
            s = (t - reach - 2) * step
            profile[t] = sample_linear(
                volume,
                points[p, 0] + s * normals[p, 0],
                points[p, 1] + s * normals[p, 1],
                points[p, 2] + s * normals[p, 2],
            )
            if not np.isnan(profile[t]):
                in_view += 1
        offset[p] = np.nan
        strength[p] = 0.0 if in_view > n // 2 else np.nan
        best, steepest = 0.0, 0.0
        chosen = -1
        for t in range(2, n + 2):
            falls[t] = 0.0
            hidden = False
            for u in range(t - 2, t + 3):
                hidden = hidden or np.isnan(profile[u])
            if hidden:
                continue
            behind = min(profile[t + 1], profile[t + 2])
            fall = max(profile[t - 2], profile[t - 1]) - behind
            if fall <= 60.0 or behind > dark[p]:
                continue
            falls[t] = fall
            steepest = max(steepest, fall)
            weighed = min(fall, 500.0) * weight[t]
            if weighed > best:
                best, chosen = weighed, t
        if first[p] and chosen >= 0:
            enough = min(150.0, 0.5 * steepest)
            for t in range(2, n + 2):
                if falls[t] >= enough and falls[t] >= falls[t + 1]:
                    chosen = t
                    break
        if chosen < 0:
            continue
        strength[p] = falls[chosen]
        middle = 0.5 * (max(profile[chosen - 2], profile[chosen - 1]) + min(profile[chosen + 1], profile[chosen + 2]))
        offset[p] = float(chosen - reach - 2)
        for u in range(chosen - 2, chosen + 2):  # the crossing of the half height
            if profile[u] >= middle > profile[u + 1]:
                offset[p] = (u - reach - 2) + (profile[u] - middle) / (profile[u] - profile[u + 1])
                break
