"""Where compiled kernels are kept between runs.

numba keeps them beside the source where that can be written, else in the user's cache folder; ``NUMBA_CACHE_DIR`` names
another folder, but one that can only be read would be passed over. Here it is used: ``ho-detect warmup`` fills it once,
and any number of machines read it.

What is kept there is machine code that numba loads unseen. Here each file ends with its hash: one that a full disk or a
power cut left empty, cut or overwritten is taken for missing, and its kernel is compiled again.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import pickle
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile

log = logging.getLogger(__name__)

_NAME: Final = "NUMBA_CACHE_DIR"
_HASH_BYTES: Final = 32
_DAMAGED: Final = "compiled code in the kernel cache was damaged: it is compiled again"
_troubles: list[str] = []


def troubles_with_cache() -> list[str]:
    """Return what was wrong with the cache until now, in this process and those it was forked from; each once."""
    return list(_troubles)


class KernelCache(FunctionCache):
    """The cache of one kernel; whatever is wrong with it only means that the kernel is compiled."""

    def __init__(self, py_func: Any) -> None:
        super().__init__(py_func)
        self._cache_file = _CheckedFile(
            self._cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp()
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return compiled code for these types of arguments; None where there is none that can be used."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # noqa: BLE001 - what is no longer what was written can fail anywhere
            _say(_DAMAGED)
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep compiled code where that can be written."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _say(f"compiled code cannot be kept in the kernel cache: {error.strerror}")


class _CheckedFile(IndexDataCacheFile):
    """Files with their hash at the end, which readers of pickles do not look at."""

    def __init__(self, *place: Any) -> None:
        super().__init__(*place)
        self._version += ", with hash"

    def _dump(self, obj: Any) -> bytes:
        data: bytes = super()._dump(obj)
        return data + hashlib.sha256(data).digest()

    def _load_index(self) -> dict[Any, str]:
        try:
            found: dict[Any, str] = super()._load_index()
            if found:  # of this version
                _checked(Path(self._index_path).read_bytes()[len(pickle.dumps(self._version, protocol=-1)) :])
        except Exception:  # noqa: BLE001
            _say(_DAMAGED)
            return {}
        return found

    def _load_data(self, name: str) -> Any:
        return pickle.loads(_checked(Path(self._data_path(name)).read_bytes()))  # noqa: S301 - the user's own cache


def _checked(data: bytes) -> bytes:
    body, stated = data[:-_HASH_BYTES], data[-_HASH_BYTES:]
    if hashlib.sha256(body).digest() != stated:
        raise ValueError("not what was written")
    return body


def _say(what: str) -> None:
    if what not in _troubles:
        _troubles.append(what)
        log.warning("%s", what)


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
