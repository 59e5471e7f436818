"""The warmup command compiles once and says so; a cache that cannot be made is wrong usage before any work."""

from __future__ import annotations

import pytest


@pytest.fixture
def compiled(monkeypatch):
    """How often all was compiled; the analysis of a scan has tests of its own."""
    calls = []
    monkeypatch.setattr("ho_detect.cli.warmup_scan.compile_all", lambda: calls.append(1))
    monkeypatch.setattr("ho_detect._kernels._cache.troubles_with_cache", lambda: ["the cache is read-only"])
    return calls


def test_it_compiles_once_and_tells_what_stands_against_keeping_it(call, compiled):
    status, out, err = call("warmup")
    assert (status, out, compiled) == (0, "", [1])
    assert "Note: the cache is read-only\n" in err
    assert "compiled, or found compiled, in 0 s" in err


def test_a_cache_below_a_file_is_refused_before_any_work(call, compiled, tmp_path):
    (tmp_path / "file").write_text("x")
    status, _, err = call("warmup", "--cache", tmp_path / "file" / "cache")
    assert (status, compiled) == (2, [])
    assert "cannot make the cache folder" in err


def test_the_cache_is_made_and_used(call, compiled, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", "before")
    assert call("warmup", "--cache", tmp_path / "a" / "b")[0] == 0
    assert (tmp_path / "a" / "b").is_dir()
    import os

    assert os.environ["NUMBA_CACHE_DIR"] == str((tmp_path / "a" / "b").resolve())
