"""A reader's outlines as a label map on the grid of the series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ho_detect.errors import UsageError
from ho_detect.image.files import read_image
from ho_detect.image.grid import Grid

#: Voxels of two grids that lie no farther apart are the same, share of a voxel. 3D Slicer and ITK-SNAP round.
_SAME = 0.1


def read_outlines(path: Path, grid: Grid) -> NDArray[np.uint16]:
    """Read a label map (NIfTI, NRRD, MetaImage) that an editor wrote.

    It may cover less or more than the series, in any orientation: its voxels must be those of the series.

    Parameters
    ----------
    grid
        Of the series.

    Returns
    -------
    (slice, row, column) uint16.

    Raises
    ------
    UsageError
        It cannot be read, holds no whole numbers, holds labels outside of the series, or lies on another grid.
    """
    values, theirs = read_image(path)
    if not np.array_equal(values, values.astype(np.uint16)):
        raise UsageError("no label map: not whole numbers from 0 to 65535", path)
    index = np.argwhere(values)
    place = grid.to_index(theirs.to_lps(index))
    voxel = np.rint(place).astype(np.int64)
    if index.size and np.abs(place - voxel).max() > _SAME:
        raise UsageError("the label map lies on another grid than the series: save it on the grid of the CT", path)
    if ((voxel < 0) | (voxel >= np.array(grid.shape))).any():
        raise UsageError("the label map holds labels outside of the series", path)
    out = np.zeros(grid.shape, np.uint16)
    out[tuple(voxel.T)] = values[tuple(index.T)]
    if np.count_nonzero(out) != len(index):
        raise UsageError("the label map is finer than the series: save it on the grid of the CT", path)
    return out
