"""A value of each voxel of some components, without room for what lies between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ho_detect._kernels.run_lengths import paint_values, put_in_runs
from ho_detect.image.components import Components
from ho_detect.image.run_lengths import BoolArray, spans_of


class RunValues:
    """A uint8 for each voxel of some components; indexed like a volume that is 0 elsewhere.

    Parameters
    ----------
    components
        Whose runs hold the voxels, V of them.
    value
        What each voxel has at first.
    """

    def __init__(self, components: Components, value: int) -> None:
        self.shape = components.shape
        self.dtype = np.dtype(np.uint8)
        self.runs = components.runs
        #: (R + 1,) number of the first voxel of each run.
        self.first_voxel = np.concatenate([[0], np.cumsum(self.runs.stop - self.runs.start, dtype=np.int64)])
        #: (V,) values, run by run.
        self.values = np.full(int(self.first_voxel[-1]), value, np.uint8)

    def __getitem__(self, box: slice | tuple[slice, ...]) -> NDArray[np.uint8]:
        """Return a box of the volume."""
        spans = spans_of(box, self.shape)
        out = np.zeros([s.stop - s.start for s in spans], np.uint8)
        corner = np.array([s.start for s in spans])
        runs = self.runs
        rows = out.shape[0] * out.shape[1]
        paint_values(rows, self.shape[1], corner, runs.first, runs.start, runs.stop, self.first_voxel, self.values, out)
        return out

    def put(self, box: tuple[slice, ...], mask: BoolArray, value: int) -> None:
        """Give the voxels of a mask, which lies in a box, that are of the components this value."""
        corner = np.array([s.start for s in spans_of(box, self.shape)])
        runs = self.runs
        where = runs.first, runs.start, runs.stop, self.first_voxel
        put_in_runs(len(mask) * mask.shape[1], self.shape[1], corner, *where, mask.view(np.uint8), value, self.values)

    def put_all(self, which: BoolArray, value: int) -> None:
        """Give all voxels of those components, (C,) bool, this value."""
        runs = self.runs
        self.values[np.repeat(which[runs.component], runs.stop - runs.start)] = value

    def least(self, n_components: int) -> NDArray[np.uint8]:
        """Return the smallest value of each component."""
        found = np.full(n_components, 255, np.uint8)
        if self.values.size:
            np.minimum.at(found, self.runs.component, np.minimum.reduceat(self.values, self.first_voxel[:-1]))
        return found
