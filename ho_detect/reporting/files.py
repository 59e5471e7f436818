"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
#: What a kernel or file system that cannot exchange two names answers.
_CANNOT_EXCHANGE = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; what is written there takes its place when the block ends well.

    The temporary name keeps the ending of ``path``, by which some writers choose the format. When the block
    raises, the temporary file is removed and ``path`` is as it was.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    temporary = path.with_name(f".tmp-{os.getpid()}-{path.name}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_atomically(path: Path, data: bytes) -> None:
    """Write ``data`` so that ``path`` holds all of it or what it held before."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def put_folder(staged: Path, final: Path) -> None:
    """Move a finished folder to its place on the same file system; a folder that is there already is replaced.

    Where the file system can exchange two names in one step, there is no moment without the one or the other.

    Raises
    ------
    OSError
        The move failed; ``final`` is as it was.
    """
    try:
        staged.rename(final)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise
        _replace_folder(staged, final)
    sync_folder(final.parent)


def _replace_folder(staged: Path, final: Path) -> None:
    if _exchange(staged, final):
        shutil.rmtree(staged)
        return
    aside = staged.with_name(staged.name + ".old")
    final.rename(aside)
    try:
        staged.rename(final)
    except OSError:
        aside.rename(final)
        raise
    shutil.rmtree(aside)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step; False where the system cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    done = libc.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    if done == 0:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT_EXCHANGE:
        return False
    raise OSError(code, os.strerror(code))
