"""Broken, lying and hostile code streams end in one error, never in wrong pixels or without end."""

from __future__ import annotations

import struct

import numpy as np
import pydicom
import pytest
from dicom_files import CtSeries, make_dataset, save, write_series
from pydicom.encaps import encapsulate, generate_frames

from ho_detect.acquisition.series.index import index_series
from ho_detect.acquisition.volume import codecs
from ho_detect.acquisition.volume.load import load_volume
from ho_detect.errors import SeriesError
from ho_detect.settings import Settings
from ho_detect.system.pseudonyms import Pseudonyms

CODED = ["rle", "jpeg_ls", "jpeg2000", "jpeg_lossless"]
SPEC = {name: CtSeries(n_slices=12, syntax=name) for name in CODED}


def frame_of(path):
    return next(generate_frames(pydicom.dcmread(path).PixelData, number_of_frames=1))


def replace_frame(path, frame):
    ds = pydicom.dcmread(path)
    ds.PixelData = encapsulate([frame])
    ds["PixelData"].is_undefined_length = True
    ds.save_as(path)


def error_of(folder):
    (entry,) = index_series([folder], Settings().acquisition)
    assert entry.analyse, (entry.reason, entry.detail)
    with pytest.raises(SeriesError) as caught:
        load_volume(entry, Settings(), Pseudonyms(bytes(16)))
    return caught.value


@pytest.mark.parametrize("syntax", CODED)
def test_a_cut_code_stream(tmp_path, syntax):
    paths = write_series(tmp_path, SPEC[syntax])
    frame = frame_of(paths[3])
    for keep in (2, 20, len(frame) // 4):
        replace_frame(paths[3], frame[:keep])
        error = error_of(tmp_path)
        assert error.reason == "decode_failed"
        assert "0003.dcm" in error.detail


@pytest.fixture
def asked(monkeypatch):
    """Each code stream that a decoder was asked for."""
    asked = []
    for coding, decode in codecs._DECODERS.items():
        noted = lambda data, pixels, decode=decode: asked.append(data) or decode(data, pixels)  # noqa: E731
        monkeypatch.setitem(codecs._DECODERS, coding, noted)
    return asked


def test_a_cut_jpeg_ls_stream_is_not_given_to_its_decoder(tmp_path, asked):
    """It can work on one for ten seconds."""
    paths = write_series(tmp_path, SPEC["jpeg_ls"])
    frame = frame_of(paths[3])
    replace_frame(paths[3], frame.rstrip(b"\0")[:-200])
    assert "no end marker" in error_of(tmp_path).detail
    assert len(asked) == 3


@pytest.mark.parametrize("syntax", CODED)
def test_noise_in_place_of_a_code_stream(tmp_path, syntax):
    paths = write_series(tmp_path, SPEC[syntax])
    replace_frame(paths[3], np.random.default_rng(3).bytes(2000))
    assert error_of(tmp_path).reason == "decode_failed"


@pytest.mark.parametrize("syntax", CODED)
def test_a_code_stream_of_another_size(tmp_path, syntax):
    paths = write_series(tmp_path, SPEC[syntax])
    for rows in (38, 42):
        save(make_dataset(CtSeries(rows=rows, syntax=syntax), 3), tmp_path / "other", syntax)
        replace_frame(paths[3], frame_of(tmp_path / "other"))
        (tmp_path / "other").unlink()
        assert error_of(tmp_path).reason == "decode_failed"


@pytest.mark.parametrize("declared", CODED)
@pytest.mark.parametrize("actual", CODED)
def test_another_coding_than_declared(tmp_path, declared, actual):
    paths = write_series(tmp_path, SPEC[declared])
    if declared == actual:
        return
    save(make_dataset(CtSeries(), 3), tmp_path / "other", actual)
    replace_frame(paths[3], frame_of(tmp_path / "other"))
    (tmp_path / "other").unlink()
    assert error_of(tmp_path).reason == "decode_failed"


def test_plain_pixels_under_a_compressed_syntax_and_the_reverse(tmp_path):
    for syntax, wrong in (("explicit", b"1.2.840.10008.1.2.5\0"), ("rle", b"1.2.840.10008.1.2.1\0")):
        folder = tmp_path / syntax
        for path in write_series(folder, CtSeries(n_slices=12, syntax=syntax)):
            right = b"1.2.840.10008.1.2.1\0" if syntax == "explicit" else b"1.2.840.10008.1.2.5\0"
            path.write_bytes(path.read_bytes().replace(right, wrong, 1))
        assert error_of(folder).reason == "decode_failed"


def test_an_unknown_syntax_is_said_at_once(tmp_path):
    for path in write_series(tmp_path):
        path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.9.9.9\0", 1))
    (entry,) = index_series([tmp_path], Settings().acquisition)
    assert (entry.reason, "1.2.840.10008.9.9.9" in entry.detail) == ("decode_failed", True)


def test_two_kilobytes_that_declare_12000_by_12000_are_not_decoded(tmp_path, asked):
    paths = write_series(tmp_path, SPEC["jpeg2000"])
    frame = bytearray(frame_of(paths[3]))
    frame[8:16] = struct.pack(">LL", 12000, 12000)
    replace_frame(paths[3], bytes(frame))
    assert "12000x12000" in error_of(tmp_path).detail
    assert len(asked) == 3


def test_more_code_than_any_frame_needs_is_not_decoded(tmp_path, asked):
    paths = write_series(tmp_path, SPEC["rle"])
    replace_frame(paths[3], frame_of(paths[3]) + bytes(3_000_000))
    assert error_of(tmp_path).reason == "decode_failed"
    assert len(asked) == 3


def test_a_panic_of_a_decoder_is_an_error_and_ctrl_c_is_not(tmp_path, monkeypatch):
    class PanicException(BaseException):  # as Rust plug-ins raise
        pass

    def panic(data, pixels):
        raise PanicException

    write_series(tmp_path, SPEC["rle"])
    monkeypatch.setitem(codecs._DECODERS, "rle", panic)
    assert "PanicException" in error_of(tmp_path).detail

    def stop(data, pixels):
        raise KeyboardInterrupt

    monkeypatch.setitem(codecs._DECODERS, "rle", stop)
    (entry,) = index_series([tmp_path], Settings().acquisition)
    with pytest.raises(KeyboardInterrupt):
        load_volume(entry, Settings(), Pseudonyms(bytes(16)))


def test_signed_values_coded_as_unsigned_bits_keep_their_sign(tmp_path):
    """As the JPEG 2000 encoders of some archives do."""
    from openjpeg.utils import encode_array

    spec = CtSeries(n_slices=12, signed=True, intercept=0, bits_stored=16)
    for k in range(12):
        ds = make_dataset(spec, k)
        plain = np.frombuffer(ds.PixelData, "<u2").reshape(40, 44) & 0x1FFF
        save(ds, tmp_path / str(k), "jpeg2000")
        replace_frame(tmp_path / str(k), bytes(encode_array(plain, bits_stored=13, photometric_interpretation=2)))
    (entry,) = index_series([tmp_path], Settings().acquisition)
    volume = load_volume(entry, Settings(), Pseudonyms(bytes(16)))
    assert np.array_equal(volume.hu, np.rint([spec.slice_hu(k) for k in range(12)]))
