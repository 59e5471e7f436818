"""What a reader says of a result: numbers to keep and to drop, or outlines; given as options or saved by the page."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from ho_detect.errors import UsageError
from ho_detect.system.files import FINDINGS_FILE


@dataclass(frozen=True)
class Word:
    """What a reader says of a result as it is now.

    Parameters
    ----------
    reader
        Who says so: any text that is not empty; it is written into the record.
    keep
        Numbers of what was detected and not counted, and is to be counted.
    drop
        Ids of lesions that are not to be counted.
    labels
        Label map of the reader's own outlines, in place of both.
    comment
        Any text, for the record.
    at
        When it was said, UTC, as 2026-01-31T13:05:59Z; empty: now.

    Raises
    ------
    UsageError
        Nobody is named, or both numbers and outlines are given.
    """

    reader: str
    keep: tuple[int, ...] = ()
    drop: tuple[int, ...] = ()
    labels: Path | None = None
    comment: str = ""
    at: str = ""

    def __post_init__(self) -> None:
        if not self.reader.strip():
            raise UsageError("the record says who amends a result: name the reader (--reader)")
        if self.labels is not None and (self.keep or self.drop):
            raise UsageError("labels are all lesions as the reader outlines them: nothing to keep or drop besides")

    @property
    def time(self) -> str:
        """When it was said."""
        return self.at or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class PageFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the page of a result saves."""

    ho_detect: Literal["amendment"]
    version: Literal[1]
    findings_sha256: str
    """Of the record that the page was made from: its numbers are those of that record."""
    reader: str
    at: str
    comment: str = ""
    keep: tuple[int, ...] = ()
    drop: tuple[int, ...] = ()


def read_page_file(path: Path, folder: Path) -> Word:
    """Return what the page of the result in ``folder`` saved.

    Raises
    ------
    UsageError
        It cannot be read, or was saved by the page of another result, or before the result was amended last.
    """
    try:
        said = msgspec.json.decode(path.read_bytes(), type=PageFile)
        record = (folder / FINDINGS_FILE).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", path) from error
    except msgspec.DecodeError as error:
        raise UsageError(f"not saved by a report page: {error}", path) from error
    if hashlib.sha256(record).hexdigest() != said.findings_sha256:
        raise UsageError("saved by the page of another result, or of this one before it was amended last", path)
    return Word(said.reader, said.keep, said.drop, None, said.comment, said.at)
