"""A volume made of shifted, uneven or missing slices shows the patient where the patient is."""

from __future__ import annotations

import numpy as np
import pytest
from dicom_files import CtSeries, hu_at, write_series
from hypothesis import given, settings
from hypothesis import strategies as st

from ho_detect.acquisition.series.index import index_series
from ho_detect.acquisition.series.stacking import Stack
from ho_detect.acquisition.volume.hounsfield import AIR_HU
from ho_detect.acquisition.volume.load import load_volume
from ho_detect.acquisition.volume.true_grid import shifted, to_true_grid
from ho_detect.settings import Settings
from ho_detect.system.pseudonyms import Pseudonyms

SPEC = CtSeries(n_slices=40, rows=104, columns=70, spacing=(1.0, 1.1), step=1.0, origin=(-38.0, -52.0, 700.0))


def volume_of(folder, heights, degrees):
    """What becomes of a series with slices at these heights (mm), tilted about the patient's left-right axis."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    spec = CtSeries(**{**vars(SPEC), "n_slices": len(heights), "orientation": (1, 0, 0, 0, c, s)})

    def edit(k, ds):
        # the table moves along z: slices lie above each other; the ball of bone in the middle of the stack
        position = np.array([*spec.origin[:2], 718 - 48 * s / c + heights[k] - heights[-1] / 2])
        ds.ImagePositionPatient = [f"{v:.5f}" for v in position]
        hu = spec.slice_hu(k, position)
        ds.PixelData = (np.rint(hu).astype(int) + 1024).astype("<u2").tobytes()

    write_series(folder, spec, edit=edit)
    (entry,) = index_series([folder], Settings().acquisition)
    assert entry.analyse, (entry.reason, entry.detail)
    return entry, load_volume(entry, Settings(), Pseudonyms(bytes(16)))


def differences(volume):
    """HU of the volume less what was imaged, at its own LPS coordinates; where an image was."""
    index = np.moveaxis(np.indices(volume.hu.shape), 0, -1)
    truth = np.maximum(hu_at(volume.grid.to_lps(index)), AIR_HU)
    return (volume.hu - truth)[volume.hu > AIR_HU]


STEPS = {
    "even": (np.arange(40.0), []),
    "uneven": (np.cumsum(np.tile([0.6, 1.0, 1.7], 13)), ["resampled_spacing"]),
    "two steps": (np.cumsum([0.8] * 20 + [2.0] * 12), ["resampled_spacing"]),
    "gaps": (np.array([k for k in range(40) if k not in (5, 19)], float), ["gaps_filled"]),
}


@pytest.mark.parametrize("degrees", [0.0, 14.0, -18.5, 27.0])
@pytest.mark.parametrize("steps", STEPS)
def test_hu_lie_where_the_patient_is(tmp_path, steps, degrees):
    heights, repairs = STEPS[steps]
    entry, volume = volume_of(tmp_path, heights, degrees)
    assert {f.code for f in volume.flags} == set(repairs + ["resampled_tilt"] * bool(degrees))
    off = differences(volume)
    # interpolation rounds the edges of body and bone; nothing lies elsewhere: a volume shifted by 1 mm is off by
    # ten times as much
    assert abs(off.mean()) < 2.0
    assert np.quantile(abs(off), 0.9) < 12.0
    assert volume.spacing_mm == pytest.approx(entry.spacing_mm)
    bone = np.count_nonzero(volume.hu > 450) * volume.grid.voxel_volume_mm3
    assert bone == pytest.approx(4 / 3 * np.pi * 7.57**3, rel=0.03)


@st.composite
def cases(draw):
    seed = draw(st.integers(0, 2**32 - 1))
    n = draw(st.integers(2, 12))
    rng = np.random.default_rng(seed)
    heights = np.concatenate([[0.0], np.cumsum(rng.uniform(0.1, 2.0, n - 1))])
    heights *= np.ceil(heights[-1]) / heights[-1]
    shifts = rng.uniform(0, 9, (n, 2)) * draw(st.sampled_from([0.0, 1.0]))
    shifts -= shifts.min(axis=0)
    slopes = rng.uniform(-1.5, 1.5, 3)  # no HU beyond what air and int16 allow
    return heights, shifts, slopes


@given(cases())
@settings(max_examples=80, deadline=None)
def test_what_changes_linearly_with_place_is_kept(case):
    heights, shifts, slopes = case
    n_slices = round(heights[-1]) + 1
    stack = Stack(np.arange(len(heights)), np.eye(4), n_slices, heights, shifts)
    r, c = np.mgrid[:15, :13]
    images = [100 * (h * slopes[0] + (r + a) * slopes[1] + (c + b) * slopes[2])
              for h, (a, b) in zip(heights, shifts, strict=True)]  # fmt: skip
    images = np.rint(np.array(images) + 8000).astype(np.int16)
    out = to_true_grid(images, stack)
    assert out.shape == (n_slices, *stack.plane_shape(15, 13))
    index = np.moveaxis(np.indices(out.shape), 0, -1)
    covered = np.ones(out.shape, bool)
    for k in range(n_slices):
        j = np.clip(np.searchsorted(heights, k + 1e-6) - 1, 0, len(heights) - 1)
        for i in (j, min(j + 1, len(heights) - 1)):
            inside = [(index[k, ..., a + 1] >= shifts[i, a] - 0.5) & (index[k, ..., a + 1] <= shifts[i, a] + n - 0.5)
                      for a, n in ((0, 15), (1, 13))]  # fmt: skip
            covered[k] &= inside[0] & inside[1]
    truth = 100 * (index @ slopes) + 8000
    assert abs(out - truth)[covered].max(initial=0) <= 2.0


def test_whole_shifts_move_pixels_and_nothing_else():
    plane = np.random.default_rng(1).integers(-1000, 3000, (6, 5)).astype(np.int16)
    out = shifted(plane, np.array([2.0, 3.0]), (9, 9))
    assert np.array_equal(out[2:8, 3:8], plane)
    assert (np.delete(np.delete(out, slice(2, 8), 0), slice(3, 8), 1) == AIR_HU).all()


def test_a_regular_stack_is_not_touched():
    hu = np.zeros((3, 4, 5), np.int16)
    assert to_true_grid(hu, Stack(np.arange(3), np.eye(4), 3, np.arange(3.0), np.zeros((3, 2)))) is hu
