"""Compiled kernels are kept where that is asked for; a folder that can only be read is used and not written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ho_detect._kernels._cache import _link_all, _writable

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
    env = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "NUMBA_DISABLE_JIT": "0"}
    return subprocess.run([sys.executable, "-c", COUNT], env=env, check=True, capture_output=True, text=True).stdout


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
