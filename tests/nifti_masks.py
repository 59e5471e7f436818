"""NIfTI masks written for the tests: a mask on one of our grids, stored in any axis order and direction."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
from nibabel import orientations

from ho_detect.image.grid import Grid


def write_mask(path: Path, inside, grid: Grid, axes: str = "RAS", dtype=np.uint8, inside_value=1) -> Path:
    """Write a (slice, row, column) mask so that its stored axes run as ``axes`` say, "LPS" for instance."""
    to_ras = np.diag([-1.0, -1.0, 1.0, 1.0])
    image = nibabel.Nifti1Image((np.asarray(inside) * inside_value).astype(dtype), to_ras @ grid.affine)
    turn = orientations.ornt_transform(
        orientations.io_orientation(image.affine), orientations.axcodes2ornt(tuple(axes))
    )
    image = image.as_reoriented(turn)
    image.set_sform(image.affine, code=1)
    image.set_qform(image.affine, code=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(image, path)
    return path
