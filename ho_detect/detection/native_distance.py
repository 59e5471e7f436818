"""Distance of dense voxels to native bone, worked out for the box that is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ho_detect._kernels.bone_distance import lower_distance
from ho_detect.anatomy.native.surfaces import FAR_MM, BoneDistance
from ho_detect.image.grid import Grid
from ho_detect.image.lazy import LastBox, Spans
from ho_detect.image.run_lengths import spans_of
from ho_detect.image.smoothing import Smoothed

Box = tuple[slice, slice, slice]
_LookedUp = tuple[NDArray[np.float32], NDArray[np.uint8]]


@dataclass(frozen=True, eq=False)
class NativeDistance:
    """Distance to the nearest native surface; indexed with a box like an array of the region's shape.

    Parameters
    ----------
    smooth
        (Z, Y, X) HU of the region.
    low_hu
        Voxels below it are :data:`.FAR_MM` away: they are never asked for.
    """

    smooth: Smoothed
    low_hu: float
    grid: Grid
    bones: tuple[BoneDistance, ...]
    _last: LastBox[_LookedUp] = field(default_factory=LastBox)

    def __getitem__(self, box: Box) -> NDArray[np.float32]:
        """Return mm in a box, positive outside of the bones."""
        return self.look_up(box)[0]

    def look_up(self, box: Box) -> _LookedUp:
        """Return mm in a box, and 1 + the number of the nearest bone, 0 where none is near; not to be written to."""
        return self._last.get(spans_of(box, self.smooth.shape), self._looked_up)

    def _looked_up(self, spans: Spans) -> _LookedUp:
        smooth, start = self.smooth[spans], np.array([s.start for s in spans])
        distance = np.full(smooth.shape, FAR_MM, np.float32)
        nearest = np.zeros(smooth.shape, np.uint8)
        rows = smooth.shape[0] * smooth.shape[1]
        for number, bone in enumerate(self.bones, 1):
            to_field = self.grid.onto(bone.grid)
            lower_distance(rows, smooth, self.low_hu, start, bone.mm, *to_field, number, distance, nearest)
        distance.setflags(write=False)
        nearest.setflags(write=False)
        return distance, nearest


@dataclass(frozen=True, eq=False)
class NearestBone:
    """1 + the number of the nearest bone, 0 where none is near; indexed with a box like an array."""

    distance: NativeDistance

    def __getitem__(self, box: Box) -> NDArray[np.uint8]:
        """Return numbers in a box."""
        return self.distance.look_up(box)[1]
