"""Which reference belongs to which result: by a table, by names of files and folders, or by the series' UID."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ho_detect.agreement.masks import MASK_ENDINGS, referenced_series
from ho_detect.errors import UsageError
from ho_detect.results.record import read_record
from ho_detect.system.files import AUTOMATIC_FOLDER, FINDINGS_FILE

#: After the name of a mask: what counts neither way.
IGNORE_MARK: Final = "_ignore"


@dataclass(frozen=True)
class Source:
    """A result folder, or the file of a mask, with the names that it may be known by, and UIDs of its series."""

    path: Path
    names: frozenset[str]
    uids: frozenset[str] = frozenset()

    @property
    def is_result(self) -> bool:
        """Whether it is a result folder; else a mask."""
        return self.path.is_dir()


@dataclass(frozen=True)
class Pair:
    """A reference and the result that it belongs to."""

    reference: Source
    result: Source

    @property
    def ignored(self) -> Path | None:
        """The mask of what counts neither way, beside a reference mask; None where there is none."""
        if self.reference.is_result:
            return None
        path = self.reference.path
        ending = _ending(path)
        beside = path.with_name(path.name[: -len(ending)] + IGNORE_MARK + ending)
        return beside if beside.is_file() else None


def pair_up(reference: Path, results: Path, table: Path | None = None, link_table: Path | None = None) -> list[Pair]:
    """Return the pairs there are, by result.

    Parameters
    ----------
    reference
        A mask, a folder of masks, or results of another reader.
    results
        A result folder, or a folder with results at any depth.
    table
        CSV with columns ``reference`` and ``result``: paths below the two.
    link_table
        Of the run: its true UIDs and the names of its source folders then are names of the results.

    Raises
    ------
    UsageError
        There are no references or results, none belong together, or several to one.
    """
    mine = _results(results, _links(link_table))
    if not mine:
        raise UsageError("no results are there", results)
    others = _results(reference, {}) or _masks(reference)
    if not others:
        raise UsageError("neither masks nor results are there", reference)
    if table is not None:
        return _by_table(table, reference, results, mine, others)
    if len(mine) == len(others) == 1:
        return [Pair(others[0], mine[0])]
    pairs = [Pair(other, one) for one in mine for other in others if one.names & other.names]
    named = {source.path for pair in pairs for source in (pair.reference, pair.result)}
    pairs += [
        Pair(other, one)
        for one in mine
        for other in others
        if one.uids & other.uids and not {one.path, other.path} & named
    ]
    for many, side in ((others, "reference"), (mine, "result")):
        for source in many:
            n = sum(getattr(pair, side) == source for pair in pairs)
            if n > 1:
                raise UsageError(f"a {side} belongs to {n} others by its names: say which with --pairs", source.path)
    if not pairs:
        raise UsageError(
            f"none of {len(others)} references has the name of one of {len(mine)} results, or of a folder that it is "
            "in: give --pairs, or --link-table of the run"
        )
    return pairs


def _results(folder: Path, links: dict[str, set[str]]) -> list[Source]:
    if (folder / FINDINGS_FILE).is_file():
        found = [folder]
    else:
        found = sorted(p.parent for p in folder.rglob(FINDINGS_FILE) if p.parent.name != AUTOMATIC_FOLDER)
    sources = []
    for path in found:
        series = read_record((path / FINDINGS_FILE).read_bytes()).series
        known = links.get(path.name, set())
        names = {*path.relative_to(folder).parts, path.name} | known
        sources.append(Source(path, frozenset(names), frozenset({series.series_uid} | known)))
    return sources


def _masks(reference: Path) -> list[Source]:
    if reference.is_file():
        return [_mask(reference, reference.parent)]
    files = sorted(p for p in reference.rglob("*") if p.is_file() and _ending(p))
    stems = [(p, p.name[: -len(_ending(p))]) for p in files]
    return [_mask(p, reference) for p, stem in stems if not stem.endswith(IGNORE_MARK)]


def _mask(path: Path, below: Path) -> Source:
    ending = _ending(path)
    names = {path.name[: -len(ending)], *path.relative_to(below).parts[:-1]}
    uids = {referenced_series(path)} - {""} if ending == ".dcm" else set()
    return Source(path, frozenset(names), frozenset(uids))


def _ending(path: Path) -> str:
    return next((ending for ending in MASK_ENDINGS if path.name.lower().endswith(ending)), "")


def _links(path: Path | None) -> dict[str, set[str]]:
    """Return the true names of each result folder, from the table that a run wrote."""
    if path is None:
        return {}
    return {
        row["folder"]: {row["series_uid"], row["patient_id"], *Path(row["source"]).parts} - {"", "/"}
        for row in _rows(path, ("folder", "series_uid", "patient_id", "source"))
        if row["folder"]
    }


def _by_table(path: Path, reference: Path, results: Path, mine: list[Source], others: list[Source]) -> list[Pair]:
    pairs = []
    for row in _rows(path, ("reference", "result")):
        other = _at(others, reference / row["reference"])
        one = _at(mine, results / row["result"])
        if other is None or one is None:
            missing = reference / row["reference"] if other is None else results / row["result"]
            raise UsageError("named in the table of pairs, and not there", missing)
        pairs.append(Pair(other, one))
    return pairs


def _at(sources: Iterable[Source], path: Path) -> Source | None:
    return next((source for source in sources if source.path.resolve() == path.resolve()), None)


def _rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("the table cannot be read", path) from error
    if any(row.get(column) is None for row in rows for column in columns):
        raise UsageError(f"the table needs the columns {', '.join(columns)}", path)
    return rows
