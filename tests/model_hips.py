"""A person whose hips are shapes of the model that the method expects: for laws of the whole method.

On such hips the first fit is a good one, so that an analysis takes a few seconds, and what is asked is whether the
method keeps its laws, not how it copes with unusual bone: that is measured elsewhere, on other skeletons.

Lengths in mm. A hip's own frame is (lateral, posterior, superior) from the head center, the same for both sides.
Studies are cached for the session: never write into their arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import numpy as np
from phantoms import volume
from scipy import ndimage as ndi

from ho_detect.analyze import Analysis, analyze_with_anatomy
from ho_detect.anatomy.fit.shape_model import femur_model, hip_bone_model
from ho_detect.image.grid import Grid, rotation
from ho_detect.image.sides import SIDES, mirror_of
from ho_detect.image.surfaces import capped, voxelised
from ho_detect.settings import Settings

#: Head centers lie so far from the midline: a gap of 6 mm is left at the symphysis.
HALF_WIDTH_MM = 91.0
#: Half axes of skin and of the muscle beneath, across and from front to back.
SKIN_MM, MUSCLE_MM = (185.0, 118.0), (163.0, 98.0)
MUSCLE_HU, FAT_HU, CORTEX_HU, CANCELLOUS_HU, METAL_HU = 55.0, -100.0, 950.0, 300.0, 3071.0
_CORTEX_MM, _RIM_MM = 2.5, 2.5
#: Radius of a metal head.
METAL_MM = 22.0
_WEIGHTS = {"femur": np.array([0.6, -0.5, 0.4]), "pelvis": np.array([-0.4, 0.5, 0.3])}
_LOW, _HIGH = np.array([-190.0, -135.0, -125.0]), np.array([190.0, 135.0, 110.0])
#: The person is painted on voxels of this edge.
_STEP = 1.25
_GRID = Grid.axial(tuple(int(n / _STEP) + 1 for n in (_HIGH - _LOW)[::-1]), (_STEP,) * 3, _LOW)


@dataclass(frozen=True)
class Growth:
    """Ossification along a path in a hip's own frame: a ball for one point.

    Parameters
    ----------
    path
        Points, (lateral, posterior, superior).
    radius
        Of the rod along the path.
    rim_hu, core_hu
        The core begins 2.5 mm below the surface.
    """

    side: str
    path: tuple[tuple[float, float, float], ...]
    radius: float
    rim_hu: float = 800.0
    core_hu: float = 150.0

    def points(self):
        """(n, 3) LPS mm along the path, at most 1 mm apart."""
        ends = [np.array(p, float) for p in self.path]
        steps = [np.linspace(a, b, int(np.linalg.norm(b - a)) + 2) for a, b in pairwise(ends)]
        local = np.concatenate(steps) if steps else np.array(ends)
        return local * mirror_of(self.side) + head_center(self.side)


@dataclass(frozen=True)
class Plan:
    """What is to be scanned, and how."""

    growths: tuple[Growth, ...] = ()
    metal: str | None = None
    """Side whose femoral head is of metal, of radius ``METAL_MM``."""
    turn_deg: float = 0.0
    """Turn of the person about the long axis."""
    spacing: tuple[float, float, float] = (2.0, 2.0, 2.0)
    right_mm: float = 190.0
    """The field of view ends so far to the patient's right of the midline."""
    noise_hu: float = 8.0


@dataclass(frozen=True, eq=False)
class Study:
    """A scan and what is in it."""

    plan: Plan
    volume: object
    centers: dict[str, np.ndarray] = field(default_factory=dict)
    volumes_mm3: tuple[float, ...] = ()
    centroids: tuple[np.ndarray, ...] = ()


def head_center(side):
    """LPS mm of the femoral head of a person who is not turned."""
    return np.array([HALF_WIDTH_MM if side == "left" else -HALF_WIDTH_MM, 0.0, 0.0])


def surface(bone, side):
    """(V, 3) LPS mm and (F, 3) faces of one bone of the person."""
    model = femur_model() if bone == "femur" else hip_bone_model()
    vertices = model.shape(_WEIGHTS[bone]) * mirror_of(side) + head_center(side)
    return vertices, capped(model.faces if side == "left" else model.faces[:, ::-1].copy())


def nearest(bone, target):
    """Point of a bone's surface nearest to a target, both in the hip's own frame, as a tuple."""
    vertices = surface(bone, "left")[0] - head_center("left")
    return tuple(vertices[((vertices - np.array(target)) ** 2).sum(axis=1).argmin()].tolist())


@lru_cache(maxsize=1)
def _bones():
    """(z, y, x) uint8 of the painting grid: 1 in cortex, 2 inside of it."""
    out = np.zeros(_GRID.shape, np.uint8)
    for side in SIDES:
        for bone in ("femur", "pelvis"):
            inside = voxelised(_GRID, *surface(bone, side))
            box = ndi.find_objects(inside)[0]
            depth = ndi.distance_transform_edt(np.pad(inside[box], 1, mode="edge"), sampling=_STEP)[1:-1, 1:-1, 1:-1]
            out[box] = np.maximum(out[box], np.where(depth > _CORTEX_MM, 2, inside[box]))
    return out


