"""Found, missed and false as this project's evaluation counts them: against a plain twin with distance transforms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phantoms import ball
from scipy import ndimage as ndi

from ho_detect.agreement.overlap import overlap
from ho_detect.image.grid import Grid

SHAPE = (24, 30, 34)
GRID = Grid.axial(SHAPE, (1.5, 0.8, 0.9))
BALLS = st.lists(
    st.tuples(st.tuples(*[st.integers(2, n - 3) for n in SHAPE]), st.floats(1.5, 6.0)), min_size=0, max_size=4
)


def painted(balls):
    labels = np.zeros(SHAPE, np.uint16)
    for number, (center, radius) in enumerate(balls, 1):
        labels[ball(SHAPE, center, radius)] = number
    return labels


def naive(reference, result, ignored):
    """Return cover by label, false labels, Dice, volumes in voxels."""
    near = reference > 0
    if reference.any():
        near = ndi.distance_transform_edt(reference == 0, sampling=GRID.spacing_mm) <= 3 + 1e-6
    cover = {int(n): float((result[reference == n] > 0).mean()) for n in np.unique(reference) if n}
    false = [
        int(n) for n in np.unique(result) if n and near[result == n].mean() < 0.1 and ignored[result == n].mean() < 0.5
    ]
    a, b = (reference > 0) & ~ignored, (result > 0) & ~ignored
    dice = 2 * (a & b).sum() / (a.sum() + b.sum()) if a.any() else None
    return cover, false, dice, a.sum(), b.sum()


@given(BALLS, BALLS, BALLS)
def test_equals_the_plain_twin(one, other, aside):
    reference, result, ignored = painted(one), painted(other), painted(aside) > 0
    found = overlap(reference, result, GRID, ignored)
    cover, false, dice, n_reference, n_result = naive(reference, result, ignored)
    assert {r.label: r.cover for r in found.reference} == pytest.approx(cover)
    assert [f.label for f in found.false] == false
    assert found.dice == (None if dice is None else pytest.approx(dice))
    voxel = GRID.voxel_volume_mm3
    assert (found.reference_mm3, found.result_mm3) == pytest.approx((n_reference * voxel, n_result * voxel))


@given(BALLS)
def test_the_same_agrees_wholly(balls):
    labels = painted(balls)
    found = overlap(labels, labels, GRID)
    assert all(r.found and r.partner == r.label and r.partner_dice == 1.0 for r in found.reference)
    assert len(found.reference) == len(np.unique(labels)) - (0 in labels)
    assert found.false == ()
    assert found.dice == (1.0 if labels.any() else None)


@pytest.mark.parametrize(("share", "found"), [(0.29, False), (0.31, True)])
def test_a_lesion_is_found_from_thirty_percent_on(share, found):
    reference = np.zeros((1, 1, 100), np.uint16)
    reference[...] = 1
    result = np.zeros_like(reference)
    result[0, 0, : round(100 * share)] = 4
    (lesion,) = overlap(reference, result, Grid.axial((1, 1, 100), (1, 1, 1))).reference
    assert (lesion.found, lesion.partner) == (found, 4)


@pytest.mark.parametrize(("gap", "false"), [(2, []), (3, []), (4, [1])])
def test_a_label_is_false_beyond_three_millimetres(gap, false):
    reference = np.zeros((1, 1, 40), np.uint16)
    reference[0, 0, :5] = 1
    result = np.zeros_like(reference)
    result[0, 0, 4 + gap : 4 + gap + 2] = 1
    found = overlap(reference, result, Grid.axial((1, 1, 40), (1, 1, 1)))
    assert [f.label for f in found.false] == false
