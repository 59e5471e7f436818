"""A plan on disk, for shards that are done by other processes: ``OUT/manifest.parquet``.

It holds true identities and the paths of input files, so it can be read by its owner alone, and goes with
``ho-detect collect --finish``. The key of the pseudonyms is not in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from ho_detect._version import __version__
from ho_detect.cohort.plan.plan import Plan, Planned
from ho_detect.errors import UsageError
from ho_detect.export.parquet import NoParquetError, read_parquet, rows_in, write_parquet
from ho_detect.export.tables import arrow_table, columns_of
from ho_detect.results.rows import StudyRow
from ho_detect.settings import Settings
from ho_detect.system.pseudonyms import Pseudonyms

_ABOUT = "ho-detect"
#: What of a series is planned, beside its row.
_PLANNED = ("entry", "masks", "folder", "key", "cost", "shard", "identity", "reserve_of")


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of a whole manifest."""

    version: str = __version__
    n_shards: int
    settings: Settings
    key_check: str
    """Tells whether a key is the one that the plan was made with."""


def write_manifest(path: Path, plan: Plan, n_shards: int, staging: Path) -> None:
    """Write a plan, whole or not at all; raises OSError when that cannot be done."""
    from arro3.core import Array, ChunkedArray, DataType

    about = About(n_shards=n_shards, settings=plan.settings, key_check=_check(plan.pseudonyms))
    table = arrow_table(StudyRow, [one.row for one in plan.series])
    types = {"shard": DataType.int64(), "reserve_of": DataType.int64(), "cost": DataType.float64()}
    types |= dict.fromkeys(("folder", "key", "identity"), DataType.string())
    types |= dict.fromkeys(("entry", "masks"), DataType.binary())
    for name, kind in types.items():
        # folder is a column of StudyRow as well: empty there until a series is analysed
        values = Array([getattr(one, name) for one in plan.series], kind)
        table = table.append_column(f"planned_{name}", ChunkedArray([values]))
    write_parquet(path, table, staging, about={_ABOUT: msgspec.json.encode(about).decode()}, private=True)


def read_about(path: Path) -> About:
    """Return what is true of the whole manifest.

    Raises
    ------
    UsageError
        It is not there, or no manifest of this version of the software.
    """
    try:
        found = read_parquet(path).schema.metadata_str.get(_ABOUT, "")
        about = msgspec.json.decode(found, type=About)
    except OSError as error:
        raise UsageError(f"manifest {path.name}: {error.strerror or 'cannot be read'}", path) from error
    except (NoParquetError, msgspec.DecodeError) as error:
        raise UsageError(f"manifest {path.name}: not written by ho-detect plan", path) from error
    if about.version != __version__:
        raise UsageError(f"manifest {path.name}: planned by ho-detect {about.version}, this is {__version__}")
    return about


def read_plan(path: Path, about: About, pseudonyms: Pseudonyms, shard: int | None = None) -> Plan:
    """Return the plan, or what one shard of it is to analyse.

    Raises
    ------
    UsageError
        The plan was made with another key.
    """
    if _check(pseudonyms) != about.key_check:
        raise UsageError("the plan was made with another pseudonym key: give the same --key-file")
    rows = rows_in(read_parquet(path))
    if shard is not None:
        rows = [row for row in rows if row["planned_shard"] == shard and row["planned_entry"] is not None]
    columns = [name for name, _, _ in columns_of(StudyRow)]
    return Plan(tuple(_planned(values, columns) for values in rows), about.settings, pseudonyms)


def _planned(values: dict[str, Any], columns: list[str]) -> Planned:
    row = StudyRow(**{name: _as_in_a_row(values[name]) for name in columns})
    return Planned(row=row, **{name: values[f"planned_{name}"] for name in _PLANNED})


def _as_in_a_row(value: Any) -> Any:  # noqa: ANN401 - a cell of any type
    return tuple(value) if isinstance(value, list) else value


def _check(pseudonyms: Pseudonyms) -> str:
    return pseudonyms.keyed("check", "")
