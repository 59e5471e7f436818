import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ho_detect._kernels import compiled

CALL = (
    "import numpy as np; from ho_detect._kernels.surface_fit import surface_normals as f;"
    "f(np.zeros((3, 3)), np.zeros((1, 3), np.int64), np.zeros((3, 3)))"
)


def test_numba_keeps_what_it_compiles_where_it_is_looked_for(tmp_path):
    """The names of folder and file are numba's own: a version that changes them is noticed here."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    ask = "from ho_detect._kernels.compiled import compiled_before; print(compiled_before())"
    before, _, after = (
        subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
        for code in (ask, CALL, ask)
    )
    assert (before, after) == ("False\n", "True\n")


def test_code_older_than_its_source_does_not_count(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    (place,) = compiled._places(Path(compiled.__file__).parent)
    place.mkdir()
    kept = place / f"surface_fit.f-1.py{sys.version_info.major}{sys.version_info.minor}.nbi"
    kept.write_bytes(b"")
    assert compiled.compiled_before()
    os.utime(kept, (time.time(), 1.0))
    assert not compiled.compiled_before()


@pytest.mark.parametrize("where", ["XDG_CACHE_HOME", "HOME"])
def test_the_users_own_cache_is_looked_into_too(tmp_path, monkeypatch, where):
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(where, str(tmp_path))
    assert compiled._places(Path("/a/_kernels"))[1].is_relative_to(tmp_path)
