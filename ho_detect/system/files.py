"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import errno
import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

#: Files of a result, and the folder of the automatic one below an amended one.
FINDINGS_FILE = "findings.json"
LABELS_FILE = "lesions.nii.gz"
AUTOMATIC_FOLDER = "automatic"
DETECTED_FILE = "detected.nii.gz"
BONES_FILE = "native_bone.nii.gz"
MESHES_FILE = "meshes.3mf"
REPORT_FILE = "report.html"
THUMBNAIL_FILE = "thumbnail.webp"

#: After the name of a folder in staging: it makes room for another, or is to be removed.
_REPLACED: Final = ".old"
REMOVED: Final = ".removed"


@contextmanager
def replacing(path: Path, staging: Path | None = None, *, private: bool = False) -> Iterator[Path]:
    """Give a temporary name; what is written there takes the place of ``path`` when the block ends well.

    The temporary name keeps the ending of ``path``, by which some writers choose the format. When the block
    raises, the temporary file is removed and ``path`` is as it was.

    Parameters
    ----------
    path
        The file.
    staging
        Folder of the temporary file, on the same file system; beside ``path`` where None. What a killed process
        leaves is there.
    private
        For its owner's eyes only, at all times.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    # two hosts that share a disk may have processes of one number
    temporary = (staging or path.parent) / f".tmp-{secrets.token_hex(4)}-{path.name}"
    try:
        if private:
            os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_atomically(path: Path, data: bytes, staging: Path | None = None, *, private: bool = False) -> None:
    """Write ``data`` so that ``path`` holds all of it or what it held before; parameters as in :func:`replacing`."""
    with replacing(path, staging, private=private) as temporary:
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

    Between two renames neither is there: what is replaced is then beside ``staged``, with :data:`_REPLACED` after its
    name, and :func:`discard_staging` brings it back when the process was killed at that moment.

    Parameters
    ----------
    staged
        Lies in its staging folder as ``final`` does in its place.

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
    aside = staged.with_name(staged.name + _REPLACED)
    final.rename(aside)
    try:
        staged.rename(final)
    except OSError:
        aside.rename(final)
        raise
    # under another name first: what is half removed must not come back
    shutil.rmtree(aside.rename(staged.with_name(staged.name + REMOVED)))


def discard_staging(staging: Path, place: Path) -> None:
    """Remove a staging folder; what was about to be replaced, and was not, is brought back to its place.

    Parameters
    ----------
    staging
        What a process that is gone left, or the own one at the end.
    place
        Where finished folders were moved to.
    """
    try:
        for aside in list(staging.rglob("*" + _REPLACED)):
            final = place / aside.relative_to(staging).with_suffix("")
            if not final.exists():
                aside.rename(final)
                sync_folder(final.parent)
    except OSError as error:
        # it may hold the only copy: the next run tries again
        log.warning("an earlier result cannot be brought back to its place: %s", error.strerror)
        return
    shutil.rmtree(staging, ignore_errors=True)
