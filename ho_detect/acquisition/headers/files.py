"""Inputs to the regular files below them, each once."""

from __future__ import annotations

import errno
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ho_detect.errors import UsageError

#: There is no file: removed meanwhile, a link that leads nowhere, a loop of links.
_GONE: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


@dataclass(frozen=True)
class FoundFile:
    """A regular file, or what could not be looked at (``fault`` says why)."""

    path: Path
    size_bytes: int
    fault: str = ""


def find_files(inputs: Sequence[Path]) -> Iterator[FoundFile]:
    """Yield every regular file at or below the inputs, sorted within each folder.

    Links are followed; a file or folder reached twice (by a loop, a second link or a second input) counts
    once. FIFOs, sockets and devices are not opened and not yielded. What disappears meanwhile is skipped; what the
    file system refuses for any other reason is yielded with that reason. An input
    named DICOMDIR stands for its folder: what lies there is found by looking, and what it names is not followed.

    Raises
    ------
    UsageError
        An input does not exist.
    """
    seen: set[tuple[int, int]] = set()
    stack: list[Path] = []
    for path in reversed([Path(p) for p in inputs]):
        if not is_there(path):
            raise UsageError("no such file or folder", path)
        stack.append(path.parent if path.name.upper() == "DICOMDIR" else path)
    while stack:
        path = stack.pop()
        try:
            status = path.stat()
        except OSError as error:
            if error.errno not in _GONE:
                yield FoundFile(path, 0, f"cannot be looked at: {error.strerror}")
            continue
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        if stat.S_ISREG(status.st_mode):
            yield FoundFile(path, status.st_size)
        elif stat.S_ISDIR(status.st_mode):
            try:
                inside = sorted(path.iterdir(), reverse=True)
            except OSError as error:
                if error.errno not in _GONE:
                    yield FoundFile(path, 0, f"the folder cannot be listed: {error.strerror}")
                continue
            stack.extend(inside)


def is_there(path: Path) -> bool:
    """Whether an input exists, also where the file system refuses to say more of it."""
    try:
        path.stat()
    except OSError as error:
        return error.errno not in _GONE
    return True