@lru_cache(maxsize=1)
def _person():
    """(z, y, x) float32 HU of the painting grid, nothing grown."""
    z, y, x = (_GRID.to_lps(np.eye(3)[a] * np.arange(n)[:, None])[:, 2 - a] for a, n in enumerate(_GRID.shape))
    skin, muscle = ((x / a) ** 2 + (y[:, None] / b) ** 2 <= 1 for a, b in (SKIN_MM, MUSCLE_MM))
    plane = np.where(muscle, MUSCLE_HU, np.where(skin, FAT_HU, -1000.0))
    hu = np.broadcast_to(plane, (len(z), *plane.shape)).astype(np.float32)
    hu[_bones() == 1] = CORTEX_HU
    hu[_bones() == 2] = CANCELLOUS_HU
    return hu


def _grow(hu, growth):
    """Paint one growth into soft tissue; return its volume and centroid."""
    points = growth.points()
    low, high = points.min(axis=0) - growth.radius - 3, points.max(axis=0) + growth.radius + 3
    first, last = _GRID.to_index(low).astype(int), _GRID.to_index(high).astype(int) + 2
    box = tuple(slice(max(a, 0), b) for a, b in zip(first, last, strict=True))
    grid, free = _GRID.crop(box), _bones()[box] == 0
    index = np.moveaxis(np.indices(grid.shape), 0, -1)
    # 8 samples in each voxel: the volume is 1 % off at most
    offsets = np.array([(a, b, c) for a in (-0.25, 0.25) for b in (-0.25, 0.25) for c in (-0.25, 0.25)])
    share, core = np.zeros(grid.shape), np.zeros(grid.shape)
    for offset in offsets:
        at = grid.to_lps(index + offset)
        away = np.full(grid.shape, np.inf)
        for point in points:
            away = np.minimum(away, ((at - point) ** 2).sum(axis=-1))
        share += away <= growth.radius**2
        core += away <= max(growth.radius - _RIM_MM, 0.0) ** 2
    share, core = share / len(offsets) * free, core / len(offsets)
    inside = growth.rim_hu * (1 - core) + growth.core_hu * core
    hu[box] = np.where(free, hu[box] * (1 - share) + inside * share, hu[box])
    total = share.sum()
    return float(total) * _GRID.voxel_volume_mm3, grid.to_lps((index * share[..., None]).sum(axis=(0, 1, 2)) / total)


@lru_cache(maxsize=16)
def scan(plan: Plan = Plan()) -> Study:
    """Paint the person and scan them; the same plan gives the same object."""
    hu = _person().copy()
    grown = [_grow(hu, g) for g in plan.growths]
    if plan.metal is not None:
        middle = _GRID.to_index(head_center(plan.metal))
        z, y, x = np.ogrid[tuple(slice(0, n) for n in _GRID.shape)]
        hu[(z - middle[0]) ** 2 + (y - middle[1]) ** 2 + (x - middle[2]) ** 2 <= (METAL_MM / _STEP) ** 2] = METAL_HU
    # the scanner's blur, no less than what its voxels can show
    hu = ndi.gaussian_filter(hu, [max(0.6, 0.35 * s) / _STEP for s in plan.spacing], truncate=3.0)
    turn = rotation("z", plan.turn_deg)
    low = np.array([-plan.right_mm, _LOW[1], _LOW[2]])
    shape = tuple(int((h - a) / s) for h, a, s in zip(_HIGH[::-1], low[::-1], plan.spacing, strict=True))
    grid = Grid.axial(shape, plan.spacing, low)
    back = np.eye(4)
    back[:3, :3] = turn.T
    to_painted = np.linalg.inv(_GRID.affine) @ back @ grid.affine
    seen = ndi.affine_transform(hu, to_painted[:3, :3], to_painted[:3, 3], shape, order=1, cval=-1000.0)
    seen += np.random.default_rng(5).normal(0, plan.noise_hu, shape).astype(np.float32)
    return Study(
        plan,
        volume(np.clip(seen, -1024, 3071), grid=grid),
        {side: turn @ head_center(side) for side in SIDES},
        tuple(v for v, _ in grown),
        tuple(turn @ c for _, c in grown),
    )


@lru_cache(maxsize=10)
def analysed(plan: Plan = Plan()) -> Analysis:
    """Return what is found in the scan of a plan at default settings: once in a process, for all tests that ask."""
    return analyze_with_anatomy(scan(plan).volume, Settings())


#: Free in the gluteal muscles.
ISLAND = Growth("left", ((22.0, 50.0, -2.0), (14.0, 55.0, 14.0)), 10.0)
#: From the ilium in front of the joint to the trochanter.
BRIDGE = Growth("right", (nearest("pelvis", (5, -32, 34)), (24.0, -44.0, 4.0), nearest("femur", (45, -10, -30))), 8.0)
#: From the trochanter up and outward; its tip lies free.
SPUR = Growth("left", (nearest("femur", (58, 15, -8)), (72.0, 12.0, 14.0), (66.0, 4.0, 40.0)), 6.5)
#: Faint and without a core, in front of the other hip.
IMMATURE = Growth("right", ((10.0, -62.0, -20.0), (16.0, -60.0, 6.0)), 10.0, rim_hu=240.0, core_hu=240.0)
