"""Whether kernels were compiled before, asked without importing numba: the first analysis of an installation compiles.

It looks where :mod:`ho_detect._kernels._cache` keeps compiled code. Another processor or another numba compiles again
all the same; that is not asked.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Final

#: Of a kernel that every analysis calls.
_MODULE: Final = "surface_fit"


def compiled_before() -> bool:
    """Whether compiled code is kept for this user and installation, not older than its source."""
    source = Path(__file__).with_name(f"{_MODULE}.py")
    version = f"py{sys.version_info.major}{sys.version_info.minor}"
    found = [path for place in _places(source.parent) for path in place.glob(f"{_MODULE}.*.{version}.nbi")]
    return any(path.stat().st_mtime >= source.stat().st_mtime for path in found)


def _places(folder: Path) -> list[Path]:
    """Return the folders in which numba may keep what it compiles of the modules in a folder."""
    # as numba names it
    name = f"{folder.name}_{hashlib.sha1(os.path.abspath(folder).encode()).hexdigest()}"  # noqa: S324, PTH100
    if named := os.environ.get("NUMBA_CACHE_DIR"):
        return [Path(named) / name]
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return [folder / "__pycache__", Path(caches) / "numba" / name]
