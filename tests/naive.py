"""Slow twins of every kernel in ``ho_detect._kernels``: plain Python and numpy, written to be read, not to be fast.

Where a twin can be another method altogether (flood fill, winding number) it is.
"""

from __future__ import annotations

from itertools import product

import numpy as np

FACES, EDGES, CORNERS = 1, 2, 3
CONNECTIVITY = {6: FACES, 18: EDGES, 26: CORNERS}


def neighbours(connectivity):
    """Return the index steps to 6, 18 or 26 neighbours."""
    most = CONNECTIVITY[connectivity]
    return [d for d in product((-1, 0, 1), repeat=3) if 0 < sum(map(abs, d)) <= most]


def inside(hu, region, low):
    """Return the mask that the components are made of."""
    mask = np.asarray(hu >= low)
    return mask if region is None else mask & (region != 0)


def runs(mask):
    """Return first (rows + 1,), start and stop of the runs of each row of a mask."""
    first, start, stop = [0], [], []
    for row in mask.reshape(mask.shape[0] * mask.shape[1], mask.shape[2]):
        edge = np.diff(np.concatenate([[0], row.astype(int), [0]]))
        start += np.flatnonzero(edge == 1).tolist()
        stop += np.flatnonzero(edge == -1).tolist()
        first.append(len(start))
    return np.array(first), np.array(start, int), np.array(stop, int)


def flood(mask, connectivity):
    """Return int labels 1, 2, ... in the order of first voxels, by flood fill."""
    labels = np.zeros(mask.shape, int)
    n = 0
    for seed in map(tuple, np.argwhere(mask)):
        if labels[seed]:
            continue
        n += 1
        labels[seed] = n
        todo = [seed]
        while todo:
            at = todo.pop()
            for step in neighbours(connectivity):
                to = tuple(a + s for a, s in zip(at, step, strict=True))
                if all(0 <= t < m for t, m in zip(to, mask.shape, strict=True)) and mask[to] and not labels[to]:
                    labels[to] = n
                    todo.append(to)
    return labels


def statistics(hu, labels):
    """Return (count, box, centroid, mean, sd, smallest, largest), one row per label."""
    rows = []
    for n in range(1, labels.max(initial=0) + 1):
        at = np.argwhere(labels == n)
        values = np.array([float(hu[tuple(p)]) for p in at])
        box = np.stack([at.min(0), at.max(0)], axis=1).ravel()
        rows.append((len(at), box, at.mean(0), values.mean(), values.std(), values.min(), values.max()))
    return rows


def border_labels(labels):
    """Return which labels have a voxel on the border of the volume."""
    touching = set()
    for axis in range(3):
        for end in (0, -1) if labels.size else ():
            touching |= set(np.take(labels, end, axis=axis).ravel().tolist())
    return np.array([n in touching for n in range(1, labels.max(initial=0) + 1)], bool)


def painted(labels, values, before):
    """Return ``before`` with the value of each label in its voxels; a value of 0 leaves them."""
    out = before.copy()
    for at in np.argwhere(labels > 0):
        value = values[labels[tuple(at)] - 1]
        if value != 0:
            out[tuple(at)] = value
    return out


def linear(volume, position):
    """Return the trilinear value, weights of the eight corners spelled out; NaN outside."""
    position = np.asarray(position, float)
    last = np.array(volume.shape) - 1
    if (position < 0).any() or (position > last).any():
        return np.nan
    corner = np.minimum(np.floor(position).astype(int), last - 1)
    share = position - corner
    total = 0.0
    for step in product((0, 1), repeat=3):
        weight = np.prod(np.where(step, share, 1 - share))
        total += weight * float(volume[tuple(corner + step)])
    return total


def clamped_linear(volume, position, outside):
    """Return the trilinear value; the border goes on for half a voxel, beyond that lies ``outside``."""
    last = np.array(volume.shape) - 1
    if (np.asarray(position) < -0.5).any() or (position > last + 0.5).any():
        return outside
    padded = np.pad(volume, 1, mode="edge")
    return linear(padded, np.clip(position, -0.5, last + 0.5) + 1)


