"""Arrow tables to Parquet and back."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ho_detect.system.files import write_atomically

if TYPE_CHECKING:
    from arro3.core import Table

#: At the beginning and the end of each file, before that the length of its footer (4 bytes).
_MAGIC: Final = b"PAR1"
#: Before a checksum of the rest of the file.
_SEAL: Final = b"HODT"


class NoParquetError(ValueError):
    """A file that is no Parquet file of ho-detect, or a broken one."""


def write_parquet(
    path: Path,
    table: Table,
    staging: Path | None = None,
    *,
    about: dict[str, str] | None = None,
    private: bool = False,
) -> None:
    """Write a table, whole or not at all.

    Parameters
    ----------
    path, staging, private
        As for :func:`~ho_detect.system.files.replacing`.
    table
        Its schema is written too.
    about
        What is said of the whole table: the metadata of its schema.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    from arro3.io import write_parquet as write

    # made in memory: arro3 panics where a disk is full
    made = io.BytesIO()
    if about is not None:
        table = table.with_schema(table.schema.with_metadata(about))
    write(table, made, compression="zstd(3)")
    write_atomically(path, _sealed(made.getvalue()), staging, private=private)


def read_parquet(path: Path) -> Table:
    """Read a table, whatever the name of the file is.

    Raises
    ------
    OSError
        The file cannot be read.
    NoParquetError
        It holds something else.
    """
    from arro3.io import read_parquet as read

    data = path.read_bytes()
    if len(data) < 12 or {data[:4], data[-4:]} != {_MAGIC} or _footer(data) < 12:
        raise NoParquetError(f"{path.name} is no Parquet file")
    if _sealed(_unsealed(data)) != data:
        raise NoParquetError(f"{path.name} is not as ho-detect wrote it")
    try:
        return read(io.BytesIO(data)).read_all()
    except BaseException as error:
        # a panic of arro3 is no Exception, and what it raises else has no type of its own
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise NoParquetError(f"{path.name} is a broken Parquet file") from error
        raise


def _footer(data: bytes) -> int:
    """Return where the footer of a Parquet file begins, as its end says."""
    return len(data) - 8 - int.from_bytes(data[-8:-4], "little")


def _sealed(data: bytes) -> bytes:
    """Return a Parquet file with a checksum of all of it before its footer, where readers skip what they do not know.

    What is altered in a footer can make a reader ask for more memory than there is, and end the process.
    """
    at = _footer(data)
    return data[:at] + _SEAL + zlib.crc32(data).to_bytes(4, "little") + data[at:]


def _unsealed(data: bytes) -> bytes:
    at = _footer(data)
    return data[: at - len(_SEAL) - 4] + data[at:]


def columns_in(table: Table) -> dict[str, list[Any]]:
    """Return the values of each column of a table."""
    # its own stubs say that to_pylist gives an array
    columns: dict[str, Any] = {name: table.column(name).to_pylist() for name in table.column_names}
    return columns


def rows_in(table: Table) -> list[dict[str, Any]]:
    """Return the rows of a table, each value under the name of its column."""
    columns = columns_in(table)
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
