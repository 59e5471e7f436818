"""Compiled kernels are kept where that is asked for; a folder that can only be read is used and not written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from ho_detect._kernels._cache import _link_all, _writable, troubles_with_cache
from ho_detect._kernels._jit import kernel

COUNT = """
import numpy as np
from ho_detect._kernels.run_lengths import count_runs
n = np.zeros(2, np.int64)
hu = np.array([[[0, 1, 0, 1], [1, 1, 0, 0]]], np.int16)
count_runs(hu, np.int16(1), np.int16(-9), None, np.empty((2, 1), np.uint64), n)
print(n.tolist())
"""


def count(cache: Path) -> str:
    """Use a kernel in a new process."""
    return use(cache).stdout


def use(cache: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "NUMBA_DISABLE_JIT": "0"}
    return subprocess.run([sys.executable, "-c", COUNT], env=env, check=True, capture_output=True, text=True)


def files_in(folder: Path) -> dict[str, int]:
    return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


def test_a_cache_that_can_only_be_read_is_used(tmp_path):
    cache = tmp_path / "cache"
    assert count(cache) == "[2, 1]\n"
    filled = files_in(cache)
    assert filled
    folders = [cache, *(p for p in cache.rglob("*") if p.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        if os.access(cache, os.W_OK):
            pytest.skip("this user may write anywhere")
        assert count(cache) == "[2, 1]\n"
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert files_in(cache) == filled


def test_a_place_that_is_no_folder_is_done_without(tmp_path):
    place = tmp_path / "file"
    place.write_text("")
    assert count(place / "cache") == "[2, 1]\n"
    assert place.read_text() == ""


def test_links_lead_to_what_is_there(tmp_path):
    shared, private = tmp_path / "shared", tmp_path / "private"
    (shared / "_kernels_1").mkdir(parents=True)
    (shared / "_kernels_1" / "a.nbi").write_bytes(b"index")
    private.mkdir()
    _link_all(shared, private)
    assert (private / "_kernels_1" / "a.nbi").read_bytes() == b"index"
    assert _writable(tmp_path / "new")
    assert not _writable(shared / "_kernels_1" / "a.nbi")


DAMAGE = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "without its end": lambda data: data[:-1],
    "a block of zeros": lambda data: data[: len(data) // 2] + bytes(len(data) - len(data) // 2),
    "one bit": lambda data: data[:-40] + bytes([data[-40] ^ 1]) + data[-39:],
    "something else": lambda data: bytes(len(data)),
}
SAID = "compiled code in the kernel cache was damaged: it is compiled again"


def _add_two(x):
    return x + 2


def _compiled_in(folder: Path) -> int:
    """Use a kernel of this module as a new process does; return how often it had to be compiled."""
    fresh = kernel(_add_two)
    assert fresh(1) == 3
    assert list(folder.rglob("*.nbc"))
    return sum(fresh.stats.cache_misses.values())


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
class TestDamage:
    @pytest.fixture
    def cache(self, tmp_path, monkeypatch):
        monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
        monkeypatch.setattr("ho_detect._kernels._cache._troubles", [])
        assert (_compiled_in(tmp_path), _compiled_in(tmp_path)) == (1, 0)
        return tmp_path

    @pytest.mark.parametrize("damage", DAMAGE)
    @pytest.mark.parametrize("ending", ["nbc", "nbi"])
    def test_is_taken_for_missing(self, cache, damage, ending):
        (file,) = cache.rglob(f"*.{ending}")
        file.write_bytes(DAMAGE[damage](file.read_bytes()))
        assert _compiled_in(cache) == 1
        assert troubles_with_cache() == [SAID]
        assert _compiled_in(cache) == 0

    def test_a_file_that_is_gone_is_nothing_to_speak_of(self, cache):
        next(cache.rglob("*.nbc")).unlink()
        assert (_compiled_in(cache), troubles_with_cache()) == (1, [])

    def test_where_nothing_can_be_written(self, cache, monkeypatch):
        def refuse(*_):
            raise OSError(28, "No space left on device")

        next(cache.rglob("*.nbi")).write_bytes(b"")
        monkeypatch.setattr("numba.core.caching.IndexDataCacheFile._open_for_write", refuse)
        assert (_compiled_in(cache), _compiled_in(cache)) == (1, 1)
        assert troubles_with_cache() == [
            SAID,
            "compiled code cannot be kept in the kernel cache: No space left on device",
        ]

    def test_is_said_once_in_each_process(self, tmp_path):
        count(tmp_path)
        for file in tmp_path.rglob("*.nbc"):
            file.write_bytes(b"")
        assert use(tmp_path).stderr == f"{SAID}\n"
        assert use(tmp_path).stderr == ""
