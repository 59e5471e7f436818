"""What a scanner makes of a body: its grid, blur, slice profile, edge enhancement and correlated noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from ho_detect.image.grid import Grid
from ho_detect.simulation.fields import Field
from ho_detect.simulation.person import Person
from ho_detect.simulation.projection import Beam, Reduction, Slice, metal_change
from ho_detect.simulation.xray import Metal

#: Lowest and highest HU that a series can hold.
HU_RANGE = {"12-bit": (-1024, 3071), "extended": (-8192, 30710)}
Position = Literal["HFS", "HFP", "FFS", "FFP"]


class ScanPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A scan of the region around the hips."""

    spacing_mm: tuple[float, float, float] = (1.5, 1.0, 1.0)
    """(slice, row, column)."""
    thickness_mm: float | None = None
    """Slice thickness; as the spacing where not given."""
    above_mm: float = 110.0
    """Field of view from midway between the hip centers, here upward."""
    below_mm: float = 125.0
    left_mm: float = 205.0
    right_mm: float = 205.0
    anterior_mm: float = 150.0
    posterior_mm: float = 160.0
    psf_mm: float = 0.55
    """Standard deviation of the in-plane point spread."""
    sharpen: float = 0.0
    """Edge enhancement of the kernel; 0 none, 1 strong overshoot."""
    noise_hu: float = 16.0
    noise_mm: float = 0.8
    """Correlation length of the noise in the slice plane."""
    table: bool = True
    circle: bool = False
    """Outside of the inscribed circle nothing is reconstructed."""
    position: Position = "HFS"
    kvp: float = 120.0
    metal_reduction: Reduction = "none"
    extended_hu: bool = False
    """HU up to 30710 instead of 3071, as 16-bit reconstructions give them."""
    kernel: str = "BONE-SIM"


@dataclass(frozen=True, eq=False)
class Body:
    """What lies in a scanner, on the object grid.

    Parameters
    ----------
    hu, skin
        float32: true HU with water where metal is, and signed distance to the skin in mm.
    metal
        float32 of each metal: share of each voxel.
    """

    hu: Field
    skin: Field
    metal: dict[Metal, Field]


@dataclass(frozen=True, eq=False)
class Lattices:
    """The grid of the series, and the finer one in z that the body is painted on."""

    series: Grid
    object: Grid
    per_slice: int
    pad: int


def lattices(person: Person, plan: ScanPlan) -> Lattices:
    """Return the grids of a scan; painted slices are at most about 2 mm apart."""
    sz, sy, sx = plan.spacing_mm
    center = np.array(person.center_lps_mm)
    low = center + np.array([-plan.right_mm, -plan.anterior_mm, -plan.below_mm])
    size = (plan.above_mm + plan.below_mm, plan.anterior_mm + plan.posterior_mm, plan.left_mm + plan.right_mm)
    a, b, c = (max(1, round(e / s)) for e, s in zip(size, plan.spacing_mm, strict=True))
    low = np.round(low, 3)
    series = Grid.axial((a, b, c), (sz, sy, sx), low)
    per_slice = max(1, int(np.ceil(sz / 2.1)))
    thickness = plan.thickness_mm or sz
    step = sz / per_slice
    pad = 0 if thickness <= sz else int(np.ceil((thickness - sz) / 2 / step))
    start = low - [0, 0, step * ((per_slice - 1) / 2 + pad)]
    return Lattices(series, Grid.axial((a * per_slice + 2 * pad, b, c), (step, sy, sx), start), per_slice, pad)


def through_slices(field: Field, grids: Lattices, thickness_mm: float) -> Field:
    """Average painted slices over the slice profile, a box ``thickness_mm`` wide, around each series slice."""
    step = grids.object.spacing_mm[0]
    n, k = grids.series.shape[0], grids.per_slice
    if k == 1 and grids.pad == 0:
        return field
    out = np.zeros((n, *field.shape[1:]), np.float32)
    total = 0.0
    middle = grids.pad + (k - 1) / 2
    for j in range(k + 2 * grids.pad):
        lo, hi = (j - middle - 0.5) * step, (j - middle + 0.5) * step
        weight = max(0.0, min(hi, thickness_mm / 2) - max(lo, -thickness_mm / 2))
        if weight > 0:
            out += np.float32(weight) * field[j : j + k * (n - 1) + 1 : k]
            total += weight
    out /= np.float32(total)
    return out


