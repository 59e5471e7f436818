"""One series, or one volume of a series, as the index found it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from ho_detect.acquisition.headers.slices import SliceEntry
from ho_detect.flags import LEFT_OUT, Flag


class SeriesEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One series as found. True identities: for use inside, and for output only where they were asked for."""

    identity: str
    """Tells this series from every other, also where UIDs are missing or shared by two patients."""
    study_uid: str
    series_uid: str
    """As stated; made up from the content where a CT series states none, so that each has its own."""
    patient_id: str
    n_files: int
    folder: Path
    """Where the first of its files lies."""
    study_date: str = ""
    acquisition_date: str = ""
    is_derived: bool = False
    """Whether the image type says that it was made of other images."""
    is_monoenergetic: bool = False
    """Whether its HU are of one photon energy."""
    modality: str = ""
    study_description: str = ""
    description: str = ""
    body_part: str = ""
    kernel: str = ""
    manufacturer: str = ""
    patient_position: str = ""
    contrast_stated: bool | None = None
    contrast_text: str = ""
    """As stated: free text, for use inside."""
    kvp: float | None = None
    ctdivol_mgy: float | None = None
    dlp_mgy_cm: float | None = None
    orientation: Literal["axial", "coronal", "sagittal"] | None = None
    """The nearest of them, for a usable volume."""
    n_slices: int = 0
    rows: int = 0
    columns: int = 0
    spacing_mm: tuple[float, float, float] | None = None
    """(slice, row, column) mm; None where it is not established."""
    thickness_mm: float | None = None
    slices: tuple[SliceEntry, ...] = ()
    """In stack order where the series is usable."""
    part: str = ""
    """Which of several volumes of its series; empty where it is the only one."""
    frame_of_reference: str = ""
    box_lps_mm: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    """Lowest and highest corner of the field of view, for a usable volume."""
    largest_step_mm: float = 0.0
    """Largest distance between two neighbouring images of the volume."""
    is_lossy: bool = False
    repairs: tuple[Flag, ...] = ()
    """What it takes to make a true grid of the images."""
    notes: tuple[Flag, ...] = ()
    """What else is to be said beside its result."""
    n_joined: int = 0
    """Images left out where stretches of one scan overlap."""
    n_stretches: int = 1
    """Stretches of a scan that make the volume."""
    rank: int | None = None
    """Among the usable volumes of its study: 1 suits bone best."""
    better: str = ""
    """Identity of the better series that is analysed in its place, where there is one."""
    suits: str = ""
    """What the rank rests on, in words."""
    n_duplicates: int = 0
    n_left_out: int = 0
    """Images or objects of the series that are no slices of its volume."""
    reason: str | None = None
    """Why it is not analysed: a code of :data:`ho_detect.flags.REASONS`."""
    detail: str = ""

    @property
    def analyse(self) -> bool:
        """Whether the series is to be analysed."""
        return self.reason is None

    @property
    def is_failure(self) -> bool:
        """Whether it should have been analysed and cannot be."""
        return self.reason is not None and self.reason not in LEFT_OUT
