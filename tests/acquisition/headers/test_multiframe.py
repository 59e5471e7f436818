"""Enhanced multi-frame CT: geometry and rescale from the functional groups of each frame."""

from __future__ import annotations

import numpy as np
import pytest
from dicom_files import ENHANCED_SPEC, enhanced, make_dataset, save
from pydicom.uid import RLELossless

from ho_detect.acquisition.series.index import index_series
from ho_detect.acquisition.volume.load import load_volume
from ho_detect.settings import AcquisitionSettings, Settings
from ho_detect.system.pseudonyms import Pseudonyms

SPEC = ENHANCED_SPEC


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "deflated"])
@pytest.mark.parametrize("undefined_length", [False, True])
def test_a_regular_one_is_read_frame_by_frame(tmp_path, syntax, undefined_length):
    order = np.random.default_rng(1).permutation(16)
    save(enhanced(order, undefined_length=undefined_length), tmp_path / "x", syntax)
    (entry,) = index_series([tmp_path], AcquisitionSettings())
    assert entry.analyse, (entry.reason, entry.detail)
    volume = load_volume(entry, Settings(), Pseudonyms(bytes(16)))
    assert np.allclose(volume.spacing_mm, (2.5, 2.0, 1.8))
    assert np.array_equal(volume.hu, np.rint([SPEC.slice_hu(k) for k in range(16)]))
    assert np.allclose(volume.grid.origin_lps_mm, SPEC.origin)


def test_compressed_frames_are_taken_apart(tmp_path):
    ds = enhanced(range(16))
    ds.compress(RLELossless, generate_instance_uid=False)
    ds.save_as(tmp_path / "x")
    (entry,) = index_series([tmp_path], AcquisitionSettings())
    volume = load_volume(entry, Settings(), Pseudonyms(bytes(16)))
    assert np.array_equal(volume.hu, np.rint([SPEC.slice_hu(k) for k in range(16)]))


def test_a_gap_is_a_gap(tmp_path):
    save(enhanced([k for k in range(17) if k != 6]), tmp_path / "x")
    (entry,) = index_series([tmp_path], AcquisitionSettings())
    assert [f.code for f in entry.repairs] == ["gaps_filled"]
    assert entry.spacing_mm == (2.5, 2.0, 1.8)
    (entry,) = index_series([tmp_path], AcquisitionSettings(max_gap_mm=4.0))
    assert entry.reason == "missing_slices"


def test_frames_without_groups_have_no_position(tmp_path):
    ds = enhanced(range(16))
    del ds.PerFrameFunctionalGroupsSequence, ds.SharedFunctionalGroupsSequence
    save(ds, tmp_path / "x")
    assert [e.reason for e in index_series([tmp_path], AcquisitionSettings())] == ["no_position"]


def test_fewer_groups_than_frames_are_unreadable(tmp_path):
    ds = enhanced(range(16))
    ds.NumberOfFrames = 17
    save(ds, tmp_path / "x")
    assert [e.reason for e in index_series([tmp_path], AcquisitionSettings())] == ["unreadable"]


def test_a_million_frames_are_not_made(tmp_path):
    ds = make_dataset(SPEC, 0)
    ds.NumberOfFrames = 2_000_000_000
    save(ds, tmp_path / "x")
    assert [e.reason for e in index_series([tmp_path], AcquisitionSettings())] == ["unreadable"]
