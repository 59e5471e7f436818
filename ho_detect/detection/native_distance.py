"""Distance of dense voxels to native bone, worked out for the box that is asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ho_detect._kernels.bone_distance import lower_distance
from ho_detect.anatomy.native_bone import FAR_MM, BoneDistance
from ho_detect.geometry import Grid

Box = tuple[slice, slice, slice]


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

    smooth: NDArray[np.float32]
    low_hu: float
    grid: Grid
    bones: tuple[BoneDistance, ...]

    def __getitem__(self, box: Box) -> NDArray[np.float32]:
        """Return mm in a box, positive outside of the bones."""
        return self.look_up(box)[0]

    def look_up(self, box: Box) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Return mm in a box, and 1 + the number of the nearest bone, 0 where none is near."""
        smooth = self.smooth[box]
        start = np.array([s.indices(n)[0] for s, n in zip(box, self.smooth.shape, strict=True)])
        distance = np.full(smooth.shape, FAR_MM, np.float32)
        nearest = np.zeros(smooth.shape, np.uint8)
        rows = smooth.shape[0] * smooth.shape[1]
        for number, bone in enumerate(self.bones, 1):
            to_field = np.linalg.inv(bone.grid.affine) @ self.grid.affine
            matrix, offset = np.ascontiguousarray(to_field[:3, :3]), np.ascontiguousarray(to_field[:3, 3])
            lower_distance(rows, smooth, self.low_hu, start, bone.mm, matrix, offset, number, distance, nearest)
        return distance, nearest


@dataclass(frozen=True, eq=False)
class NearestBone:
    """1 + the number of the nearest bone, 0 where none is near; indexed with a box like an array."""

    distance: NativeDistance

    def __getitem__(self, box: Box) -> NDArray[np.uint8]:
        """Return numbers in a box."""
        return self.distance.look_up(box)[1]
