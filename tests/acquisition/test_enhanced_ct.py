"""Enhanced multi-frame CT: geometry and rescale from the functional groups of each frame."""

from __future__ import annotations

import numpy as np
import pytest
from dicom_files import CtSeries, make_dataset, save
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import RLELossless

from ho_detect.acquisition.index import index_series
from ho_detect.acquisition.pseudonyms import Pseudonyms
from ho_detect.acquisition.volume import load_volume
from ho_detect.settings import AcquisitionSettings, Settings

ENHANCED = "1.2.840.10008.5.1.4.1.1.2.1"
SPEC = CtSeries(bits_stored=16)


def group(**values):
    ds = Dataset()
    for name, value in values.items():
        setattr(ds, name, value)
    return Sequence([ds])


def enhanced(heights, *, undefined_length=False):
    """One file with a frame at each of the heights (slice numbers of SPEC), in that order."""
    ds = make_dataset(SPEC, 0)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = ENHANCED
    for name in (
        "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "RescaleSlope",
        "RescaleIntercept",
    ):  # fmt: skip
        delattr(ds, name)
    ds.NumberOfFrames = len(heights)
    shared = Dataset()
    shared.PlaneOrientationSequence = group(ImageOrientationPatient=list(SPEC.orientation))
    shared.PixelMeasuresSequence = group(PixelSpacing=list(SPEC.spacing), SliceThickness="2.5")
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    frames, pixels = [], []
    for k in heights:
        frame = Dataset()
        frame.PlanePositionSequence = group(ImagePositionPatient=[float(v) for v in SPEC.position(k)])
        frame.PixelValueTransformationSequence = group(
            RescaleIntercept=str(-1024 - k), RescaleSlope="1", RescaleType="HU"
        )
        frames.append(frame)
        pixels.append((np.rint(SPEC.slice_hu(k)) + 1024 + k).astype("<u2").tobytes())
    ds.PerFrameFunctionalGroupsSequence = Sequence(frames)
    if undefined_length:
        for name in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
            ds[name].is_undefined_length = True
    ds.PixelData = b"".join(pixels)
    return ds


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
