"""Width of the hip's joint space on the CT, between femoral head and acetabulum, and whether it can be told at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.regions.head_and_neck import sampled
from ho_detect.image.grid import FloatArray, Grid
from ho_detect.settings import JointSettings

#: Rays leave the head center in directions about so far apart, degrees.
_BETWEEN_RAYS_DEG = 5.0
#: ... where the fitted acetabulum has joint surface within this, degrees.
_COVERED_DEG = 9.0
#: Profiles are sampled so finely, mm.
_STEP_MM = 0.25
#: The gap is looked for so far beyond both fitted surfaces, and each wall's density so far beyond the gap, mm.
_SEARCH_MM, _WALL_MM = 2.5, 5.0


@dataclass(frozen=True, eq=False)
class JointSpace:
    """What is known of the joint space.

    Parameters
    ----------
    min_mm
        Minimum over the patches of the roof of their mean; None where it is not measurable: a patch is not told apart.
    mean_mm
        Mean over the roof where both walls are told apart; None where too little of it is.
    resolved
        Share of the roof in view where head and acetabulum are told apart; None where no roof is in view.
    """

    min_mm: float | None
    mean_mm: float | None
    resolved: float | None


def joint_space(volume: HuVolume, hip: HipAnatomy, settings: JointSettings) -> JointSpace:
    """Measure along rays from the head center through the roof of the acetabulum.

    On each ray the gap is the darkest place between the fitted surfaces, with a wall of subchondral bone on either
    side. These walls are thin plates, and blur lowers and widens them: their edge lies higher on the profile than half
    way up, see :func:`_edge_height`. A gap that does not fall half way from both walls to cartilage, or that is
    narrower than the voxels are long along the ray, is not resolved.
    """
    direction, head_mm, socket_mm = _roof(hip, settings.roof_degrees)
    if not len(direction):
        return JointSpace(None, None, None)
    far = np.maximum(socket_mm, head_mm) + _SEARCH_MM
    away = np.arange((head_mm - _SEARCH_MM - _WALL_MM).min(), (far + _WALL_MM).max(), _STEP_MM)
    points = hip.center_lps_mm + direction[:, None] * away[:, None]
    seen = volume.grid.contains(points).all(axis=1)
    if not seen.any():
        return JointSpace(None, None, None)
    direction, head_mm, far = direction[seen], head_mm[seen], far[seen]
    profile = sampled(volume, volume.grid.to_index(points[seen].reshape(-1, 3))).reshape(len(direction), -1)
    width = _widths(profile, away, head_mm - _SEARCH_MM, far, settings)
    wall = ~np.isinf(width)
    direction, width = direction[wall], width[wall]
    if not len(width):
        return JointSpace(None, None, None)
    width[width < _voxel_along(volume.grid, direction)] = np.nan
    return _over_patches(direction, width, settings)


def _roof(hip: HipAnatomy, roof_degrees: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return (n, 3) directions to the roof, and (n,) distances of the fitted head and acetabulum along them, mm."""
    spread = int(4 * np.pi / np.radians(_BETWEEN_RAYS_DEG) ** 2)
    k = np.arange(spread) + 0.5
    up, turn = 1 - 2 * k / spread, np.pi * (1 + 5**0.5) * k
    around = np.sqrt(1 - up**2)
    direction = np.stack([around * np.cos(turn), around * np.sin(turn), up], axis=1)
    direction = direction[up >= np.cos(np.radians(roof_degrees))]
    head, socket = (f.vertices[f.joint] - hip.center_lps_mm for f in (hip.femur, hip.hip_bone))
    head_mm, _ = _along(direction, head)
    socket_mm, off = _along(direction, socket)
    covered = off <= np.radians(_COVERED_DEG)
    return direction[covered], head_mm[covered], socket_mm[covered]


