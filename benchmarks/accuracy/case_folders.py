"""Cases of another generator: folders of DICOM with ``truth.npz`` beside it, as the scorer of findings reads them.

``truth.npz`` holds, with axes (superior, posterior, left): ``lesions`` (numbers of lesions), ``dont_care`` (where
nothing counts either way), ``native`` (native bone, where the generator tells it), ``origin`` (x, y, z LPS, mm) and
``spacing`` (z, y, x, mm). ``write_cases.py`` writes such folders too.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from labels import Truth

from ho_detect.image.grid import Grid


def cases_in(folders: list[Path]) -> list[Path]:
    """Return the subfolders that hold a case, in order of their names."""
    return sorted(p.parent for folder in folders for p in folder.glob("*/truth.npz"))


def truth_of_case(case: Path, grid: Grid) -> Truth:
    """Return what a case says, on the grid of its series.

    Raises
    ------
    ValueError
        Its truth lies on another grid than its series, up to the order and the direction of the axes.
    """
    stored = np.load(case / "truth.npz")
    lesions, canonical = stored["lesions"], grid.to_canonical()[0]
    told = Grid.axial(lesions.shape, stored["spacing"], stored["origin"])
    if told.shape != canonical.shape or not np.allclose(told.affine, canonical.affine, atol=0.05):
        raise ValueError(f"{case}: truth and series lie on different grids")
    hidden = stored["dont_care"].astype(bool)
    return Truth(
        canonical,
        lesions.astype(np.uint16),
        stored["native"] > 0 if "native" in stored.files else None,
        near_metal=hidden if hidden.any() else None,
    )
