"""The distance to native bone of a box is that of the whole, and only dense voxels have one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_detection import bone_at

from ho_detect.anatomy.native.surfaces import FAR_MM
from ho_detect.detection.native_distance import NativeDistance, NearestBone
from ho_detect.image.grid import Grid

SHAPE = (14, 16, 18)
GRID = Grid.axial(SHAPE, (1.0, 1.0, 1.0))
WHOLE = (slice(None),) * 3
LOW_HU = 150.0


def made():
    """Two walls, at the first and the last column; every other slice is dense."""
    hu = np.full(SHAPE, 50.0, np.float32)
    hu[::2] = 300.0
    column = np.broadcast_to(np.arange(SHAPE[2], dtype=np.float32), SHAPE)
    bones = (bone_at("femur", GRID, column - 2.0), bone_at("pelvis", GRID, SHAPE[2] - 3.0 - column))
    return NativeDistance(hu, LOW_HU, GRID, bones)


@given(st.data())
def test_a_box_is_cut_out_of_the_whole(data):
    found, whole = made(), made()
    box = tuple(slice(*sorted((data.draw(st.integers(0, n)), data.draw(st.integers(0, n))))) for n in SHAPE)
    assert np.array_equal(found[box], whole[WHOLE][box])
    assert np.array_equal(NearestBone(found)[box], whole.look_up(WHOLE)[1][box])


def test_it_is_the_nearest_of_all_bones():
    mm, nearest = made().look_up(WHOLE)
    column = np.arange(SHAPE[2])
    expected = np.minimum(column - 2.0, SHAPE[2] - 3.0 - column)
    assert np.allclose(mm[0], expected)
    assert set(np.unique(nearest[0, :, :7])) == {1}
    assert set(np.unique(nearest[0, :, -7:])) == {2}


def test_what_is_not_dense_is_far_from_all_of_them():
    mm, nearest = made().look_up(WHOLE)
    assert (mm[1::2] == FAR_MM).all()
    assert not nearest[1::2].any()


def test_nobody_writes_to_it():
    mm, nearest = made().look_up(WHOLE)
    for array in (mm, nearest):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0, 0] = 1
