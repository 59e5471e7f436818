"""A cleft between a lesion and bone is seen where the scan has blurred it shut; a lucent core is none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_contacts import HEIGHT_MM, MUSCLE_HU, scanned

from ho_detect.detection.measure.cleft import clefts_beneath


def found(gap_mm, **how):
    hu, distance_mm, mask = scanned(gap_mm, **how)
    contact = np.roll(mask, -1, axis=0) & ~mask & (distance_mm <= 0)
    return clefts_beneath(hu, distance_mm, mask, contact, MUSCLE_HU, (1.0, 1.0, 1.0)), mask


@pytest.mark.parametrize("noise_hu", [0.0, 25.0])
@pytest.mark.parametrize("off_mm", [-1.0, -0.5, 0.0])
def test_a_cleft_of_3_mm_is_seen_where_the_fit_is_off_too(off_mm, noise_hu):
    clefts, mask = found(3.0, off_mm=off_mm, noise_hu=noise_hu)
    assert clefts.share > 0.9
    # what lies beneath it is no part of the lesion
    assert not (clefts.beneath & mask & (HEIGHT_MM > 3.5)).any()
    assert (clefts.beneath & (HEIGHT_MM < 1.0)).sum() > 200


@pytest.mark.parametrize("core_hu", [120.0, 300.0, 600.0])
@pytest.mark.parametrize("off_mm", [-1.0, 0.0, 1.0])
def test_a_lesion_that_stands_on_bone_has_none_whatever_its_core(core_hu, off_mm):
    clefts, _ = found(0.0, core_hu=core_hu, off_mm=off_mm, noise_hu=20.0)
    assert clefts.share == 0.0
    assert not clefts.beneath.any()


@given(gap_mm=st.floats(0.0, 5.0))
def test_flipped_it_is_the_same(gap_mm):
    hu, distance_mm, mask = scanned(gap_mm)
    contact = np.roll(mask, -1, axis=0) & ~mask & (HEIGHT_MM < 0)
    given_ = clefts_beneath(hu, distance_mm, mask, contact, MUSCLE_HU, (1.0, 1.0, 1.0))
    flipped = clefts_beneath(*(a[::-1] for a in (hu, distance_mm, mask, contact)), MUSCLE_HU, (1.0, 1.0, 1.0))
    np.testing.assert_array_equal(flipped.beneath[::-1], given_.beneath)
    assert flipped.share == given_.share
