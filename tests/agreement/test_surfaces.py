"""Distances between surfaces by MONAI's definitions, against a plain twin with distance transforms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phantoms import ball
from scipy import ndimage as ndi

from ho_detect.agreement.surfaces import surface_distances
from ho_detect.image.grid import Grid

SHAPE = (20, 24, 28)
SPACING = (1.5, 0.8, 0.9)
GRID = Grid.axial(SHAPE, SPACING)
BALL = st.tuples(st.tuples(*[st.integers(1, n - 2) for n in SHAPE]), st.floats(1.5, 9.0))


def edges(mask):
    return mask ^ ndi.binary_erosion(mask)


def naive(one, other):
    """Return the distances of either mask's edges to the other's: get_mask_edges and get_surface_distance of MONAI."""
    first, second = edges(one), edges(other)
    return (
        ndi.distance_transform_edt(~second, sampling=SPACING)[first],
        ndi.distance_transform_edt(~first, sampling=SPACING)[second],
    )


@given(BALL, BALL)
def test_equals_the_plain_twin(one, other):
    a, b = ball(SHAPE, *one), ball(SHAPE, *other)
    there, back = naive(a, b)
    found = surface_distances(a, b, GRID)
    assert found.there == pytest.approx(there)
    assert found.back == pytest.approx(back)
    assert found.hausdorff_mm() == pytest.approx(max(there.max(), back.max()))
    assert found.hausdorff_mm(95) == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)))
    assert found.average_mm == pytest.approx(np.concatenate([there, back]).mean())
    within = (there <= 2.0).sum() + (back <= 2.0).sum()
    assert found.dice(2.0) == pytest.approx(within / (len(there) + len(back)))


@given(BALL, BALL)
def test_neither_is_first(one, other):
    a, b = ball(SHAPE, *one), ball(SHAPE, *other)
    first, second = surface_distances(a, b, GRID), surface_distances(b, a, GRID)
    assert first.hausdorff_mm(95) == pytest.approx(second.hausdorff_mm(95))
    assert first.average_mm == pytest.approx(second.average_mm)


def test_a_box_moved_by_two_voxels():
    a, b = np.zeros((2, *SHAPE), bool)
    a[5:10, 5:12, 5:14] = True
    b[5:10, 5:12, 7:16] = True
    found = surface_distances(a, b, GRID)
    assert found.hausdorff_mm() == pytest.approx(2 * 0.9)
    assert found.dice(1.79) < 1.0 == found.dice(1.81)


def test_nothing_has_no_surface():
    assert surface_distances(np.zeros(SHAPE, bool), ball(SHAPE, (10, 10, 10), 4), GRID) is None
