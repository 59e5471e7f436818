"""Masks of muscles in place of what density and position say of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage as ndi
from scipy.spatial import KDTree

from ho_detect.anatomy.regions.compartments import Compartments
from ho_detect.anatomy.regions.muscle_groups import GROUPS, MuscleRegions
from ho_detect.anatomy.regions.muscle_names import MuscleGroup, MuscleSource, MuscleVolume
from ho_detect.anatomy.regions.tissue import Tissue
from ho_detect.anatomy.user_masks.masks import UserMasks, wanted
from ho_detect.anatomy.user_masks.names import MUSCLES, NAMES
from ho_detect.image.grid import FloatArray
from ho_detect.image.sides import Side

#: A place no farther from a mask belongs to that muscle: segmenters leave ossification out of it, mm. Convention.
_NEAR_MM = 5.0

_IN_A_GROUP = [name for name, group in MUSCLES.items() if group is not None]


@dataclass(frozen=True, eq=False)
class UserMuscles:
    """Muscle groups by masks; where they do not reach, by what else says where groups are."""

    supplied: UserMasks
    otherwise: MuscleRegions

    def region_of(self, points: FloatArray) -> tuple[MuscleGroup | None, MuscleSource]:
        """Return the group whose masks most of (n, 3) LPS points lie in or near; by position where most lie in none."""
        grid, center = self.supplied.grid, points.mean(axis=0)
        box = grid.box_around(center, float(np.linalg.norm(points - center, axis=1).max()) + _NEAR_MM)
        labels = self.supplied.labels[box]
        index = np.argwhere(wanted(_IN_A_GROUP)[labels])
        if not len(index):
            return self.otherwise.region_of(points)
        away, nearest = (np.asarray(a) for a in KDTree(grid.crop(box).to_lps(index)).query(points))
        near = away <= _NEAR_MM
        if near.mean() <= 0.5:
            return self.otherwise.region_of(points)
        names = [NAMES[label - 1] for label in labels[tuple(index[nearest[near]].T)]]
        groups = [group for name in names if (group := MUSCLES[name]) is not None]
        return max(GROUPS, key=groups.count), "given_masks"


def has_muscles(supplied: UserMasks) -> bool:
    """Whether a mask of any muscle was supplied."""
    return bool(set(supplied.names) & set(MUSCLES))


def volumes_by_muscle(supplied: UserMasks, points: FloatArray, voxel_mm3: float) -> tuple[MuscleVolume, ...] | None:
    """Return how much of a thing lies in or within 5 mm of each muscle mask, the nearest; the largest first.

    Parameters
    ----------
    points
        (n, 3) LPS mm of its voxels, each counted once: the volumes, with that in none, are its volume together.
    voxel_mm3
        Of each voxel.

    Returns
    -------
    None where no muscle mask was supplied.
    """
    if not has_muscles(supplied):
        return None
    low, high = points.min(axis=0), points.max(axis=0)
    box = supplied.grid.box_around((low + high) / 2, float(np.linalg.norm(high - low)) / 2 + _NEAR_MM)
    labels = supplied.labels[box]
    index = np.argwhere(wanted(MUSCLES)[labels])
    counted = Counter({"none": len(points)})
    if len(index):
        grid = supplied.grid.crop(box)
        away, nearest = (np.asarray(a) for a in KDTree(grid.to_lps(index)).query(points, distance_upper_bound=_NEAR_MM))
        numbers = labels[tuple(index[nearest[np.isfinite(away)]].T)]
        counted = Counter(NAMES[number - 1] for number in numbers.tolist())
        counted["none"] = len(points) - len(numbers)
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return tuple(MuscleVolume(name, round(n * voxel_mm3, 1)) for name, n in ordered if n)


def added_up(volumes: Iterable[tuple[MuscleVolume, ...]]) -> tuple[MuscleVolume, ...]:
    """Return the volumes of several things by muscle, the largest first."""
    total: defaultdict[str, float] = defaultdict(float)
    for one in volumes:
        for part in one:
            total[part.muscle] += part.volume_mm3
    ordered = sorted(total.items(), key=lambda item: (-item[1], item[0]))
    return tuple(MuscleVolume(name, round(volume, 1)) for name, volume in ordered)


def with_user_muscles(compartments: dict[Side, Compartments], supplied: UserMasks) -> dict[Side, Compartments]:
    """Return the compartments of each hip, muscle groups by user-supplied masks where there are any."""
    if not set(supplied.names) & set(_IN_A_GROUP):
        return compartments
    return {side: replace(place, muscles=UserMuscles(supplied, place.muscles)) for side, place in compartments.items()}


def deep_to_skin(tissue: Tissue, supplied: UserMasks) -> Tissue:
    """Return the tissue masks; what lies in a user-supplied muscle is deep to subcutaneous fat, whatever its density.

    ``muscle``, from which noise and detection threshold are taken, stays what is as dense as muscle: a mask holds
    the fat of a wasted muscle too.
    """
    if not has_muscles(supplied):
        return tissue
    matrix, offset = tissue.grid.onto(supplied.grid)
    labels = ndi.affine_transform(
        supplied.labels, matrix, offset, output_shape=tissue.grid.shape, order=0, mode="grid-constant"
    )
    return replace(tissue, deep=tissue.deep | (wanted(MUSCLES)[labels] & tissue.body))
