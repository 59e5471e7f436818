"""Which lesion of the later study is which of the earlier, by where they lie on the same bone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from ho_detect.detection.measure.lesion import Lesion
from ho_detect.followup.registration import BoneMotion
from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import Bone
from ho_detect.results.result import Result
from ho_detect.settings import FollowUpSettings

#: Overlap is taken at so many voxels of a lesion, evenly taken.
_SAMPLE = 4000

Change = Literal["matched", "new", "gone", "merged", "split", "rearranged"]


@dataclass(frozen=True, eq=False)
class Match:
    """Lesions of both studies that are the same ossification: ids, and how they were told to be.

    Parameters
    ----------
    motion
        By which bone places were compared; None where none was registered.
    overlap
        Largest share of one in or beside one of the other study; None without a partner.
    """

    change: Change
    earlier: tuple[Lesion, ...]
    later: tuple[Lesion, ...]
    motion: BoneMotion | None
    overlap: float | None


def points_of(result: Result, lesion: Lesion) -> FloatArray:
    """Return the (n, 3) LPS mm of a lesion's voxels."""
    return result.volume.grid.to_lps(np.argwhere(result.labels == lesion.id))


def motion_for(lesion: Lesion, motions: tuple[BoneMotion, ...]) -> BoneMotion | None:
    """Return the motion of the bone that a lesion is grown from, or of the nearer one, that is among ``motions``."""
    mine = [m for m in motions if m.side == lesion.side]
    return min(mine, key=lambda m: _gap(lesion, m.bone), default=None)


def _gap(lesion: Lesion, bone: Bone) -> float:
    gap = lesion.gap_femur_mm if bone == "femur" else lesion.gap_pelvis_mm
    return float("inf") if gap is None else gap


def match_lesions(
    earlier: Result, later: Result, motions: tuple[BoneMotion, ...], settings: FollowUpSettings
) -> list[Match]:
    """Match lesions of the same side that lie in or beside each other once moved; the larger first.

    Parameters
    ----------
    motions
        Those that are good enough.
    """
    here = [(x, points_of(earlier, x)) for x in earlier.lesions]
    there = [(x, points_of(later, x)) for x in later.lesions]
    overlap = np.zeros((len(here), len(there)))
    for i, (one, points) in enumerate(here):
        motion = motion_for(one, motions)
        if motion is None:
            continue
        moved = motion.move(points)
        for j, (other, others) in enumerate(there):
            if other.side == one.side:
                overlap[i, j] = _overlap(moved, others, settings.beside_mm)
    return _groups(overlap, earlier.lesions, later.lesions, motions, settings.min_overlap)


def _overlap(one: FloatArray, other: FloatArray, beside_mm: float) -> float:
    """Share of either point cloud that lies within a distance of the other, the larger of the two."""
    low, high = other.min(axis=0) - beside_mm, other.max(axis=0) + beside_mm
    if (one.max(axis=0) < low).any() or (one.min(axis=0) > high).any():
        return 0.0
    return max(_share(one, other, beside_mm), _share(other, one, beside_mm))


def _share(points: FloatArray, others: FloatArray, beside_mm: float) -> float:
    sample = points[:: 1 + len(points) // _SAMPLE]
    distance, _ = KDTree(others).query(sample, distance_upper_bound=beside_mm)
    return float(np.isfinite(distance).mean())


def _groups(
    overlap: NDArray[np.float64],
    earlier: tuple[Lesion, ...],
    later: tuple[Lesion, ...],
    motions: tuple[BoneMotion, ...],
    least: float,
) -> list[Match]:
    n, m = overlap.shape
    one, other = np.nonzero(overlap >= least)
    links = coo_array((np.ones(len(one)), (one, n + other)), shape=(n + m, n + m))
    number, group = connected_components(links, directed=False)
    found = []
    for g in range(number):
        before = tuple(x for x, k in zip(earlier, group[:n], strict=True) if k == g)
        after = tuple(x for x, k in zip(later, group[n:], strict=True) if k == g)
        shares = overlap[np.ix_(group[:n] == g, group[n:] == g)]
        motion = motion_for((before or after)[0], motions)
        change = _change(len(before), len(after))
        found.append(Match(change, before, after, motion, float(shares.max()) if shares.size else None))
    return sorted(found, key=lambda f: -max(x.volume_mm3 for x in (*f.earlier, *f.later)))


def _change(n_earlier: int, n_later: int) -> Change:
    if n_earlier == 0:
        return "new"
    if n_later == 0:
        return "gone"
    if n_earlier == n_later == 1:
        return "matched"
    if n_later == 1:
        return "merged"
    return "split" if n_earlier == 1 else "rearranged"
