"""Files inside zip archives, read where they are: nothing is unpacked to disk, so no name in an archive shapes a path.

A member has a path of its own, ``archive.zip/folder/name``, made of the harmless parts of its name. :func:`open_input`
opens such a path, and any other.
"""

from __future__ import annotations

import io
import os
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from ho_detect.acquisition.headers.files import FoundFile

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: An archive that says it holds more, in number or in bytes for each of its own, is a bomb.
MAX_MEMBERS: Final = 200_000
MAX_RATIO: Final = 100
#: ... beyond this, as archives of blank images are small.
FREE_BYTES: Final = 1 << 30
_LOCAL_HEADER: Final = b"PK\x03\x04"


class ArchiveError(OSError):
    """An archive, or a member of one, that cannot be read; ``why`` and ``strerror`` say the reason."""

    def __init__(self, why: str) -> None:
        super().__init__(0, why)
        self.why = why


def is_archive(path: Path) -> bool:
    """Tell by its first bytes whether a file is a zip archive."""
    try:
        with path.open("rb", buffering=0) as file:
            return file.read(4) == _LOCAL_HEADER
    except OSError:
        return False


def members_of(path: Path) -> list[FoundFile]:
    """Return the files in an archive, in its order. Archives in it are not looked into.

    Raises
    ------
    ArchiveError
        It is broken, encrypted, or declares more than any archive of images does.
    """
    _, members = _opened(path)
    n_encrypted = sum(info.flag_bits & 1 for info in members.values())
    if n_encrypted:
        raise ArchiveError(f"an archive with {n_encrypted} encrypted files")
    n_bytes = sum(info.file_size for info in members.values())
    if n_bytes > MAX_RATIO * path.stat().st_size + FREE_BYTES:
        raise ArchiveError(f"an archive that declares {n_bytes / 1e9:.0f} GB")
    return [FoundFile(path / name, info.file_size) for name, info in members.items()]


def open_input(path: Path) -> io.RawIOBase:
    """Open a file, or a member of an archive, to read bytes; a member gives no more than its declared size.

    Raises
    ------
    OSError
        It cannot be opened; :class:`ArchiveError` where that is for an archive.
    """
    try:
        return path.open("rb", buffering=0)
    except NotADirectoryError:
        archive = file_of(path)
        opened, members = _opened(archive)
        info = members.get(path.relative_to(archive).as_posix())
        if info is None:
            raise
    try:
        # an encrypted one or one of an unknown kind is refused here; what it holds, when it is read
        return _Member(opened.open(info))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ArchiveError(f"cannot be read from its archive: {type(error).__name__}") from error


def is_member(path: Path) -> bool:
    """Whether a path leads into an archive."""
    return file_of(path) != path


def file_of(path: Path) -> Path:
    """Return the file that holds the bytes of ``path``: itself, or the archive it is in."""
    return next((p for p in (path, *path.parents) if p.is_file()), path)


class _Member(io.RawIOBase):
    """A member of an archive as a file whose faults are OSErrors, like those of any file."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream

    def read(self, n: int = -1) -> bytes:
        try:
            return self._stream.read(n)
        except Exception as error:  # BadZipFile, EOFError, and what the decompressors raise: zlib.error, LZMAError
            raise ArchiveError(f"cannot be read from its archive: {type(error).__name__}") from error

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return self._stream.seek(offset, whence)
        except Exception as error:
            raise ArchiveError(f"cannot be read from its archive: {type(error).__name__}") from error

    def close(self) -> None:
        self._stream.close()
        super().close()


def _opened(path: Path) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    status = path.stat()
    return _read(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4)
def _read(path: Path, size: int, changed: int) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:  # noqa: ARG001
    """Read the table of an archive, once for each state of its file."""
    try:
        opened = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise ArchiveError(f"an archive that cannot be read: {type(error).__name__}") from error
    infos = [info for info in opened.infolist() if not info.is_dir()]
    if len(infos) > MAX_MEMBERS:
        raise ArchiveError(f"an archive of {len(infos)} files")
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = harmless(info.filename)
        number = 1
        while name in members:
            number += 1
            name = f"{harmless(info.filename)}~{number}"
        members[name] = info
    return opened, members


def harmless(name: str) -> str:
    """Return a relative name without anything that leads elsewhere.

    >>> [harmless(n) for n in ("a/b", "../../etc/passwd", "C:/x/y", "/", "a/./b")]
    ['a/b', 'etc/passwd', 'C_/x/y', '_', 'a/b']
    """
    parts = [p for p in name.replace("\\", "/").split("/") if p not in ("", ".", "..")]
    clean = ("".join(c if c.isprintable() and c != ":" else "_" for c in part)[:100] for part in parts)
    return "/".join(clean) or "_"
