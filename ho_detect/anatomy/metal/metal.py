"""Metal at the hips, and the zone around it that its artefact hides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ho_detect.acquisition.volume.hu_volume import HuVolume
from ho_detect.anatomy.fit.hips import HipAnatomy
from ho_detect.anatomy.fit.working_grid import resample_to_patient_axes
from ho_detect.anatomy.metal.artefact import ARTEFACT_STEP_MM, artefact_hu
from ho_detect.anatomy.metal.brightened import brightened_hu
from ho_detect.anatomy.metal.parts import FoundPart, find_parts
from ho_detect.anatomy.metal.record import MetalRecord
from ho_detect.anatomy.metal.voxels import MetalVoxels
from ho_detect.anatomy.regions.cavity import Cavity
from ho_detect.anatomy.regions.tissue import Tissue
from ho_detect.image.components import joined_with
from ho_detect.image.grid import FloatArray, Grid
from ho_detect.image.morphology import distance_anywhere
from ho_detect.settings import AnatomySettings

Value = TypeVar("Value", bound=np.generic)
#: Fewer cubic millimetres are a clip or dense cortex, not an implant.
_LEAST_MM3 = 150.0
#: Metal in bone or on it lies nearer to it than what fills bowel, mm.
_WALL_MM = 8.0


@dataclass(frozen=True, eq=False)
class Zone:
    """How far metal reaches, (z, y, x) on a grid of 1.5 mm along the patient's axes.

    Parameters
    ----------
    distance_mm
        float32, to the nearest metal; 0 in it.
    artefact_hu
        float32, by which metal changes soft tissue on average.
    hidden
        bool: metal, and where its artefact is stronger than the settings say.
    brightened_hu
        float32, by which soft tissue about each place is brighter than elsewhere; 0 throughout unless given.
    """

    grid: Grid
    distance_mm: NDArray[np.float32]
    artefact_hu: NDArray[np.float32]
    hidden: NDArray[np.bool_]
    brightened_hu: NDArray[np.float32] = field(default_factory=lambda: np.zeros((1, 1, 1), np.float32))

    def at(self, values: NDArray[Value], points: FloatArray) -> NDArray[Value]:
        """Return one of its values at (n, 3) LPS points; beyond the grid that of its edge."""
        index = np.rint(self.grid.to_index(points)).astype(int)
        return np.asarray(values[tuple(np.clip(index, 0, np.array(values.shape) - 1).T)])


@dataclass(frozen=True, eq=False)
class Metal:
    """Metal inside the body, and what it hides.

    Parameters
    ----------
    volume_mm3
        Of all pieces that are large enough to spoil their neighbourhood; 0 where there is none.
    index
        (n, 3) its voxels in the volume.
    parts
        What implants it is made of.
    zone
        None where there is none.
    """

    volume_mm3: float = 0.0
    index: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 3), np.int64))
    parts: tuple[FoundPart, ...] = ()
    zone: Zone | None = None

    def record(self) -> MetalRecord | None:
        """Return what the record says of it; None where there is none."""
        if self.zone is None:
            return None
        return MetalRecord(
            volume_mm3=round(self.volume_mm3, 1),
            hidden_volume_mm3=round(self.zone_mm3, 1),
            parts=tuple(found.part for found in self.parts),
        )

    @property
    def zone_mm3(self) -> float:
        """Volume that is hidden, metal itself among it."""
        return 0.0 if self.zone is None else float(self.zone.hidden.sum()) * self.zone.grid.voxel_volume_mm3

    def distance_to(self, points: FloatArray) -> FloatArray:
        """Return (n,) distances in mm of (n, 3) LPS points to metal; infinite where there is none."""
        if self.zone is None:
            return np.full(len(points), np.inf)
        return np.asarray(self.zone.at(self.zone.distance_mm, points), dtype=np.float64)

    def artefact_at(self, points: FloatArray) -> FloatArray:
        """Return (n,) mean HU of artefact at (n, 3) LPS points; 0 where there is no metal."""
        if self.zone is None:
            return np.zeros(len(points))
        return np.asarray(self.zone.at(self.zone.artefact_hu, points), dtype=np.float64)

    def brightened_at(self, points: FloatArray) -> FloatArray:
        """Return (n,) HU by which soft tissue about (n, 3) LPS points is brighter than elsewhere; 0 without metal."""
        if self.zone is None:
            return np.zeros(len(points))
        return np.asarray(self.zone.at(self.zone.brightened_hu, points), dtype=np.float64)

    def hides(self, points: FloatArray) -> NDArray[np.bool_]:
        """Return (n,) whether (n, 3) LPS points lie in metal or in its zone."""
        return np.zeros(len(points), bool) if self.zone is None else self.zone.at(self.zone.hidden, points)


def find_metal(
    volume: HuVolume,
    voxels: MetalVoxels,
    hips: tuple[HipAnatomy, ...],
    tissue: Tissue,
    cavities: list[Cavity],
    settings: AnatomySettings,
) -> Metal:
    """Tell metal from what is only as dense, tell its parts apart, and measure how far its artefact reaches.

    Metal are the pieces of at least 150 mm³ inside the body that do not lie in the abdominal or pelvic cavity away from
    bone: barium is as dense.

    Parameters
    ----------
    volume
        Any orientation.
    voxels
        What is as dense as metal in it.
    hips
        In view, at least one.
    cavities
        Of the hips in view.
    """
    pieces = voxels.pieces
    size_mm3 = pieces.count * volume.grid.voxel_volume_mm3
    is_metal = size_mm3 >= _LEAST_MM3
    for number in np.flatnonzero(is_metal):
        index = voxels.index_of(np.arange(len(pieces)) == number)
        points = volume.grid.to_lps(index[:: 1 + len(index) // 500])
        if tissue.share(tissue.body, points) < 0.5 or _in_cavity(points, cavities):
            is_metal[number] = False
    if not is_metal.any():
        return Metal()
    fine = resample_to_patient_axes(volume, ARTEFACT_STEP_MM)
    metal = voxels.on(fine.grid, is_metal)
    distance_mm = distance_anywhere(metal, fine.grid.spacing_mm)
    body = on_grid(tissue.body, tissue.grid, fine.grid)
    strength = artefact_hu(fine, distance_mm, body)
    # streaks begin at metal; what is as rough elsewhere is gas, or skin
    hidden = joined_with(metal, (strength >= settings.artefact_hu) | metal)
    # what is only brighter is no less sharp: it hides nothing
    zone = Zone(fine.grid, distance_mm, strength, hidden, brightened_hu(fine, metal, body, strength))
    parts = find_parts(volume, voxels, is_metal, hips)
    return Metal(float(size_mm3[is_metal].sum()), voxels.index_of(is_metal), parts, zone)


def _in_cavity(points: FloatArray, cavities: list[Cavity]) -> bool:
    """Whether most of (n, 3) points lie in the cavity as seen from the nearer hip, off its wall."""
    center = points.mean(axis=0)
    cavity = min(cavities, key=lambda c: float(np.linalg.norm(c.offset - center)))
    return bool(cavity.away_from_wall(points, _WALL_MM).mean() > 0.5)


def on_grid(mask: NDArray[np.bool_], grid: Grid, other: Grid) -> NDArray[np.bool_]:
    """Return a mask on another grid along the same axes, of the nearest voxel; outside False."""
    scale, offset = other.onto(grid)
    index = [np.rint(scale[a, a] * np.arange(other.shape[a]) + offset[a]).astype(int) for a in range(3)]
    inside = [(i >= 0) & (i < n) for i, n in zip(index, grid.shape, strict=True)]
    clipped = [np.clip(i, 0, n - 1) for i, n in zip(index, grid.shape, strict=True)]
    return np.asarray(mask[np.ix_(*clipped)] & inside[0][:, None, None] & inside[1][:, None] & inside[2])
