"""How a series was acquired, as far as its header states it: the values of the record, and of the table of series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from ho_detect.acquisition.headers.contrast import ContrastAgent, ContrastPhase, contrast_agent, contrast_phase
from ho_detect.acquisition.headers.header import FileHeader
from ho_detect.acquisition.series.entry import SeriesEntry
from ho_detect.system.text import printable


class Stated(TypedDict):
    """What a header can state of an acquisition; None: it does not."""

    kvp: float | None
    kernel: str | None
    slice_thickness_mm: float | None
    contrast_stated: bool | None
    contrast_agent: ContrastAgent | None
    contrast_phase: ContrastPhase | None
    ctdivol_mgy: float | None
    dlp_mgy_cm: float | None


def stated_acquisition(entry: SeriesEntry) -> Stated:
    """Return what is stated of a series; of the agent and phase no text of the header, but known words alone."""
    return Stated(
        kvp=entry.kvp,
        kernel=printable(entry.kernel) or None,
        slice_thickness_mm=entry.thickness_mm,
        contrast_stated=entry.contrast_stated,
        contrast_agent=contrast_agent(entry.contrast_text),
        contrast_phase=contrast_phase(entry.description),
        ctdivol_mgy=entry.ctdivol_mgy,
        dlp_mgy_cm=entry.dlp_mgy_cm,
    )


def dose_of(headers: Sequence[FileHeader]) -> tuple[float | None, float | None]:
    """Return CTDIvol (mean over the files that state it, mGy) and DLP (mGy cm; None where they state several)."""
    ctdivol = [h.ctdivol_mgy for h in headers if h.ctdivol_mgy is not None]
    dlp = {h.dlp_mgy_cm for h in headers if h.dlp_mgy_cm is not None}
    return sum(ctdivol) / len(ctdivol) if ctdivol else None, dlp.pop() if len(dlp) == 1 else None
