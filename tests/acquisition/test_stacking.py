"""A regular stack is found from any pose, order and length; an irregular one never passes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ho_detect.acquisition.stacking import stack_slices
from ho_detect.errors import SeriesError
from ho_detect.settings import AcquisitionSettings

ANY_POSE = AcquisitionSettings(max_oblique_degrees=60.0)


@st.composite
def stacks(draw):
    """(positions, orientations, spacings, affine) of a regular stack in random order."""
    seed = draw(st.integers(0, 2**32 - 1))
    n = draw(st.integers(3, 40))
    step = draw(st.floats(0.3, 5.9))  # with what the tests add, below the limit of 6 mm
    rng = np.random.default_rng(seed)
    frame, upper = np.linalg.qr(rng.normal(size=(3, 3)))
    frame *= np.sign(np.diag(upper))
    across, down = frame[:, 0], frame[:, 1]
    normal = np.cross(across, down)
    spacing = rng.uniform(0.3, 2.0, 2)
    origin = rng.uniform(-500, 500, 3)
    affine = np.eye(4)
    affine[:3] = np.stack([normal * step, down * spacing[0], across * spacing[1], origin], axis=1)
    order = rng.permutation(n)
    positions = origin + order[:, None] * affine[:3, 0]
    orientations = np.tile(np.r_[across, down], (n, 1))
    return positions, orientations, np.tile(spacing, (n, 1)), affine


@given(stacks())
@settings(max_examples=150, deadline=None)
def test_any_regular_stack_is_found(stack):
    positions, orientations, spacings, affine = stack
    found = stack_slices(positions, orientations, spacings, ANY_POSE)
    assert np.allclose(found.affine, affine, atol=1e-6)
    heights = positions[found.order] @ affine[:3, 0]
    assert (np.diff(heights) > 0).all()


@given(stacks(), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_the_order_of_files_changes_nothing(stack, seed):
    positions, orientations, spacings, _ = stack
    order = np.random.default_rng(seed).permutation(len(positions))
    a = stack_slices(positions, orientations, spacings, ANY_POSE)
    b = stack_slices(positions[order], orientations[order], spacings[order], ANY_POSE)
    assert np.allclose(a.affine, b.affine, atol=1e-9)
    assert np.array_equal(a.order, order[b.order])


@given(stacks(), st.floats(-0.04, 0.04))
@settings(max_examples=60, deadline=None)
def test_rounding_of_a_position_is_no_fault(stack, jitter):
    positions, orientations, spacings, affine = stack
    moved = positions.copy()
    moved[0] += jitter * affine[:3, 0] / np.linalg.norm(affine[:3, 0]) / 2
    found = stack_slices(moved, orientations, spacings, ANY_POSE)
    assert abs(found.affine - affine).max() < 0.05


@given(stacks(), st.floats(0.6, 25.0), st.sampled_from([-1, 1]), st.floats(0, 6.28))
@settings(max_examples=100, deadline=None)
def test_any_tilt_is_seen(stack, degrees, sign, direction):
    positions, orientations, spacings, affine = stack
    normal = affine[:3, 0] / np.linalg.norm(affine[:3, 0])
    sideways = np.cos(direction) * orientations[0, :3] + np.sin(direction) * orientations[0, 3:]
    lean = sign * np.tan(np.radians(degrees)) * sideways
    heights = (positions - affine[:3, 3]) @ normal
    with pytest.raises(SeriesError) as caught:
        stack_slices(positions + heights[:, None] * lean, orientations, spacings, ANY_POSE)
    assert caught.value.reason == "tilted"


@given(stacks(), st.data())
@settings(max_examples=100, deadline=None)
def test_a_slice_left_out_of_the_middle_is_missed(stack, data):
    positions, orientations, spacings, affine = stack
    heights = positions @ affine[:3, 0]
    inner = np.argsort(heights)[1:-1]
    if len(positions) < 5:
        return
    gone = inner[data.draw(st.integers(0, len(inner) - 1))]
    keep = np.arange(len(positions)) != gone
    with pytest.raises(SeriesError) as caught:
        stack_slices(positions[keep], orientations[keep], spacings[keep], ANY_POSE)
    assert caught.value.reason == "missing_slices"
    assert caught.value.detail.startswith("1 missing")


@given(stacks(), st.data(), st.floats(0.1, 0.9))
@settings(max_examples=100, deadline=None)
def test_a_moved_slice_is_never_accepted(stack, data, share):
    positions, orientations, spacings, affine = stack
    moved = positions.copy()
    k = data.draw(st.integers(0, len(positions) - 1))
    by = data.draw(st.sampled_from(["along", "aside"]))
    step = np.linalg.norm(affine[:3, 0])
    moved[k] += affine[:3, 0] * share if by == "along" else orientations[0, :3] * (0.7 + share)
    if by == "along" and share * step < 3 * ANY_POSE.step_tolerance_mm:
        return
    with pytest.raises(SeriesError) as caught:
        stack_slices(moved, orientations, spacings, ANY_POSE)
    assert caught.value.reason in ("uneven_spacing", "missing_slices", "bad_geometry", "tilted")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("where", ["position", "orientation", "spacing"])
def test_numbers_that_are_none_are_bad_geometry(bad, where):
    arrays = {
        "position": np.outer(np.arange(12.0), [0, 0, 2]),
        "orientation": np.tile([1.0, 0, 0, 0, 1, 0], (12, 1)),
        "spacing": np.ones((12, 2)),
    }
    arrays[where][4, 1] = bad
    with pytest.raises(SeriesError) as caught:
        stack_slices(arrays["position"], arrays["orientation"], arrays["spacing"], ANY_POSE)
    assert caught.value.reason == "bad_geometry"
