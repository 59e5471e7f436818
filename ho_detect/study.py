"""One study from Python, without writing anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ho_detect.errors import SeriesError, UsageError
from ho_detect.findings import Findings
from ho_detect.flags import flag
from ho_detect.settings import Settings

if TYPE_CHECKING:
    from ho_detect.acquisition.series.index import SeriesEntry
    from ho_detect.analyze import Analysis


def detect(
    path: str | Path,
    settings: Settings | None = None,
    series: str | None = None,
    anatomy: str | Path | None = None,
) -> Findings:
    """Find ossification near the hips in one CT study.

    Parameters
    ----------
    path
        A folder, searched through all levels, or one DICOM file.
    settings
        What can change a result; without it the defaults.
    series
        Series Instance UID of the series to analyse. Without it the one that ``ho-detect run`` would analyse; where it
        would analyse several, the first by the rules of :mod:`ho_detect.acquisition.series.preference` that can be
        read and has a hip in view; a flag says so where a better one gave no result.
    anatomy
        Folder of NIfTI masks under TotalSegmentator's names, used in place of what is found: those of this study, or a
        folder for each study (:mod:`ho_detect.anatomy.user_masks.folders`).

    Returns
    -------
    The findings: print them, show them in a notebook, or take ``.hips``, ``.lesions``, ``.to_dict()``.

    Raises
    ------
    UsageError
        The path is not there, or holds no series of that UID; no masks are where they are said to be.
    SeriesError
        Nothing there can be analysed; ``.reason`` is the code of the series that came closest.
    """
    masks = None if anatomy is None else Path(anatomy)
    return Findings.of(analyze_study(Path(path), settings or Settings(), series, masks)[1].result)


def analyze_study(
    path: Path, settings: Settings, series: str | None = None, anatomy: Path | None = None
) -> tuple[SeriesEntry, Analysis]:
    """Do what :func:`detect` does; return the series that was analysed too, and the bones found.

    Raises
    ------
    UsageError, SeriesError
        As :func:`detect`.
    """
    from ho_detect.acquisition.headers.files import is_there
    from ho_detect.acquisition.series.index import index_series
    from ho_detect.acquisition.volume.load import load_volume
    from ho_detect.anatomy.user_masks.folders import assign_masks
    from ho_detect.system.pseudonyms import Pseudonyms

    if not is_there(path):
        raise UsageError("no such file or folder", path)
    if series is not None:
        acquisition = msgspec.structs.replace(settings.acquisition, all_series=True)
        settings = msgspec.structs.replace(settings, acquisition=acquisition)
    entries = by_preference(index_series([path], settings.acquisition), series)
    # long to import, and not needed to say what is wrong with the path
    from ho_detect.analyze import analyze_with_anatomy

    pseudonyms = Pseudonyms.random(keep_identity=settings.output.keep_identity)
    assigned = assign_masks(anatomy, entries, [""] * len(entries))
    errors: list[SeriesError] = []
    for entry, masks in assigned:
        if errors:
            noted = (*entry.notes, flag("instead_of_better", "; ".join(e.reason for e in errors)))
            entry = msgspec.structs.replace(entry, notes=noted)
        try:
            return entry, analyze_with_anatomy(load_volume(entry, settings, pseudonyms), settings, masks)
        except SeriesError as error:
            errors.append(error)
    raise next((error for error in errors if error.is_failure), errors[0])


def by_preference(entries: list[SeriesEntry], series: str | None = None) -> list[SeriesEntry]:
    """Return the series to analyse, the one that suits bone best first.

    Raises
    ------
    UsageError
        No series has that UID.
    SeriesError
        None can be analysed.
    """
    from ho_detect.acquisition.series.preference import in_its_own_right, preference

    if series is not None:
        entries = [e for e in entries if e.series_uid == series]
        if not entries:
            raise UsageError(f"no series with the UID {series!r}")
    usable = [e for e in map(in_its_own_right, entries) if e.analyse]
    if usable:
        return sorted(usable, key=preference)
    if not entries:
        raise SeriesError("not_ct", "no CT series under the path")
    raise _closest_reason(entries)


def _closest_reason(entries: list[SeriesEntry]) -> SeriesError:
    """Why nothing is analysed: the reason of what came closest, a failed CT before what is rightly left out."""
    errors = [(SeriesError(e.reason or "internal_error", e.detail), e.n_slices) for e in entries]
    return max(errors, key=lambda pair: (pair[0].is_failure, pair[0].reason != "not_ct", pair[1]))[0]
