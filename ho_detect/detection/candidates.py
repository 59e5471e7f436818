"""HU, tissue and native bone to candidates: everything as dense as bone that is not native bone, near a hip."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ho_detect._kernels.bone_distance import lower_grade_in_runs
from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.find import Anatomy
from ho_detect.anatomy.native.surfaces import BoneDistance
from ho_detect.anatomy.regions.tissue import Tissue
from ho_detect.detection.native_distance import NativeDistance, NearestBone
from ho_detect.image.component_values import RunValues
from ho_detect.image.components import Components, joined_with, label_components
from ho_detect.image.grid import FloatArray, Grid
from ho_detect.image.morphology import margins, within
from ho_detect.image.smoothing import Smoothed
from ho_detect.settings import DetectionSettings
from ho_detect.system.parallel import in_parallel

#: A core grows back to bone so much farther than the distance that it begins at, mm.
_BASE_MARGIN_MM = 1.5

BoolArray = NDArray[np.bool_]
#: How far from native bone a dense voxel lies: inside, within the margin of the fit, near, outside, far outside.
#: ``_TAKEN``, like all that is not dense, is no part of a further candidate.
_TAKEN, _INSIDE, _MARGIN, _NEAR, _OUTSIDE, _TALL = range(6)


@dataclass(frozen=True, eq=False)
class Region:
    """The part of the volume within reach of the hips, smoothed, with the distance to native bone.

    Parameters
    ----------
    grid
        Of the arrays below, axes close to (superior, posterior, left).
    box
        Where it lies in the canonical volume.
    hu
        (Z, Y, X) int16 as scanned.
    smooth
        (Z, Y, X) int16, smoothed to about the same noise for thin and thick voxels. Like the next it is worked out for
        the box it is indexed with: whole, it would take as much memory as the scan.
    distance_mm
        (Z, Y, X) float32 to the nearest native surface, positive outside; only where ``smooth >= low_hu``.
    nearest
        (Z, Y, X) uint8: 1 + number of the nearest bone's field, 0 where none is near.
    low_hu
        Detection threshold: what is denser than muscle beyond its noise.
    metal
        (n, 3) voxels of metal, some of which may lie outside: no part of any candidate.
    noise_hu
        Robust standard deviation of ``smooth`` in muscle.
    """

    grid: Grid
    box: tuple[slice, slice, slice]
    hu: NDArray[np.int16]
    smooth: Smoothed | NDArray[np.int16]
    distance_mm: NativeDistance | NDArray[np.float32]
    nearest: NearestBone | NDArray[np.uint8]
    bones: tuple[BoneDistance, ...]
    low_hu: float
    noise_hu: float
    muscle_hu: float
    metal: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 3), np.int64))


@dataclass(frozen=True, eq=False)
class Candidate:
    """One dense thing outside of native bone.

    Parameters
    ----------
    box
        Where it lies in the region's arrays, with a margin.
    mask
        Its voxels inside the box.
    joined
        Whether its component at the detection threshold is joined with native bone.
    touching
        The bones ("femur", "pelvis") that its final outline is in contact with.
    is_split
        Whether it has been split from a vessel, bowel or osteophytes that it was joined with.
    is_clear
        Whether what metal hides has been split from it.
    boundary_hu
        Of what was left of a larger one outside of the zone around metal, or inside of it: HU of the outline, which is
        final. None of all others.
    """

    box: tuple[slice, slice, slice]
    mask: BoolArray
    joined: bool
    touching: tuple[str, ...] = ()
    is_split: bool = False
    is_clear: bool = False
    boundary_hu: float | None = None

    @property
    def at_metal_zone(self) -> bool:
        """Whether it goes on across the border of the zone around metal."""
        return self.boundary_hu is not None


@dataclass(frozen=True, eq=False)
class DenseVoxels:
    """What of a region is dense enough.

    Parameters
    ----------
    region
        Where it lies.
    components
        Of all that is denser than the detection threshold.
    grade
        How far outside of native bone each of its voxels lies.
    joined
        (n,) of each component, whether it is joined with native bone.
    """

    region: Region
    components: Components
    grade: RunValues
    joined: BoolArray


def region_near_hips(volume: HuVolume, anatomy: Anatomy, settings: DetectionSettings) -> Region:
    """Crop to what lies within reach of the hips, smooth, set the threshold and measure the distance to native bone.

    Parameters
    ----------
    volume
        In canonical orientation.
    """
    boxes = [volume.grid.box_around(h.center_lps_mm, settings.reach_mm) for h in anatomy.hips]
    box = tuple(slice(min(b[a].start for b in boxes), max(b[a].stop for b in boxes)) for a in range(3))
    grid, hu = volume.grid.crop(box), volume.hu[box]  # type: ignore[arg-type]
    smooth = smoothed(hu, grid, settings.smoothing_mm)
    muscle_hu, noise_hu = _muscle(smooth, grid, anatomy.tissue)
    low_hu = float(
        np.clip(
            # noise that is not known (NaN) asks for no more than the least contrast
            muscle_hu + float(np.fmax(settings.noise_factor * noise_hu, settings.least_contrast_hu)),
            settings.low_hu[0],
            settings.low_hu[1],
        )
    )
    distance = NativeDistance(smooth, low_hu, grid, anatomy.bones)
    nearest, metal = NearestBone(distance), anatomy.metal.index - [s.start for s in box]
    return Region(grid, box, hu, smooth, distance, nearest, anatomy.bones, low_hu, noise_hu, muscle_hu, metal)  # type: ignore[arg-type]


def find_candidates(region: Region, settings: DetectionSettings) -> list[Candidate]:
    """Return everything dense that lies outside of native bone.

    Cores are what lies more than ``tall_mm`` outside of the native surfaces, then what is left of what lies more than
    ``core_distance_mm`` outside: a shell left by a fit that is off, or an osteophyte, joins nothing that stands out.
    Each core then grows back to the bone it may stand on.
    """
    components = label_components(region.smooth, region.low_hu)
    grade = _grades(region, components, settings)
    joined = grade.least(len(components)) <= _MARGIN
    # what is not joined with native bone at all is a candidate whole, however near to it
    grade.put_all(~joined, _OUTSIDE)
    _take_metal(region, grade)
    dense = DenseVoxels(region, components, grade, joined)
    tall = _grown_cores(dense, _TALL, settings.tall_mm, settings)
    for candidate in tall:
        grade.put(candidate.box, candidate.mask, _TAKEN)
    return tall + _grown_cores(dense, _OUTSIDE, settings.core_distance_mm, settings)


def _grades(region: Region, dense: Components, settings: DetectionSettings) -> RunValues:
    """Return how far outside of native bone each dense voxel lies; only those are looked at."""
    limits = np.array([0.0, settings.native_margin_mm, settings.core_distance_mm, settings.tall_mm])
    grade = RunValues(dense, _TALL)
    runs = dense.runs
    ny = dense.shape[1]
    for bone in region.bones:
        where = runs.first, runs.start, runs.stop, grade.first_voxel
        # a distance changes by no more than the way, across the surface of voxels by twice as much
        slack = 2.0 * float(np.linalg.norm(bone.grid.spacing_mm))
        to_field = region.grid.onto(bone.grid)
        lower_grade_in_runs(dense.shape[0] * ny, ny, *where, bone.mm, *to_field, slack, limits, grade.values)
    return grade


def _take_metal(region: Region, grade: RunValues) -> None:
    """Leave metal out of all candidates."""
    inside = ((region.metal >= 0) & (region.metal < region.grid.shape)).all(axis=1)
    index = region.metal[inside]
    if not len(index):
        return
    first, last = index.min(axis=0), index.max(axis=0)
    mask = np.zeros(last - first + 1, bool)
    mask[tuple((index - first).T)] = True
    grade.put(tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True)), mask, _TAKEN)


def _grown_cores(dense: DenseVoxels, least: int, depth_mm: float, settings: DetectionSettings) -> list[Candidate]:
    """Return a candidate for each core, large and dense enough, of what lies at least ``depth_mm`` from native bone.

    Parameters
    ----------
    least
        Cores are of this grade and more.
    """
    region = dense.region
    cores = label_components(dense.grade, least)
    large = np.flatnonzero(cores.count * region.grid.voxel_volume_mm3 >= settings.min_core_mm3)
    large = large[np.argsort(-cores.count[large], kind="stable")]  # as many voxels, as long it takes
    reach_mm, seed_hu = depth_mm + _BASE_MARGIN_MM, region.low_hu + settings.seed_contrast_hu

    def grown(number: int) -> Candidate | None:
        return _grown(dense, cores, number, seed_hu, reach_mm)

    return [candidate for candidate in in_parallel(grown, large.tolist()) if candidate is not None]


def _grown(dense: DenseVoxels, cores: Components, number: int, seed_hu: float, reach_mm: float) -> Candidate | None:
    """Give a core back its base between it and the native surface; None for one that is nowhere dense enough."""
    spacing = dense.region.grid.spacing_mm
    box = cores.slices(number, margins(reach_mm, spacing, 2))
    this = np.arange(len(cores)) == number
    core = cores.paint(this, box)
    if dense.region.smooth[box][core].max() < seed_hu:
        return None
    free = (dense.grade[box] > _INSIDE) & ~cores.paint(~this, box)
    base = within(core, reach_mm, spacing) & free
    component = dense.components.at(cores.first_voxel(number))
    return Candidate(box, joined_with(core, base | core), component is not None and bool(dense.joined[component]))


def smoothed(hu: NDArray[np.int16], grid: Grid, sigma_mm: float) -> Smoothed:
    """Gaussian, only along axes finer than twice its width."""
    steps = zip(grid.spacing_mm, grid.shape, strict=True)
    return Smoothed(hu, [sigma_mm / step if step < 2 * sigma_mm and n >= 4 else 0.0 for step, n in steps])


def _muscle(smooth: Smoothed, grid: Grid, tissue: Tissue) -> tuple[float, float]:
    """Median and robust standard deviation of muscle on a sparse sample of the region."""
    every = tuple(max(1, round(5.0 / s)) for s in grid.spacing_mm)
    index = np.stack(
        np.meshgrid(*(np.arange(0, n, e) for n, e in zip(grid.shape, every, strict=True)), indexing="ij"), -1
    )
    index = index.reshape(-1, 3)
    at = np.rint(tissue.grid.to_index(grid.to_lps(index))).astype(int)
    at = np.clip(at, 0, np.array(tissue.grid.shape) - 1)
    index = index[tissue.muscle[tuple(at.T)]]

    def of_slice(k: int) -> NDArray[np.int16]:
        here = index[index[:, 0] == k]
        found: NDArray[np.int16] = smooth[k : k + 1][0, here[:, 1], here[:, 2]]
        return found

    values = np.concatenate([np.empty(0, np.int16), *in_parallel(of_slice, np.unique(index[:, 0]).tolist())])
    if values.size < 100:
        return 50.0, float("nan")
    center = float(np.median(values))
    return center, float(1.4826 * np.median(np.abs(values - center)))


def points_of(region: Region, candidate: Candidate) -> FloatArray:
    """Return the (n, 3) LPS mm of a candidate's voxels."""
    start = np.array([s.start for s in candidate.box])
    return region.grid.to_lps(np.argwhere(candidate.mask) + start)