def block_averages(hu, block):
    """Return the mean of each whole block."""
    out = np.empty(np.array(hu.shape) // block, np.float32)
    for index in np.ndindex(out.shape):
        start = np.array(index) * block
        out[index] = hu[tuple(slice(a, a + b) for a, b in zip(start, block, strict=True))].mean(dtype=np.float64)
    return out


def template_score(gradient, points, normals, center, full, hopeless, probe):
    """Return (score, seen) of one center."""
    shape = np.array(gradient.shape[:3])
    marks = []
    for point, normal in zip(points, normals, strict=True):
        falls = []
        for step in (-1, 0, 1):
            at = np.floor(center + point + step * normal + 0.5).astype(int)
            within = bool(((at >= 0) & (at < shape)).all())
            if within:
                falls.append(-float(gradient[tuple(at)].astype(float) @ normal))
            if step == 0:
                visible = within
        if visible:
            marks.append(min(max([0.0, *falls]) / full, 1.0))
            few = (probe, hopeless), (probe // 2, 0.5 * hopeless)
            if any(len(marks) == n and sum(marks) < share * n for n, share in few):
                return sum(marks) / len(marks), 0.0
    return sum(marks) / max(len(marks), 1), len(marks) / len(points)


def edge(volume, point, normal, step, reach, width, dark, first):
    """Return (offset, strength) of the edge that belongs to one surface point."""
    ts = np.arange(-reach - 2, reach + 3)
    profile = np.array([linear(volume, point + t * step * normal) for t in ts])
    n = 2 * reach + 1
    strength = 0.0 if np.isfinite(profile).sum() > n // 2 else np.nan
    falls = np.zeros(len(profile))
    for k in range(2, len(profile) - 2):
        behind, before = profile[k + 1 : k + 3], profile[k - 2 : k]
        if np.isnan([*behind, *before]).any():
            continue
        fall = before.max() - behind.min()
        if fall > 60 and behind.min() <= dark:
            falls[k] = fall
    if not falls.any():
        return np.nan, strength
    weighed = np.minimum(falls, 500.0) * np.exp(-((ts / width) ** 2))
    chosen = int(weighed.argmax())
    if first:
        enough = min(150.0, falls.max() / 2)
        peaks = [k for k in range(2, len(profile) - 2) if falls[k] >= enough and falls[k] >= falls[k + 1]]
        chosen = peaks[0] if peaks else chosen
    middle = (profile[chosen - 2 : chosen].max() + profile[chosen + 1 : chosen + 3].min()) / 2
    for k in range(chosen - 2, chosen + 2):
        if profile[k] >= middle > profile[k + 1]:
            return ts[k] + (profile[k] - middle) / (profile[k] - profile[k + 1]), falls[chosen]
    return float(ts[chosen]), falls[chosen]


def surface_normals(vertices, faces):
    """Return unit normals, each the sum of the cross products of the triangles that hold the vertex."""
    total = np.zeros(vertices.shape)
    for face in faces:
        a, b, c = vertices[face]
        for v in face:
            total[v] += np.cross(b - a, c - a)
    return np.array([t / max(np.linalg.norm(t), 1e-12) for t in total])


def normal_equations(arm, normals, modes, local_normals, scale, residual, trust):
    """Return the matrix and the right side from the whole Jacobian."""
    along = scale * np.einsum("kvd,vd->vk", modes, local_normals)
    growth = (normals * arm).sum(axis=1, keepdims=True)
    jacobian = np.concatenate([normals, np.cross(arm, normals), growth, along], axis=1)
    return jacobian.T @ (trust[:, None] * jacobian), jacobian.T @ (trust * residual)


def crossings(vertices, faces, shape):
    """Return for each column (z, y) the sorted x at which it crosses the surface."""
    found = [[] for _ in range(shape[0] * shape[1])]
    for tri in vertices[faces]:
        edges = np.stack([tri[1] - tri[0], tri[2] - tri[0], [0.0, 0.0, -1.0]], axis=1)
        if abs(np.linalg.det(edges)) < 1e-12:
            continue
        for row, (k, j) in enumerate(product(range(shape[0]), range(shape[1]))):
            u, v, x = np.linalg.solve(edges, np.array([k, j, 0.0]) - tri[0])
            if u >= 0 and v >= 0 and u + v < 1:
                found[row].append(x)
    return [sorted(x) for x in found]


def winding_number(vertices, faces, points):
    """Return (P,) how often a closed surface winds around each point: its solid angle by van Oosterom (1983)."""
    a, b, c = (vertices[faces[:, k]][None] - points[:, None] for k in range(3))
    la, lb, lc = (np.linalg.norm(v, axis=2) for v in (a, b, c))
    triple = np.einsum("pfi,pfi->pf", a, np.cross(b, c))
    below = la * lb * lc + (a * b).sum(2) * lc + (b * c).sum(2) * la + (c * a).sum(2) * lb
    return np.arctan2(triple, below).sum(1) / (2 * np.pi)


def fill_between(found, shape):
    """Return uint8 voxels between each odd and even crossing, from sorted crossings."""
    out = np.zeros(shape, np.uint8)
    for row, x in enumerate(found):
        for low, high in zip(x[::2], x[1::2], strict=False):
            for i in range(shape[2]):
                if low <= i <= high:
                    out[row // shape[1], row % shape[1], i] = 1
    return out


def lowered(hu, low, field, matrix, offset, number, distance, nearest):
    """Return copies of ``distance`` and ``nearest`` with what is nearer written, at voxels of ``hu >= low``."""
    distance, nearest = distance.copy(), nearest.copy()
    for at in map(tuple, np.argwhere(hu >= low)):
        value = linear(field, matrix @ at + offset)
        if value < distance[at]:  # never where it is NaN
            distance[at], nearest[at] = value, number
    return distance, nearest


def distance(mask, limit, spacing, to_faces):
    """Return the distance to the nearest voxel of a mask, or to its nearest face, infinite beyond a limit."""
    out = np.full(mask.shape, np.inf)
    inside = np.argwhere(mask)
    for at in np.ndindex(mask.shape):
        if len(inside):
            aside = np.abs(inside - np.array(at)).astype(float)
            if to_faces:
                aside = np.maximum(aside - 0.5, 0.0)
            out[at] = np.sqrt(((aside * spacing) ** 2).sum(axis=1)).min()
    out[out > limit * (1 + 1e-5)] = np.inf
    return out


def smoothed(volume, weights):
    """Return a volume convolved along each axis, the border's values going on beyond it."""
    out = volume.astype(float)
    for axis, w in enumerate(weights):
        reach = len(w) // 2
        padded = np.pad(out, [(reach, reach) if a == axis else (0, 0) for a in range(3)], mode="edge")
        n = out.shape[axis]
        out = sum(float(x) * np.take(padded, range(d, d + n), axis=axis) for d, x in enumerate(w))
    return out


def line_integrals(image, corner, step, rays):
    """Return the integral of an image along each ray (cosine, sine, offset): row by row, or column by column."""
    out = []
    y, x = (corner[a] + step[a] * np.arange(image.shape[a]) for a in range(2))
    for c, s, offset in rays:
        if abs(c) * step[1] >= abs(s) * step[0]:
            values = [np.interp((offset - c0 * s) / c, x, row, 0, 0) for c0, row in zip(y, image, strict=True)]
            out.append(sum(values) * step[0] / abs(c))
        else:
            values = [np.interp((offset - c0 * c) / s, y, row, 0, 0) for c0, row in zip(x, image.T, strict=True)]
            out.append(sum(values) * step[1] / abs(s))
    return np.array(out)


def back_projected(views, directions, start, corner, step, shape):
    """Return the sum over all views of the reading nearest to where each pixel lies."""
    image = np.zeros(shape)
    for i in range(shape[0]):
        for j in range(shape[1]):
            y, x = corner[0] + i * step[0], corner[1] + j * step[1]
            for view, (c, s) in zip(views, directions, strict=True):
                image[i, j] += view[int(np.floor((x * c + y * s - start[0]) / start[1] + 0.5))]
    return image
