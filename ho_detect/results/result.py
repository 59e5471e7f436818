"""The result of one series, as data: what every writer takes. It writes nothing itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.native.masks import NativeBone
from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.judge.excluded import Excluded
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.detection.measure.shape import bounding_box
from ho_detect.flags import Flag
from ho_detect.image.grid import Grid
from ho_detect.results.detected import NoThings
from ho_detect.results.hidden import HiddenZone, NoMetal
from ho_detect.results.record import FindingsRecord
from ho_detect.results.saved_scan import SavedScan
from ho_detect.settings import OutputSettings

#: A box of the canonical volume, whose axes run closest to (superior, posterior, left).
Box = tuple[slice, slice, slice]


class BoneLabels(Protocol):
    """What gives the label map of native bone when it is asked for."""

    def labels(self, grid: Grid) -> NDArray[np.uint8]:
        """Return (slice, row, column): 0, or a value of :data:`ho_detect.anatomy.native.masks.LABELS`.

        The grid is that of the series, or a part of it in canonical order.
        """


class HiddenLabels(Protocol):
    """What says where metal is and what it hides when it is asked for."""

    @property
    def zone(self) -> HiddenZone | None:
        """Metal and the zone around it; None where there is no metal."""


class ThingLabels(Protocol):
    """What gives the label map of what was detected and not counted when it is asked for."""

    def labels(self, grid: Grid) -> NDArray[np.uint16] | None:
        """Return (slice, row, column): 0, or a ``number`` of ``excluded``; None where it is not known.

        The grid is that of the series, or a part of it, in its own order or the canonical one.
        """


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """Result of one series.

    Parameters
    ----------
    record
        All that ``findings.json`` holds.
    labels
        (slice, row, column) uint16 on the volume's own grid: 0 background, else the lesion's ``id``.
    scan
        The CT, or where it can be read again when it is needed.
    masks
        The files of the anatomy masks that were used, by name.
    bones
        What :meth:`native_bone` is made from.
    output
        What is written when it is saved, besides what always is.
    detected
        What :meth:`detected_things` is made from.
    metal
        What :meth:`hidden_in` is made from.

    Raises
    ------
    ValueError
        If labels and volume differ in shape.
    """

    record: FindingsRecord
    labels: NDArray[np.uint16]
    scan: HuVolume | SavedScan
    masks: dict[str, Path] = field(default_factory=dict)
    bones: BoneLabels = field(default_factory=NativeBone)
    output: OutputSettings = field(default_factory=OutputSettings)
    detected: ThingLabels = field(default_factory=NoThings)
    metal: HiddenLabels = field(default_factory=NoMetal)

    def __post_init__(self) -> None:
        if self.labels.shape != self.grid.shape:
            raise ValueError(f"labels of shape {self.labels.shape} on a volume of shape {self.grid.shape}")

    @property
    def volume(self) -> HuVolume:
        """The CT.

        Raises
        ------
        UsageError
            The result was read from a folder, and its CT is not where it was or not the one that it was made from.
        SeriesError
            The CT cannot be read.
        """
        return self.scan if isinstance(self.scan, HuVolume) else self.scan.volume

    @property
    def grid(self) -> Grid:
        """Where the voxels of CT and labels are."""
        return self.scan.grid

    @property
    def hips(self) -> tuple[Hip, ...]:
        """What is said of each hip, left first."""
        return self.record.hips

    @property
    def lesions(self) -> tuple[Lesion, ...]:
        """The ossifications found, by id."""
        return self.record.lesions

    @property
    def excluded(self) -> tuple[Excluded, ...]:
        """Dense things that were detected and not counted, with why."""
        return self.record.excluded

    @property
    def flags(self) -> tuple[Flag, ...]:
        """What qualifies the result as a whole."""
        return self.record.flags

    def lesion_mask(self, lesion: Lesion) -> tuple[Box, NDArray[np.bool_]]:
        """Return the box of the canonical volume that just holds a lesion's voxels, and (Z, Y, X) which those are."""
        # no point of a lesion is farther from its centroid than its longest diameter
        near = self.grid.to_canonical()[0].box_around(lesion.centroid_lps_mm, lesion.max_diameter_mm)
        mask = self.grid.turned(self.labels)[near] == lesion.id
        if not mask.any():
            return (slice(0, 0),) * 3, np.zeros((0, 0, 0), bool)
        tight = bounding_box(mask)
        z, y, x = (slice(n.start + t.start, n.start + t.stop) for n, t in zip(near, tight, strict=True))
        return (z, y, x), mask[tight]

    def detected_things(self) -> NDArray[np.uint16] | None:
        """Return what was detected and not counted: (slice, row, column) uint16 on the volume's own grid.

        0 background, else the ``number`` of ``excluded``; where two overlap, that of the smaller. No voxel of a lesion
        is in it. None for a result of an earlier version, which was saved without.
        """
        return self.detected_in(slice(None))

    def detected_in(self, slices: slice) -> NDArray[np.uint16] | None:
        """Return some slices of :meth:`detected_things`; less memory than the whole."""
        labels = self.detected.labels(self.grid.crop((slices, slice(None), slice(None))))
        if labels is not None:
            labels[self.labels[slices] > 0] = 0
        return labels

    def native_bone(self) -> NDArray[np.uint8]:
        """Return native femur and hip bone: (slice, row, column) uint8 on the volume's own grid, as ``labels``.

        0 background, 1 left femur, 2 right femur, 3 left hip bone, 4 right hip bone
        (:data:`ho_detect.anatomy.native.masks.LABELS`). No voxel of a lesion, and nothing of the joint space, is in it;
        a hip hidden by metal has none.
        """
        labels = self.bones.labels(self.grid)
        labels[self.labels > 0] = 0
        return labels

    def native_bone_in(self, box: Box) -> NDArray[np.uint8]:
        """Return native bone in a box of the canonical volume; lesions are not cut out of it.

        Raises
        ------
        UsageError
            The result was read from a folder, and neither native bone nor the CT is known.
        """
        return self.bones.labels(self.grid.to_canonical()[0].crop(box))

    def hidden_in(self, box: Box) -> NDArray[np.uint8]:
        """Return what metal hides in a box of the canonical volume: 0, 1 hidden by its artefact, 2 metal itself."""
        part = self.grid.to_canonical()[0].crop(box)
        zone = self.metal.zone
        return np.zeros(part.shape, np.uint8) if zone is None else zone.labels(part)
