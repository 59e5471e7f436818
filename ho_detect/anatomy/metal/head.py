"""The radius of a prosthetic head, at the half height of its edge."""

from __future__ import annotations

import numpy as np
from scipy import ndimage as ndi

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.image.grid import Sphere

#: Muscle, HU: what metal stands out of.
_MUSCLE_HU = 55.0
#: Rays from the center, how finely they are sampled, and how far beyond the ball of metal, mm.
_RAYS, _STEP_MM, _BEYOND_MM = 300, 0.25, 5.0
#: With fewer rays that leave the metal the ball's own radius stands.
_LEAST_RAYS = 30


def radius_at_half_height(volume: HuVolume, ball: Sphere) -> float:
    """Return the radius in mm at which HU have fallen half way from metal to muscle, of most directions.

    Towards neck and cup the metal goes on; of the other directions it is the median.

    Parameters
    ----------
    volume
        Any orientation.
    ball
        The largest ball of metal, which a threshold makes smaller than the head.
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
        return ball.radius_mm
    return float(np.median(away[below[leaves].argmax(axis=1)]))
