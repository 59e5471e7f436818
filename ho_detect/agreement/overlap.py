"""Two label maps of one series to what they share: found, missed and false lesions, Dice, volumes.

Definitions are those of this project's own evaluation: a reference lesion is found where labels cover at least 30 % of
it; a label is false where less than 10 % of it lies within 3 mm of any reference lesion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from ho_detect.detection.measure.shape import bounding_box, outermost
from ho_detect.image.grid import Grid

#: Share of a reference lesion that has to be covered. Convention.
FOUND_SHARE: Final = 0.3
#: A label is false where a smaller share of it lies so near to a reference lesion, mm. Convention.
FALSE_SHARE, NEAR_MM = 0.1, 3.0
#: What lies exactly so near counts as near, whatever the rounding, mm.
_ROUNDING_MM = 1e-6
#: A label of which so large a share lies where the reference says that it counts neither way is not false. Convention.
IGNORED_SHARE: Final = 0.5

Labels = NDArray[np.uint16]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class ReferenceLesion:
    """A lesion of the reference.

    Parameters
    ----------
    label
        Its value.
    cover
        Share of its voxels that are labelled, whatever the label.
    partner
        Label that covers most of it; None where none does.
    partner_dice
        Dice with that label alone.
    """

    label: int
    volume_mm3: float
    cover: float
    partner: int | None
    partner_dice: float | None

    @property
    def found(self) -> bool:
        """Whether it counts as found."""
        return self.cover >= FOUND_SHARE


@dataclass(frozen=True)
class FalseLesion:
    """A label that is no lesion of the reference."""

    label: int
    volume_mm3: float


@dataclass(frozen=True)
class Overlap:
    """What two label maps share.

    Parameters
    ----------
    dice
        Of all lesions together; None where the reference has none.
    """

    reference: tuple[ReferenceLesion, ...]
    false: tuple[FalseLesion, ...]
    dice: float | None
    reference_mm3: float
    result_mm3: float


def overlap(reference: Labels, result: Labels, grid: Grid, ignored: BoolArray | None = None) -> Overlap:
    """Compare two label maps.

    Parameters
    ----------
    reference, result
        (slice, row, column) on the grid; 0 background.
    ignored
        What counts neither way: left out of Dice and volumes, and a label that lies there is not false.
    """
    voxel_mm3 = grid.voxel_volume_mm3
    a, b = reference > 0, result > 0
    if ignored is not None:
        a, b = a & ~ignored, b & ~ignored
    n_a, n_b = int(a.sum()), int(b.sum())
    both = int((a & b).sum())
    return Overlap(
        reference=tuple(_reference(reference, result, n, voxel_mm3) for n in _numbers(reference)),
        false=tuple(_false(reference, result, grid, ignored)),
        dice=2 * both / (n_a + n_b) if n_a else None,
        reference_mm3=n_a * voxel_mm3,
        result_mm3=n_b * voxel_mm3,
    )


def _numbers(labels: Labels) -> list[int]:
    return [int(n) for n in np.flatnonzero(np.bincount(labels.ravel())) if n > 0]


def _reference(reference: Labels, result: Labels, number: int, voxel_mm3: float) -> ReferenceLesion:
    mask = reference == number
    inside = result[mask]
    counts = np.bincount(inside)
    counts[0] = 0
    partner = int(counts.argmax()) if counts.any() else None
    dice = None
    if partner is not None:
        dice = 2 * int(counts[partner]) / (int(mask.sum()) + int((result == partner).sum()))
    return ReferenceLesion(number, int(mask.sum()) * voxel_mm3, float((inside > 0).mean()), partner, dice)


def _false(reference: Labels, result: Labels, grid: Grid, ignored: BoolArray | None) -> list[FalseLesion]:
    spacing = np.array(grid.spacing_mm)
    tree = None
    if reference.any():
        box = bounding_box(reference > 0, 1)
        low = np.array([s.start for s in box])
        tree = KDTree((np.argwhere(outermost(reference[box] > 0)) + low) * spacing)
    found = []
    for number in _numbers(result):
        mask = result == number
        points = np.argwhere(mask)
        near = reference[mask] > 0
        if tree is not None:
            near |= tree.query(points * spacing, distance_upper_bound=2 * NEAR_MM)[0] <= NEAR_MM + _ROUNDING_MM
        if near.mean() >= FALSE_SHARE or (ignored is not None and ignored[mask].mean() >= IGNORED_SHARE):
            continue
        found.append(FalseLesion(number, len(points) * grid.voxel_volume_mm3))
    return found
