"""Rows of any record type as CSV, Parquet and pandas frames: its fields are the columns, in order."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ho_detect.export.parquet import write_parquet
from ho_detect.system.extras import need
from ho_detect.system.files import write_atomically

if TYPE_CHECKING:
    import pandas as pd
    from arro3.core import Table

#: A spreadsheet takes a cell that starts with one of these for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def arrow_table(row_type: type[msgspec.Struct], rows: Sequence[msgspec.Struct]) -> Table:
    """Return rows as an Arrow table: text, int64, float64, bool or lists of text; what was not measured is null."""
    from arro3.core import DataType, Field, Schema
    from arro3.io import read_json

    words = DataType.list(Field("item", DataType.string()))
    types = {
        str: DataType.string(),
        int: DataType.int64(),
        float: DataType.float64(),
        bool: DataType.bool(),
        list: words,
    }
    schema = Schema(
        [
            Field(name, types[kind], metadata={"description": description} if description else None)
            for name, kind, description in columns_of(row_type)
        ]
    )
    # by way of JSON: arro3 makes no lists of Python's own
    lines = b"\n".join(msgspec.json.encode(_values(row)) for row in rows)
    return read_json(io.BytesIO(lines), schema).read_all().combine_chunks()


def frame(row_type: type[msgspec.Struct], rows: Sequence[msgspec.Struct]) -> pd.DataFrame:
    """Return rows as a pandas frame: string, Int64, float64, boolean columns, and lists of words as lists.

    Raises
    ------
    UsageError
        pandas is not installed.
    """
    need("a frame", "notebook", "pandas")
    import pandas as pd

    types: dict[type, Any] = {
        str: pd.StringDtype(), int: pd.Int64Dtype(), float: "float64", bool: pd.BooleanDtype(), list: object
    }  # fmt: skip
    values = [_values(row) for row in rows]
    columns: dict[str, Any] = {}
    for name, kind, _ in columns_of(row_type):
        cells = [one[name] for one in values]
        if kind is list:
            cells = [None if words is None else list(words) for words in cells]
        columns[name] = pd.Series(cells, dtype=types[kind])
    return pd.DataFrame(columns)


def csv_text(row_type: type[msgspec.Struct], rows: Iterable[msgspec.Struct]) -> str:
    """Return rows as CSV with a header; text that a spreadsheet would run is disarmed, words are joined by ``;``."""
    columns = columns_of(row_type)
    lines = [[name for name, _, _ in columns]]
    lines += [
        [_cell(value, kind) for value, (_, kind, _) in zip(_values(row).values(), columns, strict=True)] for row in rows
    ]
    return "".join(",".join(_quoted(cell) for cell in line) + "\n" for line in lines)


def disarm(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would take for a formula.

    >>> disarm("=HYPERLINK(1)"), disarm("left")
    ("'=HYPERLINK(1)", 'left')
    """
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def write_table(
    folder: Path, name: str, row_type: type[msgspec.Struct], rows: Sequence[msgspec.Struct], staging: Path | None = None
) -> None:
    """Write ``name.csv`` and ``name.parquet`` into ``folder``, each whole or not at all.

    Parameters
    ----------
    folder
        Where they go.
    name, row_type, rows
        The table.
    staging
        Where they are made, as in :func:`~ho_detect.system.files.replacing`.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    write_atomically(folder / f"{name}.csv", csv_text(row_type, rows).encode("utf-8"), staging)
    write_parquet(folder / f"{name}.parquet", arrow_table(row_type, rows), staging)


def columns_of(row_type: type[msgspec.Struct]) -> list[tuple[str, type, str]]:
    """Return name, type (str, int, float, bool, or list of words) and description of each column of a table."""
    info = msgspec.inspect.type_info(row_type)
    if not isinstance(info, msgspec.inspect.StructType):
        raise TypeError(f"{row_type.__name__} is not a record type")
    return [(field.encode_name, *_kind(field.type)) for field in info.fields]


def _kind(kind: msgspec.inspect.Type) -> tuple[type, str]:
    description = ""
    if isinstance(kind, msgspec.inspect.Metadata):
        description = (kind.extra_json_schema or {}).get("description", "")
        kind = kind.type
    if isinstance(kind, msgspec.inspect.UnionType):
        kind = next(t for t in kind.types if not isinstance(t, msgspec.inspect.NoneType))
    plain = {
        msgspec.inspect.StrType: str,
        msgspec.inspect.LiteralType: str,
        msgspec.inspect.IntType: int,
        msgspec.inspect.FloatType: float,
        msgspec.inspect.BoolType: bool,
        msgspec.inspect.VarTupleType: list,
    }
    return plain[type(kind)], description


def _values(row: msgspec.Struct) -> dict[str, Any]:
    """Return the row's values, None for NaN and infinities."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in msgspec.structs.asdict(row).items()
    }


def _quoted(cell: str) -> str:
    # the csv module of Python 3.11 leaves a lone carriage return bare, which readers take for the end of the row
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"\r\n') else cell


def _cell(value: str | float | Sequence[str] | None, kind: type) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        # as it is read back from a record, also where it is a whole number
        return repr(float(value) if kind is float else value)
    return disarm(value if isinstance(value, str) else ";".join(value))
