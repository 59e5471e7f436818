"""A fast body around posed bones: HU on one isotropic grid, straight into the program, no DICOM."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from skeletons import Bones, axis_points

from ho_detect.acquisition.volume.hu_volume import HuVolume, SeriesRecord
from ho_detect.image.grid import FloatArray, Grid
from ho_detect.image.morphology import distance_anywhere
from ho_detect.image.sides import SIDES
from ho_detect.image.surfaces import voxelised
from ho_detect.simulation.fields import coarse_grid, refine, smooth_noise

#: Body and distance to bone are drawn on a grid of this step, mm.
_COARSE_MM = 5.0
_AIR, _FAT, _SKIN = -1000.0, -98.0, 15.0


@dataclass(frozen=True)
class Look:
    """What is drawn around and into the bones."""

    step_mm: float = 2.0
    density: float = 1.0
    muscle_hu: float = 45.0
    wasted: float = 0.0
    """Share of muscle turned to fat."""
    noise_hu: float = 18.0
    osteophytes: int = 0
    """Humps around each joint, and half as many spikes at tendon insertions: native bone beyond the surfaces."""
    masses: int = 0
    """Ossifications joined with bone, of each hip."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """The CT, and where ossification was painted."""

    volume: HuVolume
    grown: NDArray[np.bool_]


def draw_body(bones: Bones, matrix: FloatArray, look: Look, rng: np.random.Generator) -> Drawn:
    """Draw a person around bones; ``matrix`` is the turn of the trunk."""
    grid = _grid(bones, look.step_mm)
    share, depth, femur = _bone(bones, grid)
    coarse = coarse_grid(grid, _COARSE_MM)
    skin_depth = refine(_skin_depth(bones, matrix, coarse, rng), coarse, grid)
    texture = smooth_noise(rng, grid, 6.0)
    hu = _soft_tissue(skin_depth, texture, bones, matrix, grid, look, rng)
    trabecular = look.density * (210.0 + 70.0 * texture)
    shell = np.full(grid.shape, 1.5, np.float32)
    z, y, x = _axes(grid)
    for side in SIDES:
        c = bones.center[side]
        away = np.sqrt((x - c[0]) ** 2 + (y - c[1]) ** 2 + (z - c[2]) ** 2).astype(np.float32)
        here = femur == (1 if side == "left" else 2)
        shell[here] = 1.4 + 3.2 * np.clip((away[here] - 65.0) / 40.0, 0.0, 1.0)
        trabecular[here & (away < bones.radius_mm[side])] += 120.0 * look.density
        marrow = here & (away > 95.0)
        trabecular[marrow] = -40.0 + 25.0 * texture[marrow]
    cortex = 300.0 + 750.0 * (0.45 + 0.55 * look.density)
    inside = np.clip((shell - depth) / grid.spacing_mm[0] + 0.5, 0.0, 1.0)
    hu += (inside * (cortex - trabecular) + trabecular - hu) * share
    grown = np.zeros(grid.shape, bool)
    for side in SIDES:
        _wear(hu, share, bones, side, grid, look, rng)
        for _ in range(look.masses):
            grown |= _mass(hu, share, bones, side, grid, rng)
    hu = ndi.gaussian_filter(hu, 0.35, truncate=3.0)
    hu += ndi.gaussian_filter(rng.standard_normal(grid.shape, dtype=np.float32), 0.6) * np.float32(3.0 * look.noise_hu)
    return Drawn(volume_of(np.clip(hu, -1024, 3071).astype(np.int16), grid), grown)


def volume_of(hu: NDArray[np.int16], grid: Grid) -> HuVolume:
    """Return HU on a grid as a series."""
    series = SeriesRecord(
        study_uid="anatomy",
        series_uid="anatomy",
        n_slices=grid.shape[0],
        rows=grid.shape[1],
        columns=grid.shape[2],
        spacing_mm=grid.spacing_mm,
    )
    return HuVolume(np.ascontiguousarray(hu), grid, series)


def _axes(grid: Grid) -> tuple[FloatArray, FloatArray, FloatArray]:
    o, s = grid.origin_lps_mm, grid.spacing_mm
    z = (o[2] + s[0] * np.arange(grid.shape[0]))[:, None, None]
    y = (o[1] + s[1] * np.arange(grid.shape[1]))[None, :, None]
    x = (o[0] + s[2] * np.arange(grid.shape[2]))[None, None, :]
    return z.astype(np.float32), y.astype(np.float32), x.astype(np.float32)


def _grid(bones: Bones, step_mm: float) -> Grid:
    """Trunk and thighs, from the iliac crests to 125 mm below the heads, or to where the femurs are known."""
    pelvis = np.concatenate([v for n, (v, _) in bones.surfaces.items() if n.startswith("hip")])
    thighs = [axis_points(bones, side) for side in SIDES]
    near = [a[np.linalg.norm(a - a[0], axis=1) < 210] for a in thighs]
    around = np.concatenate([pelvis, *near])
    low = around.min(axis=0) - np.array([95.0, 85.0, 0.0])
    high = around.max(axis=0) + np.array([95.0, 85.0, 8.0])
    heads = np.array([bones.center[s] for s in SIDES])
    low[2] = heads[:, 2].min() - 125.0
    for side in SIDES:
        if not bones.bendable:
            low[2] = max(low[2], bones.surfaces[f"femur_{side}"][0][:, 2].min() + 4.0)
    high[2] = min(high[2], heads[:, 2].max() + 170.0)
    size = np.ceil((high - low) / step_mm).astype(int)
    return Grid.axial((int(size[2]), int(size[1]), int(size[0])), (step_mm,) * 3, low)


def _bone(bones: Bones, grid: Grid) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8]]:
    """Return each voxel's share of bone, its depth below the bone's surface in mm, and 1, 2 in the femurs."""
    share = np.zeros(grid.shape, np.float32)
    depth = np.zeros(grid.shape, np.float32)
    femur = np.zeros(grid.shape, np.uint8)
    for name, (vertices, faces) in bones.surfaces.items():
        middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
        box = _box(grid, vertices.min(axis=0) - 4.0, vertices.max(axis=0) + 4.0)
        if min(s.stop - s.start for s in box) < 2 or not np.isfinite(middle).all():
            continue
        part = grid.crop(box)
        step = part.spacing_mm[0]
        fine = Grid.axial(tuple(2 * n for n in part.shape), (step / 2,) * 3, part.origin_lps_mm - step / 4)  # type: ignore[arg-type]
        inside = voxelised(fine, vertices, faces).reshape(part.shape[0], 2, part.shape[1], 2, part.shape[2], 2)
        one = inside.sum(axis=(1, 3, 5), dtype=np.uint8).astype(np.float32) / 8
        deep = distance_anywhere(np.pad(one < 0.5, 1, constant_values=True), part.spacing_mm)[1:-1, 1:-1, 1:-1]
        deep = np.maximum(deep - 0.5 * step, 0.0) + (one - 0.5) * (deep < 1.2 * step) * step * 0.5
        np.maximum(depth[box], np.where(one > 0, deep, 0), out=depth[box])
        if name.startswith("femur"):
            femur[box][one >= 0.5] = 1 if name == "femur_left" else 2
        np.minimum(share[box] + one, 1.0, out=share[box])
    return share, depth, femur


def _box(grid: Grid, low: FloatArray, high: FloatArray) -> tuple[slice, slice, slice]:
    first = np.clip(np.floor(grid.to_index(low)).astype(int), 0, grid.shape)
    last = np.clip(np.ceil(grid.to_index(high)).astype(int) + 1, first, grid.shape)
    a, b, c = (slice(int(i), int(j)) for i, j in zip(first, last, strict=True))
    return a, b, c


def _skin_depth(bones: Bones, matrix: FloatArray, grid: Grid, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return mm below the skin, negative outside."""
    z, y, x = _axes(grid)
    half = float(np.linalg.norm(bones.center["left"] - bones.center["right"])) / 2
    fat = float(rng.uniform(10, 26))
    u, w, t = (matrix[0, k] * x + matrix[1, k] * y + matrix[2, k] * z for k in range(3))
    wave = 6 * smooth_noise(rng, grid, 120)
    body = ((u / (half + 68 + fat + wave)) ** 2 + ((w - 12) / (103 + fat + wave)) ** 2 < 1) & (t > -62)
    for side in SIDES:
        body |= _near_line(axis_points(bones, side), grid, 60 + fat)
    bone = np.zeros(grid.shape, bool)
    for vertices, _ in bones.surfaces.values():
        index = np.rint(grid.to_index(vertices[::3])).astype(int)
        index = index[(index >= 0).all(axis=1) & (index < grid.shape).all(axis=1)]
        bone[tuple(index.T)] = True
    body |= distance_anywhere(bone, grid.spacing_mm) < 14 + 0.4 * fat
    body = ndi.binary_closing(np.pad(body, 3, mode="edge"), iterations=3)[3:-3, 3:-3, 3:-3]
    out = distance_anywhere(body, grid.spacing_mm)
    deep = distance_anywhere(~body, grid.spacing_mm)
    depth = np.where(body, deep - 0.5 * grid.spacing_mm[0], 0.5 * grid.spacing_mm[0] - out)
    return (depth - np.float32(0.0)).astype(np.float32) - np.float32(fat - 18.0)


