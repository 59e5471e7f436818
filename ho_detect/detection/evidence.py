"""What is measured of a candidate to tell ossification from what only looks like it."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from ho_detect.anatomy.find import Anatomy
from ho_detect.anatomy.native.surfaces import FAR_MM
from ho_detect.anatomy.regions.landmarks import nearest_frame
from ho_detect.anatomy.user_masks.names import ORGANS, OTHER_BONES
from ho_detect.detection.candidates import Region, points_of
from ho_detect.detection.clear_of_metal import artefact_in, clear_of_metal
from ho_detect.detection.measure.blood import blood_share
from ho_detect.detection.measure.shape import round_share
from ho_detect.detection.measure.surroundings import surroundings
from ho_detect.detection.measure.underlying import BASE_MM, underlying_hu
from ho_detect.detection.outline import Outlined
from ho_detect.image.grid import FloatArray
from ho_detect.image.morphology import deeper
from ho_detect.image.sides import Side
from ho_detect.settings import JudgeSettings, Settings

#: What lies nearer to the edge of the view is cut by it, and what lies farther is well inside, mm.
_EDGE_MM, _INSIDE_MM = 4.0, 8.0
#: What lies deeper is the interior, mm.
_INNER_MM = 3.0
#: Shares of a candidate that lies here or there are those of about so many voxels, evenly taken.
_SAMPLE = 5000


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate's size, shape, place and surroundings."""

    side: Side
    volume_mm3: float
    length_mm: float
    """Extent along the patient's long axis."""
    thickness_mm: float
    """Twice the largest depth at the detection threshold."""
    solidity: float
    """Volume over that of the convex hull."""
    round_share: float
    """Share of its slices in which it is one ellipse of about its usual area, as a vessel."""
    max_hu: float
    mean_hu: float
    noise_hu: float
    """Of smoothed muscle; 0 where it is not known."""
    interior_sd_hu: float | None
    """Of the smoothed HU deeper than 3 mm and above the detection threshold; null for what is too thin."""
    blood: float
    """Share of its core that is as dense as vessels filled with contrast medium are in this scan; 0 where none is."""
    head_distance_mm: float
    head_radius_mm: float | None
    """Smallest distance to the head's center, and the head's radius; null where there is no head."""
    gap_mm: float | None
    reach_mm: float | None
    """Smallest and largest distance to the native surfaces; null where no native bone is near."""
    beyond_mm: float | None
    """How far it lies, at its highest place, beyond twice the standard deviation of the native surface there."""
    base_seen: float
    """Share of its base whose native surface is seen, or is where the other side says; 0 for what lies free."""
    on_bone: float | None
    """Share of the surface of the bone that it stands on that lies on bone, of what could be seen; null for none."""
    mirrored: float | None
    """Share of what stands out of bone whose place on the other side is as dense; null where that is not in view."""
    base_mm2: float
    """Area on which it stands on native bone; 0 for what lies free."""
    underlying_hu: float | None
    """Mean of the underlying native bone within 4 mm; null for what lies free."""
    cortex_hu: float | None
    """What the densest native bone within 4 mm reaches under three quarters of its base: the cortex, where one goes on
    there; null for what lies free."""
    joined: bool
    cleft: bool
    """Whether a cleft is seen between it and the native bone beside it."""
    touching: tuple[str, ...]
    at_border: float
    """Share within 4 mm of the edge of the field of view."""
    inner_reach_mm: float | None
    """Largest distance to the native surfaces of what lies 8 mm and more inside of the field of view."""
    muscle: float
    fat: float
    bone: float
    air: float
    """Shares of the surroundings, 1 together; NaN where nothing of them is in view."""
    body: float
    deep: float
    """Shares inside the body, and deep to the subcutaneous fat."""
    near_metal: float
    artefact_hu: float
    """Median of what metal makes of soft tissue there; 0 where there is none."""
    around_hu: float | None
    """By how much the muscle around it is denser than muscle elsewhere, on average; null for none in its shell."""
    spine: float
    shaft: float
    cavity: float
    away: float
    arterial: float
    across: float
    other_bone: float
    organ: float
    """Shares in the zone around metal, in these places (``cavity``: but for the iliopsoas; ``away``: off its wall too),
    across the midline where no hip is in view, in user-supplied masks of sacrum and spine, and in those of vessels,
    bladder and bowel."""
    ischial_spine_mm: float
    """Smallest distance to the tip of the ischial spine."""

    def is_tube(self, settings: JudgeSettings) -> bool:
        """Whether it is long and thin, where the iliac and femoral vessels run, or from there into the pelvis."""
        course = self.arterial > 0.6 or (self.arterial > 0.3 and self.arterial + self.cavity > 0.7)
        long = self.length_mm >= settings.tube_length_mm
        return long and self.volume_mm3 / self.length_mm < settings.tube_area_mm2 and course


