"""Center and radius of a prosthetic head, at the half height of its edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.image.grid import FloatArray, Sphere, fit_sphere

#: Muscle, HU: what metal stands out of.
_MUSCLE_HU = 55.0
#: Rays from the center, how finely they are sampled, and how far beyond the ball of metal, mm.
_RAYS, _STEP_MM, _BEYOND_MM = 300, 0.25, 5.0
#: With fewer rays that leave the metal the ball's own radius stands.
_LEAST_RAYS = 30
#: Spheres through four edges each are tried; one explains the edges that lie so near to it, mm, and is the head where
#: it is no larger than the ball by more than this, mm, and explains so large a share of all directions. Convention.
_TRIED, _NEAR_MM, _LARGER_MM, _EXPLAINED = 400, 0.6, 2.5, 0.25


def head_at_half_height(volume: HuVolume, ball: Sphere) -> Sphere:
    """Return the sphere at whose surface HU have fallen half way from metal to muscle, in most directions.

    Towards neck and cup the metal goes on. A threshold makes the ball smaller than the head, or, where streaks fill
    what lies between head and cup, larger and nearer to the cup. Where no sphere is seen the center stays, and the
    radius is the median over all directions in which the metal ends.

    Parameters
    ----------
    volume
        Any orientation.
    ball
        The largest ball of metal.
    """
    directions = np.random.default_rng(0).normal(size=(_RAYS, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    away = np.arange(0.5 * ball.radius_mm, ball.radius_mm + _BEYOND_MM, _STEP_MM)
    points = ball.center_lps_mm + directions[:, None] * away[:, None]
    index = volume.grid.to_index(points.reshape(-1, 3)).T
    hu = ndi.map_coordinates(volume.hu, index, output=np.float32, order=1, mode="nearest").reshape(points.shape[:2])
    inner = float(np.median(hu[:, away < 0.7 * ball.radius_mm]))
    below = hu < 0.5 * (inner + _MUSCLE_HU)
    leaves = below.any(axis=1)
    if leaves.sum() < _LEAST_RAYS:
        return ball
    first = below[leaves].argmax(axis=1)
    edges = points[leaves, first]
    sphere = _most_seen(edges, ball.radius_mm + _LARGER_MM)
    for _ in range(2):
        near = _explained(edges, sphere.center_lps_mm[None], np.array([sphere.radius_mm]))[0]
        if near.sum() < _EXPLAINED * _RAYS:
            return Sphere(ball.center_lps_mm, float(np.median(away[first])))
        sphere = Sphere(*fit_sphere(edges[near]))
    return sphere


def _most_seen(edges: FloatArray, most_mm: float) -> Sphere:
    """Return the sphere through four of (n, 3) points near which most of them lie, of those that are small enough."""
    four = edges[np.random.default_rng(1).integers(0, len(edges), (_TRIED, 4))]
    middle = edges.mean(axis=0)
    local = four - middle
    system = np.concatenate([2 * local, np.ones((_TRIED, 4, 1))], axis=2)
    solved = np.abs(np.linalg.det(system)) > 1e-6
    system, local = system[solved], local[solved]
    solution = np.linalg.solve(system, (local**2).sum(axis=2)[..., None])[..., 0]
    centers = solution[:, :3]
    radii = np.sqrt(np.maximum(solution[:, 3] + (centers**2).sum(axis=1), 0.0))
    seen = _explained(edges, centers + middle, radii).sum(axis=1) * (radii <= most_mm)
    best = int(np.argmax(seen))
    return Sphere(centers[best] + middle, float(radii[best]))


def _explained(edges: FloatArray, centers: FloatArray, radii: FloatArray) -> NDArray[np.bool_]:
    """Return (m, n) whether each of n edges lies near each of m spheres."""
    away = np.linalg.norm(edges[None] - centers[:, None], axis=2)
    return np.asarray(np.abs(away - radii[:, None]) <= _NEAR_MM)