def _near_line(points: FloatArray, grid: Grid, radius_mm: float) -> NDArray[np.bool_]:
    """Voxels within a radius of a line through points that goes on beyond the last."""
    z, y, x = _axes(grid)
    near = np.zeros(grid.shape, bool)
    onward = points[-1] + 200.0 * (points[-1] - points[-2]) / np.linalg.norm(points[-1] - points[-2])
    line = np.concatenate([points, onward[None]])
    for a, b in pairwise(line):
        d = b - a
        at = np.clip(((x - a[0]) * d[0] + (y - a[1]) * d[1] + (z - a[2]) * d[2]) / (d @ d), 0, 1)
        near |= (x - a[0] - at * d[0]) ** 2 + (y - a[1] - at * d[1]) ** 2 + (z - a[2] - at * d[2]) ** 2 < radius_mm**2
    return near


def _soft_tissue(  # noqa: PLR0913
    skin_depth: NDArray[np.float32],
    texture: NDArray[np.float32],
    bones: Bones,
    matrix: FloatArray,
    grid: Grid,
    look: Look,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    z, y, x = _axes(grid)
    u, w, t = (matrix[0, k] * x + matrix[1, k] * y + matrix[2, k] * z for k in range(3))
    half = float(np.linalg.norm(bones.center["left"] - bones.center["right"])) / 2
    hu = np.where(skin_depth < 0, _AIR, np.where(skin_depth < 2.2, _SKIN, _FAT)).astype(np.float32)
    sheets = np.abs(smooth_noise(rng, grid, 46)) < 0.1
    muscle = (skin_depth > 14.0) & ~sheets
    if look.wasted:
        strand = smooth_noise(rng, grid, 9)
        muscle &= strand < np.quantile(strand[::4, ::4, ::4], 1 - look.wasted)
    hu[muscle] = (look.muscle_hu + np.minimum(10 * texture, 8))[muscle]
    cavity = ((u / (half - 22)) ** 2 + ((w - 18) / 62.0) ** 2 < 1) & (t > -35) & (skin_depth > 14.0)
    hu[cavity] = np.where(smooth_noise(rng, grid, 34) > 0.25, 38.0, _FAT)[cavity]
    bladder = (u / 34) ** 2 + ((w + 22) / 28) ** 2 + ((t - 12) / 26) ** 2 < 1
    hu[bladder & cavity] = 6.0
    return hu


def _wear(  # noqa: PLR0913
    hu: NDArray[np.float32],
    share: NDArray[np.float32],
    bones: Bones,
    side: str,
    grid: Grid,
    look: Look,
    rng: np.random.Generator,
) -> None:
    """Paint osteophytes around the joint and enthesophytes on trochanter and ischium: native, beyond the surfaces."""
    if not look.osteophytes:
        return
    c, r = bones.center[side], bones.radius_mm[side]  # type: ignore[index]
    v = np.concatenate([bones.surfaces[f"{b}_{side}"][0] for b in ("femur", "hip")])
    away = np.linalg.norm(v - c, axis=1)
    rim, far = v[np.abs(away - r - 5) < 6], v[(away > 45) & (away < 85)]
    for at in rim[rng.choice(len(rim), look.osteophytes)]:
        _paint(hu, share, grid, (at, at), float(rng.uniform(2.2, 4.5)), float(rng.uniform(300, 520)))
    for at in far[rng.choice(len(far), look.osteophytes // 2)]:
        out = (at - c) / np.linalg.norm(at - c)
        _paint(hu, share, grid, (at, at + out * rng.uniform(6, 11)), float(rng.uniform(1.6, 2.6)), 520.0)


def _mass(
    hu: NDArray[np.float32],
    share: NDArray[np.float32],
    bones: Bones,
    side: str,
    grid: Grid,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Paint an ossification that covers part of a bone's surface: lobes of mixed density along a line off the bone."""
    v = bones.surfaces[f"{rng.choice(['femur', 'hip'])}_{side}"][0]
    c = bones.center[side]  # type: ignore[index]
    away = np.linalg.norm(v - c, axis=1)
    near = v[(away > 30) & (away < 95)]
    at = near[rng.integers(len(near))]
    end = at + rng.normal(0, 22, 3)
    radius = float(rng.uniform(8, 19))
    return _paint(hu, share, grid, (at, end), radius, None, rng)


def _paint(  # noqa: PLR0913
    hu: NDArray[np.float32],
    share: NDArray[np.float32],
    grid: Grid,
    line: tuple[FloatArray, FloatArray],
    radius: float,
    value: float | None,
    rng: np.random.Generator | None = None,
) -> NDArray[np.bool_]:
    """Paint a rod into soft tissue; without a value one of mixed density with a ragged edge."""
    a, b = line
    box = _box(grid, np.minimum(a, b) - 1.4 * radius, np.maximum(a, b) + 1.4 * radius)
    painted = np.zeros(hu.shape, bool)
    part = grid.crop(box) if min(s.stop - s.start for s in box) > 1 else None
    if part is None:
        return painted
    z, y, x = _axes(part)
    d = b - a
    along = np.clip(((x - a[0]) * d[0] + (y - a[1]) * d[1] + (z - a[2]) * d[2]) / max(float(d @ d), 1e-9), 0, 1)
    off = np.sqrt((x - a[0] - along * d[0]) ** 2 + (y - a[1] - along * d[1]) ** 2 + (z - a[2] - along * d[2]) ** 2)
    what: NDArray[np.float32] | float
    if value is None and rng is not None:
        lobes = smooth_noise(rng, part, 12)
        off = off + 0.22 * radius * lobes
        ripe = smooth_noise(rng, part, 9)
        what = np.where(radius - off < 2.5, 480 + 150 * ripe, 220 + 90 * ripe).astype(np.float32)
    else:
        what = value or 0.0
    cover = np.clip((radius - off) / grid.spacing_mm[0] + 0.5, 0, 1) * (1 - share[box])
    cover = cover * (hu[box] > -600)
    hu[box] += (what - hu[box]) * cover
    painted[box] = cover > 0.5
    return painted