def gather(region: Region, outlined: Outlined, anatomy: Anatomy, settings: Settings) -> Evidence:
    """Measure a candidate; it belongs to the nearest of the hips in view."""
    frames, tissue, metal, supplied = anatomy.landmarks, anatomy.tissue, anatomy.metal, anatomy.user_masks
    candidate = outlined.candidate
    points = points_of(region, candidate)
    frame = nearest_frame(frames, points.mean(axis=0))
    sample = points[:: 1 + len(points) // _SAMPLE]
    mask, box = candidate.mask, candidate.box
    spacing = np.array(region.grid.spacing_mm)
    distance = region.distance_mm[box][mask]
    close = distance[distance < FAR_MM]
    deep = deeper(np.pad(mask, 1), _INNER_MM, region.grid.spacing_mm)[1:-1, 1:-1, 1:-1]
    # what was filled between two vessels does not make their blood less uniform
    inner = region.smooth[box][deep & (region.smooth[box] >= region.low_hu)]
    values = region.hu[box][mask]
    shell = surroundings(region, candidate, supplied)
    around_hu = None if np.isnan(shell.muscle_hu) else shell.muscle_hu - region.muscle_hu
    index = region.grid.to_index(points)
    edge = (np.minimum(index, np.array(region.grid.shape) - 1 - index) * spacing).min(axis=1)
    inner_mm = distance[(edge > _INSIDE_MM) & (distance < FAR_MM)]
    in_cavity, to_wall = anatomy.compartments[frame.side].cavity.off_iliopsoas(sample)
    underlying = underlying_hu(region, candidate)
    local = _against_surface(points, distance, region.nearest[box][mask], anatomy)
    return Evidence(
        side=frame.side,
        volume_mm3=float(mask.sum()) * region.grid.voxel_volume_mm3,
        length_mm=float(np.ptp(points[:, 2])) + float(spacing[0]),
        thickness_mm=outlined.thickness_mm,
        solidity=outlined.solidity,
        round_share=round_share(mask, region.grid.spacing_mm),
        max_hu=float(values.max()),
        mean_hu=float(values.mean()),
        noise_hu=float(np.nan_to_num(region.noise_hu)),
        interior_sd_hu=float(inner.std()) if inner.size >= 20 else None,
        blood=blood_share(region.smooth[box], mask, region.grid.spacing_mm, anatomy.filled_vessels.values()),
        head_distance_mm=float(np.linalg.norm(points - frame.center, axis=1).min()),
        head_radius_mm=anatomy.joint(frame.side).head_radius_mm,
        gap_mm=max(float(close.min()), 0.0) if close.size else None,
        reach_mm=float(close.max()) if close.size else None,
        beyond_mm=local[0],
        base_seen=local[1],
        on_bone=local[2],
        mirrored=_mirrored(region, points, distance, region.nearest[box][mask], anatomy),
        base_mm2=float((distance < BASE_MM).sum()) * region.grid.voxel_volume_mm3 / BASE_MM,
        underlying_hu=underlying[0],
        cortex_hu=underlying[1],
        joined=candidate.joined,
        cleft=outlined.cleft,
        touching=candidate.touching,
        at_border=float((edge < _EDGE_MM).mean()),
        inner_reach_mm=float(inner_mm.max()) if inner_mm.size else None,
        muscle=shell.muscle,
        fat=shell.fat,
        bone=shell.bone,
        air=shell.air,
        body=tissue.share(tissue.body, sample),
        deep=tissue.share(tissue.deep, sample),
        near_metal=1.0 - float(clear_of_metal(region, candidate, metal, around_hu).sum()) / len(points),
        artefact_hu=float(np.median(artefact_in(points, metal, around_hu))),
        around_hu=around_hu,
        spine=float(frame.spine_or_sacrum(sample).mean()),
        shaft=float(frame.beyond_model(sample).mean()),
        cavity=float(in_cavity.mean()),
        away=float((in_cavity & (to_wall > settings.judge.wall_mm)).mean()),
        arterial=float(frame.arterial_course(sample).mean()),
        across=float(frame.across_midline(sample).mean()) if len(frames) == 1 else 0.0,
        other_bone=float(supplied.within(OTHER_BONES, sample).mean()),
        organ=float(supplied.within(ORGANS, sample).mean()),
        ischial_spine_mm=float(np.linalg.norm(points - frame.ischial_spine, axis=1).min()),
    )


def _against_surface(
    points: FloatArray, distance_mm: NDArray[np.float32], nearest: NDArray[np.uint8], anatomy: Anatomy
) -> tuple[float | None, float, float | None]:
    """Compare a candidate with what the native surface could be where it stands.

    Return the greatest height beyond two standard deviations, the share of its base whose surface is seen, and how
    well the bone that it stands highest on lies on bone; None where no native bone is near.
    """
    near = np.flatnonzero((distance_mm < FAR_MM) & (nearest > 0))
    if not near.size:
        return None, 0.0, None
    highest = near[np.argsort(-distance_mm[near])[: _SAMPLE // 5]]
    sd_mm, _ = _certainty_at(points[highest], nearest[highest], anatomy)
    on_bone = anatomy.certainty[int(nearest[highest[0]]) - 1].on_bone
    base = near[distance_mm[near] < BASE_MM]
    base = base[:: 1 + base.size // (_SAMPLE // 5)]
    seen = float(_certainty_at(points[base], nearest[base], anatomy)[1].mean()) if base.size else 0.0
    return float((distance_mm[highest] - 2.0 * sd_mm).max()), seen, on_bone


def _mirrored(
    region: Region,
    points: FloatArray,
    distance_mm: NDArray[np.float32],
    nearest: NDArray[np.uint8],
    anatomy: Anatomy,
) -> float | None:
    """Return the share of a candidate, outside of its base, whose place on the other side is dense too.

    Native bone that the model lacks is there on both sides; new bone hardly grows alike.
    """
    out = np.flatnonzero((distance_mm > BASE_MM) & (distance_mm < FAR_MM) & (nearest > 0))
    out = out[:: 1 + out.size // _SAMPLE]
    dense, n_seen = 0, 0
    for number in np.unique(nearest[out]):
        other = anatomy.other_sides[number - 1]
        if other is None:
            continue
        index = region.grid.to_index(other.place(points[out[nearest[out] == number]])).round().astype(int)
        index = index[((index >= 0) & (index < region.grid.shape)).all(axis=1)]
        dense += int((region.hu[tuple(index.T)] >= region.low_hu).sum())
        n_seen += len(index)
    return dense / n_seen if n_seen and n_seen >= 0.5 * out.size else None


def _certainty_at(
    points: FloatArray, nearest: NDArray[np.uint8], anatomy: Anatomy
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the standard deviation of the surface of the bone nearest to each point, and whether it is known there."""
    sd_mm, known = np.empty(len(points)), np.empty(len(points), bool)
    for number in np.unique(nearest):
        here = nearest == number
        sd_mm[here], known[here] = anatomy.certainty[number - 1].about(points[here])
    return sd_mm, known
