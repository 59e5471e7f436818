"""Inputs to headers: every file below them, also in zip archives; what may hold images and is not read is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ho_detect.acquisition.headers.archives import ArchiveError, is_archive, members_of
from ho_detect.acquisition.headers.files import FoundFile, find_files
from ho_detect.acquisition.headers.header import FileHeader, UnreadableHeader, read_header
from ho_detect.acquisition.headers.other_formats import other_format


class OtherImage(NamedTuple):
    """An image of a format that is not read."""

    path: Path
    name: str


class NoImage(NamedTuple):
    """A file that holds no images."""

    path: Path


Found = FileHeader | UnreadableHeader | OtherImage | NoImage


def read_headers(inputs: Sequence[Path]) -> Iterator[Found]:
    """Read the header of every file below the inputs and in archives there."""
    for found in find_files(inputs):
        if found.fault:
            yield UnreadableHeader(found.path, found.fault)
            continue
        header = read_header(found.path, found.size_bytes)
        if header is None and is_archive(found.path):
            yield from _archived(found.path)
        else:
            yield _not_passed_over(found, header)


def _archived(path: Path) -> Iterator[Found]:
    try:
        members = members_of(path)
    except ArchiveError as error:
        # other things are zip archives too (documents, arrays): only one that says so should hold images
        yield UnreadableHeader(path, error.why) if path.suffix.lower() == ".zip" else NoImage(path)
        return
    for member in members:
        yield _not_passed_over(member, read_header(member.path, member.size_bytes))


def _not_passed_over(found: FoundFile, header: FileHeader | UnreadableHeader | None) -> Found:
    """Return the header, or what a file that is no DICOM is where it may hold images."""
    if header is not None:
        return header
    other = other_format(found)
    if other is None:
        return NoImage(found.path)
    if other.kind == "packed":
        return UnreadableHeader(found.path, f"{other.name}: not read; unpack it first")
    return OtherImage(found.path, other.name)