def _along(direction: FloatArray, surface: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the (n,) distance of the surface point nearest in direction, and how far off that is, radians."""
    length = np.linalg.norm(surface, axis=1)
    cosine = direction @ (surface / length[:, None]).T
    best = cosine.argmax(axis=1)
    return length[best], np.arccos(np.clip(cosine.max(axis=1), -1, 1))


def _widths(
    profile: NDArray[np.float32], away: FloatArray, low: FloatArray, high: FloatArray, settings: JointSettings
) -> FloatArray:
    """Return the (n,) width of the gap on each ray, mm; NaN where it is not resolved, inf without a wall beyond."""
    at = np.arange(len(away))
    inside = (away >= low[:, None]) & (away <= high[:, None])
    middle = np.where(inside, profile, np.inf).argmin(axis=1)
    n_wall = int(_WALL_MM / _STEP_MM)
    step = at - middle[:, None]
    before, behind = (step <= 0) & (step >= -n_wall), (step >= 0) & (step <= n_wall)
    wall = [np.where(part, profile, -np.inf).max(axis=1) for part in (before, behind)]
    darkest = profile[np.arange(len(profile)), middle]
    edges = []
    for peak, part, sign in zip(wall, (before, behind), (-1, 1), strict=True):
        rise_hu = peak - settings.gap_hu
        edge = settings.gap_hu + rise_hu * _edge_height(rise_hu / (settings.plate_hu - settings.gap_hu))
        # the first sample as high as the edge, seen from the middle of the gap
        reached = part & (profile >= edge[:, None])
        first = np.where(reached, np.abs(step), len(at)).argmin(axis=1)
        rows = np.arange(len(profile))
        inner = np.clip(first - sign, 0, len(at) - 1)
        rise = profile[rows, first] - profile[rows, inner]
        share = np.where(rise > 0, (edge - profile[rows, inner]) / np.where(rise > 0, rise, 1.0), 0.0)
        edges.append(away[inner] + sign * _STEP_MM * share)
        darkest = np.where(darkest < 0.5 * (peak + settings.gap_hu), darkest, np.inf)
    width = np.where(np.isfinite(darkest), edges[1] - edges[0], np.nan)
    return np.where(np.minimum(*wall) >= settings.wall_hu, width, np.inf)


def _edge_height(peak: FloatArray) -> FloatArray:
    """Return how high on a wall's profile its edge lies, as a share of its peak.

    A plate of thickness t, blurred by a Gaussian of width s, peaks at 2 F(t / 2s) - 1 of its own height and passes
    F(t / s) - 1/2 of it at its edge, F the normal distribution. The share is 1/2 for a thick plate, nearly 1 for a
    thin one.

    Parameters
    ----------
    peak
        (n,) of each wall's peak, as a share of the plate's own height.
    """
    peak = np.clip(peak, 0.01, 0.9999)
    thickness = 2.0 * ndtri(0.5 * (1.0 + peak))
    return np.asarray((ndtr(thickness) - 0.5) / peak)


def _voxel_along(grid: Grid, direction: FloatArray) -> FloatArray:
    """Length of the voxels along (n, 3) directions, mm: of the blur that averaging over them makes."""
    return np.asarray(np.linalg.norm(direction @ grid.affine[:3, :3], axis=1))


def _over_patches(direction: FloatArray, width: FloatArray, settings: JointSettings) -> JointSpace:
    resolved = ~np.isnan(width)
    near = (direction @ direction.T >= np.cos(np.radians(settings.patch_degrees))).astype(float)
    told = near @ resolved
    share = told / near.sum(axis=1)
    total = float(resolved.mean())
    if total < settings.least_resolved:
        return JointSpace(None, None, total)
    mean_of_patch = near @ np.where(resolved, width, 0.0) / np.maximum(told, 1.0)
    minimum = float(mean_of_patch.min()) if share.min() >= settings.least_of_patch else None
    return JointSpace(minimum, float(width[resolved].mean()), total)
