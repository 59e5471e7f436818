"""A series as Hounsfield units in patient coordinates, and what is known of it: two records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from ho_detect.acquisition.headers.contrast import ContrastAgent, ContrastPhase
from ho_detect.acquisition.volume.source import SourceSeries
from ho_detect.flags import Flag, Null
from ho_detect.image.grid import Grid


class SeriesRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the series; identities only where they were asked for."""

    study_uid: Annotated[str, Meta(description="Study UID: pseudonym, unless identities were asked for")]
    series_uid: Annotated[str, Meta(description="Series UID: pseudonym, unless identities were asked for")]
    n_slices: int
    rows: int
    columns: int
    spacing_mm: Annotated[tuple[float, float, float], Meta(description="(slice, row, column) mm")]
    resampled: Annotated[
        bool,
        Meta(description="Size and spacing, and the label map, are of a true grid made of the images; a flag says why"),
    ] = False
    n_images: Annotated[
        int | None, Meta(description="Images that the volume was made of; other than n_slices where resampled")
    ] = None
    kvp: float | None = None
    kernel: str | None = None
    slice_thickness_mm: float | None = None
    contrast_stated: bool | None = None
    contrast_agent: ContrastAgent | None = None
    contrast_phase: ContrastPhase | None = None
    ctdivol_mgy: float | None = None
    dlp_mgy_cm: float | None = None
    noise_hu: float | None = None
    not_said: tuple[Null, ...] = ()
    patient_position: str | None = None
    manufacturer: str | None = None
    patient_id: Annotated[str | None, Meta(description="Only where identities were asked for")] = None
    study_date: Annotated[str | None, Meta(description="Only where identities were asked for")] = None
    source: Annotated[str | None, Meta(description="Folder; only where identities were asked for")] = None


@dataclass(frozen=True, eq=False)
class HuVolume:
    """Hounsfield units on a grid.

    Parameters
    ----------
    hu
        (slice, row, column) int16 HU; padding is :data:`~ho_detect.acquisition.volume.hounsfield.AIR_HU`.
    grid
        Where the voxels are.
    series
        What the header says.
    flags
        What loading found worth saying.
    source
        The files it was loaded from; None for a volume made otherwise.
    """

    hu: NDArray[np.int16]
    grid: Grid
    series: SeriesRecord
    flags: tuple[Flag, ...] = ()
    source: SourceSeries | None = None

    def __post_init__(self) -> None:
        if self.hu.shape != self.grid.shape or self.hu.dtype != np.int16:
            raise ValueError(f"{self.hu.dtype} array of shape {self.hu.shape} on a grid of shape {self.grid.shape}")

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel distances along (slice, row, column), mm."""
        return self.grid.spacing_mm

    def canonical(self) -> HuVolume:
        """Return a view whose axes run closest to (superior, posterior, left); no voxel is resampled."""
        return replace(self, hu=self.grid.turned(self.hu), grid=self.grid.to_canonical()[0])