def labels_through_slices(labels: NDArray[np.uint16], grids: Lattices) -> NDArray[np.uint16]:
    """Label a series voxel when at least half of it belongs to the lesion."""
    if grids.per_slice == 1 and grids.pad == 0:
        return labels
    out = np.zeros(grids.series.shape, np.uint16)
    for label in range(1, int(labels.max()) + 1):
        share = through_slices((labels == label).astype(np.float32), grids, grids.series.spacing_mm[0])
        out[share >= 0.5] = label
    return out


def middle_slices(field: NDArray[np.uint8], grids: Lattices) -> NDArray[np.uint8]:
    """Return the painted slice nearest to the middle of each series slice."""
    n, k = grids.series.shape[0], grids.per_slice
    start = grids.pad + (k - 1) // 2
    return field[start : start + k * (n - 1) + 1 : k]


def acquire(
    body: Body, grids: Lattices, plan: ScanPlan, rng: np.random.Generator
) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Return HU as the scanner gives them, and what of them metal has changed, int16 on the series' axial grid.

    Parameters
    ----------
    body
        What lies in the scanner.
    grids, plan, rng
        Grids, scan, and the source of noise.
    """
    from scipy.ndimage import gaussian_filter

    _, sy, sx = plan.spacing_mm
    thickness = plan.thickness_mm or plan.spacing_mm[0]
    sharp = through_slices(body.hu, grids, thickness)
    image = gaussian_filter(sharp, (0, plan.psf_mm / sy, plan.psf_mm / sx))
    if plan.sharpen > 0:
        image += np.float32(plan.sharpen) * (image - gaussian_filter(image, (0, 1.1 / sy, 1.1 / sx)))
    inner = through_slices(body.skin, grids, plan.spacing_mm[0])
    level = plan.noise_hu * (0.55 + 0.45 * np.clip(-inner / 70, 0, 1))
    image += level.astype(np.float32) * _noise(rng, grids.series, plan)
    metal = {name: through_slices(share, grids, thickness) for name, share in body.metal.items()}
    beam = Beam(plan.kvp, plan.noise_hu, plan.psf_mm, plan.sharpen, plan.metal_reduction)
    changed = np.zeros(image.shape, np.int16)
    for k in range(len(image)):
        here = {name: share[k] for name, share in metal.items() if share[k].any()}
        if here:
            change = metal_change(Slice(sharp[k], (sy, sx), here), beam, rng)
            image[k] += change
            changed[k] = np.clip(np.round(change), *HU_RANGE["extended"])
    if plan.circle:
        y, x = (np.arange(n) - (n - 1) / 2 for n in grids.series.shape[1:])
        image[:, (y[:, None] * sy) ** 2 + (x[None] * sx) ** 2 > (max(len(y) * sy, len(x) * sx) / 2) ** 2] = -1024
    low, high = HU_RANGE["extended" if plan.extended_hu else "12-bit"]
    return np.clip(np.round(image), low, high).astype(np.int16), changed


def _noise(rng: np.random.Generator, grid: Grid, plan: ScanPlan) -> Field:
    """Return unit noise without its lowest frequencies, and a little more of it along the line through both hips."""
    from scipy.ndimage import gaussian_filter

    _, sy, sx = grid.spacing_mm
    raw = rng.standard_normal(grid.shape, dtype=np.float32)
    s = plan.noise_mm * 0.6
    fine = gaussian_filter(raw, (0.25, s / sy, s / sx))
    fine -= 0.6 * gaussian_filter(raw, (0.25, 3 * s / sy, 3 * s / sx))
    fine /= np.float32(fine.std())
    streak = gaussian_filter(rng.standard_normal(grid.shape, dtype=np.float32), (0, 0.5 * s / sy, 9 / sx))
    noise: Field = np.float32(0.97) * fine + np.float32(0.25) * streak / np.float32(streak.std())
    return noise


def orient(grid: Grid, position: Position) -> tuple[Grid, tuple[int, int, int]]:
    """Return the grid as stored for a patient position, and the steps that flip an axial array to it.

    Rows and columns of an image run as the scanner sees them: a prone or feet-first patient's images are turned.
    """
    steps = {"HFS": (1, 1, 1), "HFP": (1, -1, -1), "FFS": (-1, 1, -1), "FFP": (-1, -1, 1)}[position]
    affine = grid.affine.copy()
    for axis, step in enumerate(steps):
        if step < 0:
            affine[:3, 3] += affine[:3, axis] * (grid.shape[axis] - 1)
            affine[:3, axis] *= -1
    return Grid(grid.shape, affine), steps
