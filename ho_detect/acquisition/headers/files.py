"""Inputs to the regular files below them, each once."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ho_detect.errors import UsageError


@dataclass(frozen=True)
class FoundFile:
    """A regular file, or a folder that could not be listed (``size_bytes`` -1)."""

    path: Path
    size_bytes: int


def find_files(inputs: Sequence[Path]) -> Iterator[FoundFile]:
    """Yield every regular file at or below the inputs, sorted within each folder.

    Links are followed; a file or folder reached twice (by a loop, a second link or a second input) counts
    once. FIFOs, sockets and devices are not opened and not yielded. What disappears meanwhile is skipped. An input
    named DICOMDIR stands for its folder: what lies there is found by looking, and what it names is not followed.

    Raises
    ------
    UsageError
        An input does not exist.
    """
    seen: set[tuple[int, int]] = set()
    stack: list[Path] = []
    for path in reversed([Path(p) for p in inputs]):
        if not path.exists():
            raise UsageError(f"no such file or folder: {path}")
        stack.append(path.parent if path.name.upper() == "DICOMDIR" and path.is_file() else path)
    while stack:
        path = stack.pop()
        try:
            status = path.stat()
        except OSError:
            continue  # a dangling link or a loop of links: there is no file
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        if stat.S_ISREG(status.st_mode):
            yield FoundFile(path, status.st_size)
        elif stat.S_ISDIR(status.st_mode):
            try:
                inside = sorted(path.iterdir(), reverse=True)
            except OSError:
                yield FoundFile(path, -1)
                continue
            stack.extend(inside)
