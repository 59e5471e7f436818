"""A regular stack is found from any pose, order and length; an irregular one never passes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ho_detect.acquisition.series.stacking import stack_slices
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


def misplaced_mm(stack, positions):
    """How far the first voxels of the used images lie from where their headers say, mm."""
    index = np.column_stack([stack.heights, stack.shifts])
    return np.linalg.norm(index @ stack.affine[:3, :3].T + stack.affine[:3, 3] - positions[stack.order], axis=1).max()


def stacked(positions, orientations, spacings):
    """The stack, or the reason why there is none."""
    try:
        return stack_slices(positions, orientations, spacings, ANY_POSE)
    except SeriesError as error:
        return error.reason


def codes(stack):
    return [f.code for f in stack.repairs]


@given(stacks(), st.floats(0.11, 25.0), st.sampled_from([-1, 1]), st.floats(0, 6.28))
@settings(max_examples=100, deadline=None)
def test_any_tilt_ends_on_a_true_grid(stack, degrees, sign, direction):
    positions, orientations, spacings, affine = stack
    normal = affine[:3, 0] / np.linalg.norm(affine[:3, 0])
    sideways = np.cos(direction) * orientations[0, :3] + np.sin(direction) * orientations[0, 3:]
    heights = (positions - affine[:3, 3]) @ normal
    leaning = positions + (heights * sign * np.tan(np.radians(degrees)))[:, None] * sideways
    found = stack_slices(leaning, orientations, spacings, ANY_POSE)
    assert codes(found) == ["resampled_tilt"]
    assert misplaced_mm(found, leaning) < 1e-6
    gram = found.affine[:3, :3].T @ found.affine[:3, :3]
    assert np.allclose(gram, np.diag(np.diag(gram)), atol=1e-9)
    assert np.isclose(found.step_mm, np.linalg.norm(affine[:3, 0]))
    assert found.shifts.min() == 0


@given(stacks(), st.data())
@settings(max_examples=100, deadline=None)
def test_a_slice_left_out_of_the_middle_is_filled_and_said_or_missed(stack, data):
    positions, orientations, spacings, affine = stack
    step = np.linalg.norm(affine[:3, 0])
    inner = np.argsort(positions @ affine[:3, 0])[1:-1]
    if len(positions) < 5:
        return
    gone = inner[data.draw(st.integers(0, len(inner) - 1))]
    keep = np.arange(len(positions)) != gone
    if 2 * step <= ANY_POSE.max_gap_mm:
        found = stack_slices(positions[keep], orientations[keep], spacings[keep], ANY_POSE)
        assert codes(found) == ["gaps_filled"]
        assert "1 slices" in found.repairs[0].message
        assert np.allclose(found.affine, affine, atol=1e-6)
        assert found.n_slices == len(positions)
        assert not (found.heights % 1).any()
        return
    found = stacked(positions[keep], orientations[keep], spacings[keep])
    if found != "missing_slices":
        assert codes(found) == ["part_of_series"]
        assert ANY_POSE.min_slices <= found.n_slices == len(found.order) < len(positions) - 1
        assert misplaced_mm(found, positions[keep]) < 1e-6
        assert np.allclose(found.affine[:3, :3], affine[:3, :3], atol=1e-6)


@given(stacks(), st.data(), st.floats(0.1, 0.9))
@settings(max_examples=100, deadline=None)
def test_a_moved_slice_is_never_taken_in_silence(stack, data, share):
    positions, orientations, spacings, affine = stack
    moved = positions.copy()
    k = data.draw(st.integers(0, len(positions) - 1))
    by = data.draw(st.sampled_from(["along", "aside"]))
    step = np.linalg.norm(affine[:3, 0])
    moved[k] += affine[:3, 0] * share if by == "along" else orientations[0, :3] * (0.7 + share)
    if by == "along" and share * step < 3 * ANY_POSE.step_tolerance_mm:
        return
    found = stacked(moved, orientations, spacings)
    if found not in ("uneven_spacing", "missing_slices", "bad_geometry", "several_volumes", "tilted", "too_thick"):
        assert found.repairs
        assert misplaced_mm(found, moved) < 0.3


@given(stacks(), st.integers(0, 2**32 - 1), st.floats(0, 25.0), st.floats(0.2, 5.9))
@settings(max_examples=150, deadline=None)
def test_whatever_the_steps_images_lie_where_their_headers_say(stack, seed, degrees, longest):
    positions, orientations, spacings, affine = stack
    rng = np.random.default_rng(seed)
    steps = rng.uniform(0.1, max(longest, 0.2), len(positions) - 1)
    heights = np.concatenate([[0], np.cumsum(steps)])
    normal = affine[:3, 0] / np.linalg.norm(affine[:3, 0])
    uneven = affine[:3, 3] + heights[:, None] * (normal + np.tan(np.radians(degrees)) * orientations[0, 3:])
    found = stack_slices(uneven, orientations, spacings, ANY_POSE)
    tolerance = max(ANY_POSE.step_tolerance_mm, 0.01 * np.median(steps))
    assert misplaced_mm(found, uneven) < len(steps) * tolerance * 1.5
    if "resampled_spacing" in codes(found):
        assert misplaced_mm(found, uneven) < 1e-6
        assert found.n_slices <= 2 * len(positions)
    assert bool(found.repairs) or (abs(steps - np.median(steps)) <= tolerance).all()


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
