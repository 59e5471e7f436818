"""Rows of any record type as CSV, Parquet and pandas frames: its fields are the columns, in order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ho_detect.system.files import replacing, write_atomically

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

#: A spreadsheet takes a cell that starts with one of these for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def arrow_table(row_type: type[msgspec.Struct], rows: Sequence[msgspec.Struct]) -> pa.Table:
    """Return rows as an Arrow table: text, int64, float64, bool or lists of text; what was not measured is null."""
    import pyarrow as pa
    import pyarrow.json as pa_json

    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_(), list: pa.list_(pa.string())}
    schema = pa.schema(
        [
            pa.field(name, types[kind], metadata={"description": description} if description else None)
            for name, kind, description in columns_of(row_type)
        ]
    )
    if not rows:
        return schema.empty_table()
    # by way of JSON: pyarrow imports pandas, half a second and 70 MB, to look at Python's own values
    lines = b"\n".join(msgspec.json.encode(_values(row)) for row in rows)
    table = pa_json.read_json(pa.BufferReader(lines), parse_options=pa_json.ParseOptions(explicit_schema=schema))
    return pa.Table.from_arrays(table.combine_chunks().columns, schema=schema)


def frame(row_type: type[msgspec.Struct], rows: Sequence[msgspec.Struct]) -> pd.DataFrame:
    """Return rows as a pandas frame: string, Int64, float64, boolean columns, and lists of words as lists."""
    import pandas as pd
    import pyarrow as pa

    nullable = {pa.string(): pd.StringDtype(), pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    result: pd.DataFrame = arrow_table(row_type, rows).to_pandas(types_mapper=nullable.get)
    for name, kind, _ in columns_of(row_type):
        if kind is list:
            result[name] = pd.Series(
                [None if words is None else list(words) for words in result[name]], index=result.index, dtype=object
            )
    return result


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
    import pyarrow.parquet as pq

    write_atomically(folder / f"{name}.csv", csv_text(row_type, rows).encode("utf-8"), staging)
    # opened here: pyarrow takes some names for addresses, and others it cannot encode
    with replacing(folder / f"{name}.parquet", staging) as temporary, temporary.open("wb") as file:
        pq.write_table(arrow_table(row_type, rows), file)


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
