"""Which folder of anatomy masks belongs to which series.

DIR holds the masks of one study itself; or it has a folder for each series or study, named as the series' result
folder, its SeriesInstanceUID, its StudyInstanceUID, or a folder (or zip archive) that its images lie in, the nearest
first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ho_detect.errors import UsageError
from ho_detect.flags import flag

if TYPE_CHECKING:
    from ho_detect.acquisition.series.index import SeriesEntry

Assigned = tuple["SeriesEntry", Path | None]


def assign_masks(anatomy: Path | None, entries: Sequence[SeriesEntry], names: Sequence[str]) -> list[Assigned]:
    """Return each series with the folder of its masks.

    Parameters
    ----------
    anatomy
        DIR; None: there are no masks.
    names
        Of the result folder of each series; empty where there is none.

    Returns
    -------
    The series, in order: flagged where no folder fits, failed where its folder fits another study as well.

    Raises
    ------
    UsageError
        DIR is no folder, or fits no series that is to be analysed.
    """
    if anatomy is None:
        return [(entry, None) for entry in entries]
    try:
        inside = sorted(anatomy.iterdir())
    except OSError as error:
        raise UsageError(f"the folder of anatomy masks cannot be read: {error.strerror}", anatomy) from error
    one_study = any(path.name.endswith((".nii", ".nii.gz")) for path in inside)
    folders = {path.name: path for path in inside if path.is_dir()}
    found: list[Path | None] = []
    for entry, name in zip(entries, names, strict=True):
        fitting = (folders[n] for n in _names(entry, name) if n in folders)
        found.append((anatomy if one_study else next(fitting, None)) if entry.analyse else None)
    if any(entry.analyse for entry in entries) and not any(found):
        raise UsageError("the folder of anatomy masks holds none, and no folder that is named as a study or series")
    studies: dict[Path, set[str]] = {}
    for entry, folder in zip(entries, found, strict=True):
        if folder is not None:
            studies.setdefault(folder, set()).add(entry.study_uid)
    return [
        _told(entry, folder, 0 if folder is None else len(studies[folder]))
        for entry, folder in zip(entries, found, strict=True)
    ]


def _told(entry: SeriesEntry, folder: Path | None, n_studies: int) -> Assigned:
    if folder is None:
        missing = flag("anatomy_missing")
        return (msgspec.structs.replace(entry, notes=(*entry.notes, missing)) if entry.analyse else entry), None
    if n_studies > 1:
        return msgspec.structs.replace(
            entry, reason="bad_anatomy", detail=f"one folder of masks fits {n_studies} studies"
        ), None
    return entry, folder


def _names(entry: SeriesEntry, result_folder: str) -> Iterator[str]:
    yield from (result_folder, entry.series_uid, entry.study_uid)
    for folder in (entry.folder, *entry.folder.parents):
        yield folder.name
        if folder.suffix.lower() == ".zip":
            yield folder.stem
