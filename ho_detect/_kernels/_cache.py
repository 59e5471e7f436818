"""Where compiled kernels are kept between runs.

numba keeps them beside the source where that can be written, else in the user's cache folder; ``NUMBA_CACHE_DIR`` names
another folder, but one that can only be read would be passed over. Here it is used: ``ho-detect warmup`` fills it once,
and any number of machines read it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import numba

_NAME = "NUMBA_CACHE_DIR"


def use_cache() -> None:
    """Choose the folder before the first kernel is declared; child processes use the same.

    In place of a folder that can only be read, or of none at all, a temporary one is used until this process ends, with
    links to what is in the first: what is compiled anew goes there.
    """
    named = os.environ.get(_NAME, "")
    if _writable(Path(named)) if named else _numba_finds_one():
        return
    private = Path(tempfile.mkdtemp(prefix="ho-detect-kernels-"))
    atexit.register(_remove, private, os.getpid())
    if named:
        _link_all(Path(named), private)
    os.environ[_NAME] = str(private)
    numba.config.CACHE_DIR = str(private)  # type: ignore[attr-defined]


def _writable(folder: Path) -> bool:
    """Tell whether a folder can be written, made where it is missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _numba_finds_one() -> bool:
    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        return True
    try:
        numba.njit(cache=True)(_writable)  # looks for a folder, compiles nothing
    except RuntimeError:
        return False
    return True


def _link_all(source: Path, target: Path) -> None:
    for path in source.rglob("*.nb[ic]"):
        link = target / path.relative_to(source)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path.resolve())


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # not at the end of a child
        shutil.rmtree(folder, ignore_errors=True)
