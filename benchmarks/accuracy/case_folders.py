"""Cases of another generator: folders of DICOM with ``truth.npz`` beside it, as the scorer of findings reads them.

``truth.npz`` holds, on the series' own grid (slice, row, column): ``lesions`` (numbers of lesions), ``dont_care`` (where
nothing counts either way), ``native`` (native bone, where the generator tells it), ``origin`` and ``spacing``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from labels import Truth

from ho_detect.acquisition.volume.hu_volume import HuVolume


def cases_in(folders: list[Path]) -> list[Path]:
    """Return the subfolders that hold a case, in order of their names."""
    return sorted(p.parent for folder in folders for p in folder.glob("*/truth.npz"))


def truth_of_case(case: Path, volume: HuVolume) -> Truth:
    """Return what a case says, on its volume's canonical grid.

    Raises
    ------
    ValueError
        Its truth lies on another grid than its series.
    """
    stored = np.load(case / "truth.npz")
    lesions, grid = stored["lesions"], volume.grid
    if lesions.shape != grid.shape or not np.allclose(stored["spacing"], grid.spacing_mm, atol=0.01):
        message = f"{case}: truth of {lesions.shape} voxels, series of {grid.shape}"
        raise ValueError(message)
    canonical = grid.turned
    native = canonical(stored["native"]) > 0 if "native" in stored.files else None
    hidden = canonical(stored["dont_care"]).astype(bool)
    return Truth(
        grid.to_canonical()[0],
        canonical(lesions.astype(np.uint16)),
        native,
        near_metal=hidden if hidden.any() else None,
    )
