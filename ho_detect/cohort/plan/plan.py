"""What a run will do: every series of the inputs, those to analyse with a result folder, a key and a cost."""

from __future__ import annotations

import contextlib
import hashlib
import heapq
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ho_detect._version import __version__
from ho_detect.cohort.plan.series_rows import study_row
from ho_detect.results.rows import StudyRow
from ho_detect.settings import Settings

if TYPE_CHECKING:
    from ho_detect.acquisition.series.index import SeriesEntry, SeriesIndex
    from ho_detect.system.pseudonyms import Pseudonyms


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One series of a plan."""

    row: StudyRow
    """As the index knows it."""
    entry: bytes | None = None
    """The series with its files, packed; None where there is nothing to analyse."""
    folder: str = ""
    """Name of its result folder."""
    masks: bytes | None = None
    """Folder of its anatomy masks; None where there are none."""
    key: str = ""
    """Of its result: with the same key there is nothing to find again."""
    identity: str = ""
    """What of the true identity is written into its result, by keyed hash; empty where none is kept."""
    cost: float = 0.0
    """Voxels: about proportional to what its analysis takes."""
    reserve_of: int | None = None
    """Number of the better series of its study that is analysed in its place, unless that gives no result."""
    shard: int = 1
    """Which of the parts of the plan does it, counted from 1."""

    @property
    def analyse(self) -> bool:
        """Whether there is something to analyse; of a reserve only where the better series gives no result."""
        return self.entry is not None and self.reserve_of is None


@dataclass(frozen=True)
class Plan:
    """A number of series, in the order of the index.

    Parameters
    ----------
    series
        All of them, or those of a shard.
    settings
        What can change a result.
    pseudonyms
        What replaces identities.
    """

    series: tuple[Planned, ...]
    settings: Settings
    pseudonyms: Pseudonyms

    @property
    def to_analyse(self) -> list[int]:
        """Places of the series to analyse, the largest first: the last to be started are then soon done."""
        places = [place for place, planned in enumerate(self.series) if planned.analyse]
        return sorted(places, key=lambda place: -self.series[place].cost)


def make_plan(
    inputs: Sequence[Path],
    settings: Settings,
    pseudonyms: Pseudonyms,
    n_shards: int = 1,
    anatomy: Path | None = None,
) -> tuple[Plan, SeriesIndex]:
    """Index the inputs and say what is to be done with each series.

    Parameters
    ----------
    inputs
        Files and folders, searched through all levels.
    settings, pseudonyms
        Go into the plan.
    n_shards
        Parts of about the same cost.
    anatomy
        Folder of anatomy masks (:mod:`ho_detect.anatomy.user_masks.folders`).

    Returns
    -------
    The plan, and the series as indexed, in the same order: true identities and places.

    Raises
    ------
    UsageError
        ``anatomy`` cannot be used.
    """
    from ho_detect.acquisition.series.index import SeriesIndex, index_files
    from ho_detect.acquisition.series.preference import in_its_own_right
    from ho_detect.anatomy.user_masks.folders import assign_masks

    # a shard may be done by a process that works elsewhere
    index = index_files([Path(p).absolute() for p in inputs], settings.acquisition)
    entries = index.series
    folders = [pseudonyms.folder(entry.identity) for entry in entries]
    masks_in = None if anatomy is None else anatomy.absolute()
    assigned = assign_masks(masks_in, [in_its_own_right(entry) for entry in entries], folders)
    names: set[str] = set()
    series = [
        _planned(number, entry, masks, settings, pseudonyms, names) for number, (entry, masks) in enumerate(assigned, 1)
    ]
    numbers = {entry.identity: number for number, entry in enumerate(entries, 1)}
    for place, entry in enumerate(entries):
        if entry.reason == "better_series_used":
            row = study_row(place + 1, entry, pseudonyms)
            series[place] = msgspec.structs.replace(series[place], row=row, reserve_of=numbers[entry.better])
    return Plan(tuple(_in_shards(series, n_shards)), settings, pseudonyms), SeriesIndex(
        tuple(entry for entry, _ in assigned), index.looked_at
    )


def _planned(
    number: int,
    entry: SeriesEntry,
    masks: Path | None,
    settings: Settings,
    pseudonyms: Pseudonyms,
    names: set[str],
) -> Planned:
    row = study_row(number, entry, pseudonyms)
    if not entry.analyse:
        return Planned(row=row)
    return Planned(
        row=row,
        entry=pack(entry),
        folder=_unused(pseudonyms.folder(entry.identity), names),
        masks=None if masks is None else os.fsencode(masks),
        key=result_key(entry, masks, settings, pseudonyms),
        identity=pseudonyms.keyed("identity", str(entry.folder)) if pseudonyms.keep_identity else "",
        cost=float(entry.n_slices * entry.rows * entry.columns),
    )


def result_key(entry: SeriesEntry, masks: Path | None, settings: Settings, pseudonyms: Pseudonyms) -> str:
    """Return what tells one result from another: input files, anatomy masks, software and settings; by keyed hash.

    What is written of it, and whether identities are kept, is no part of the key: it needs no second analysis.
    A file is told by its SOP instance UID (a mask by its name), size and time of last change, not by its place: an
    archive may move.
    """
    changed: dict[Path, int] = {}
    digest = hashlib.sha256()
    for image in entry.slices:
        if image.path not in changed:
            changed[image.path] = _last_change(image.path)
        digest.update(f"{image.sop_uid}\0{image.frame}\0{image.size_bytes}\0{changed[image.path]}\n".encode())
    for path in _listed(masks):
        digest.update(f"{path.name}\0{path.stat().st_size}\0{_last_change(path)}\n".encode())
    digest.update(repr((entry.n_duplicates, entry.n_left_out, __version__, settings.digest())).encode())
    return pseudonyms.keyed("result", digest.hexdigest())


def _listed(folder: Path | None) -> list[Path]:
    """Return what is in a folder; nothing where it cannot be read, which its reader will say."""
    if folder is None:
        return []
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _last_change(path: Path) -> int:
    """Return when a file changed, or the archive that it is in; gone since it was indexed: the folder it was in."""
    for place in (path, *path.parents):
        with contextlib.suppress(OSError):
            return place.stat().st_mtime_ns
    return -1


def _in_shards(series: Sequence[Planned], n_shards: int) -> list[Planned]:
    """Give each series to analyse, the largest first, to the shard that has least to do until then."""
    load = [(0.0, shard) for shard in range(1, n_shards + 1)]
    shards: dict[int, int] = {}
    for place in sorted(range(len(series)), key=lambda place: -series[place].cost):
        if series[place].analyse:
            cost, shard = heapq.heappop(load)
            shards[place] = shard
            heapq.heappush(load, (cost + series[place].cost, shard))
    for place, one in enumerate(series):
        if one.reserve_of is not None:
            shards[place] = shards.get(one.reserve_of - 1, 1)
    return [msgspec.structs.replace(one, shard=shards.get(place, 1)) for place, one in enumerate(series)]


def pack(entry: SeriesEntry) -> bytes:
    """Return a series as bytes that :func:`unpack` reads, whatever its file names hold."""
    return msgspec.msgpack.encode(entry, enc_hook=os.fsencode)


def unpack(packed: bytes) -> SeriesEntry:
    """Return the series that was packed."""
    from ho_detect.acquisition.series.index import SeriesEntry

    return msgspec.msgpack.decode(packed, type=SeriesEntry, dec_hook=_path)


def _path(_: type[Any], name: bytes) -> Path:
    return Path(os.fsdecode(name))


def _unused(name: str, names: set[str]) -> str:
    """Return ``name``, with a number after it when two series of the input share one UID."""
    number, result = 1, name
    while result in names:
        number += 1
        result = f"{name}-{number}"
    names.add(result)
    return result
