"""Every transfer syntax that is read gives the bits that were written; a lossy one what another decoder makes of it."""

from __future__ import annotations

import base64
import shutil
import subprocess
from dataclasses import replace

import gdcm
import msgspec
import numpy as np
import pydicom
import pytest
from dicom_files import SYNTAXES, CtSeries, make_dataset, save, write_series
from pydicom.encaps import encapsulate, generate_frames

from ho_detect.acquisition.headers.slices import LOSSY, PixelFormat
from ho_detect.acquisition.series.index import index_series
from ho_detect.acquisition.volume.codecs import CODED, PLAIN, READABLE, decode_frame
from ho_detect.acquisition.volume.pixels import PixelReader
from ho_detect.errors import SeriesError
from ho_detect.settings import AcquisitionSettings

FORMAT = PixelFormat("", 12, 10, 1, 1, 16, 12, False, 11, True, 0, 0xFFFFFFFF)
#: HTJ2K of OpenJPH 0.26.3 (by imagecodecs): no package that may be a dependency here can write it.
HTJ2K = {
    False: (
        "/0//UQApQAAAAAAKAAAADAAAAAAAAAAAAAAACgAAAAwAAAAAAAAAAAABDwEB/1AACAACAAAACv9SAAwAAgABAAUEBEAB/1wAEyCI"
        "kJCQkJCQkJCQkJCQiIiI/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAANwAAf+TwAAmMfIFB3QAAMAAE0AAE0AAEwC2"
        "8wOHdAAg+QMHdADN+QMHdADAABPAABPAABMAozLsAot0ACnR9gKBdACj/AKHdADAABVQAAWnAABUgFEPH0DyCHxiVQCHh4c/h4wI"
        "VetB+RxF5iCBv5gA3/rg8wJ8g9UAwAAtWAAF1MAALQCUouLVkv9++9+M1rfYAAmgd+ILeQAhDEMIIYQQwjCEEEIIIYRAFoJbCMAb"
        "d+VTiBof4EEo4Rn6y4AfJDG+AP93/36v/3N/BPzynBmCdgD/2Q=="
    ),
    True: (
        "/0//UQApQAAAAAAKAAAADAAAAAAAAAAAAAAACgAAAAwAAAAAAAAAAAABjwEB/1AACAACAAAACv9SAAwAAgABAAUEBEAB/1wAEyCI"
        "kJCQkJCQkJCQkJCQiIiI/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAANwAAf+TwAAmMf4CB3QAAMAAE0AAE0AAEwC2"
        "8wOHdAAg+QMHdADN+QMHdADAABPAABPAABMAozLsAot0ACnR9gKBdACj/AKHdADAABVQAAWnAABUgFEPH0DyCHxiVQCHh4c/h4wI"
        "VetB+RxF5iCBv5gA3/rg8wJ8g9UAwAAtWAAF1MAALQCUouLVkv9++9+M1rfYAAmgd+ILeQAhDEMIIYQQwjCEEEIIIYRAFoJbCMAb"
        "d+VTiBof4EEo4Rn6y4AfJDG+AP93/36v/3N/BPzynBmCdgD/2Q=="
    ),
}
HTJ2K_SYNTAXES = [s for s in CODED if s.startswith("1.2.840.10008.1.2.4.20")]
BY_GDCM = {
    "1.2.840.10008.1.2.4.50": gdcm.TransferSyntax.JPEGBaselineProcess1,
    "1.2.840.10008.1.2.4.51": gdcm.TransferSyntax.JPEGExtendedProcess2_4,
    "1.2.840.10008.1.2.4.57": gdcm.TransferSyntax.JPEGLosslessProcess14,
    "1.2.840.10008.1.2.4.70": gdcm.TransferSyntax.JPEGLosslessProcess14_1,
    "1.2.840.10008.1.2.4.90": gdcm.TransferSyntax.JPEG2000Lossless,
    "1.2.840.10008.1.2.4.91": gdcm.TransferSyntax.JPEG2000Lossless,
}
#: Near-lossless JPEG-LS, JPEG 2000 and HTJ2K: their code streams can be lossless.
LOSSLESS_TOO = ["1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.203"]
LOSSLESS = [s for s in CODED if s not in (*LOSSY, *LOSSLESS_TOO)]


def picture(*, signed=False):
    r, c = np.mgrid[:12, :10]
    return ((r * r * 17 + c * 331 + r * c * 5) % 4096 - 2048 * signed).astype("<i2")


def coded(syntax, values, bits, folder):
    """One frame (12, 10) in a syntax, by an encoder of another library than our decoder where there is one."""
    if syntax in BY_GDCM:
        return coded_by_gdcm(syntax, values, bits, folder)
    if syntax in HTJ2K_SYNTAXES:
        return base64.b64decode(HTJ2K[bool(values.min() < 0)])
    ds = one_slice(values, bits)
    ds.compress("1.2.840.10008.1.2.4.80" if syntax.endswith(".81") else syntax, generate_instance_uid=False)
    return next(generate_frames(ds.PixelData, number_of_frames=1))


def one_slice(values, bits):
    ds = make_dataset(CtSeries(rows=12, columns=10), 0)
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits - 1, int(values.min() < 0)
    ds.BitsAllocated = 8 if bits == 8 else 16
    ds.PixelData = values.astype("u1").tobytes() if bits == 8 else values.tobytes()
    return ds


def coded_by_gdcm(syntax, values, bits, folder):
    one_slice(values, bits).save_as(folder / "plain", enforce_file_format=True)
    reader = gdcm.ImageReader()
    reader.SetFileName(str(folder / "plain"))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(BY_GDCM[syntax]))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(folder / "coded"))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return next(generate_frames(pydicom.dcmread(folder / "coded").PixelData, number_of_frames=1))


def test_none_is_left_untested():
    assert set(CODED) == {*LOSSLESS, *LOSSLESS_TOO, *LOSSY}
    assert set(PLAIN) <= {str(uid) for uid in SYNTAXES.values()}
    assert PLAIN | CODED.keys() == READABLE


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(
    "syntax", [*LOSSLESS, "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.203"]
)
def test_bits_are_those_that_were_written(tmp_path, syntax, signed):
    # most code bit patterns: the sign is where the header says
    bits = 12 if not signed or syntax in HTJ2K_SYNTAXES else 16
    values = picture(signed=signed)
    found = decode_frame(
        coded(syntax, values, bits, tmp_path),
        replace_format(transfer_syntax=syntax, signed=signed, bits_stored=bits, high_bit=bits - 1),
    )
    assert np.array_equal(found.view(np.int16) if signed else found, values)


def replace_format(**changes):
    fields = {name: getattr(FORMAT, name) for name in FORMAT.__struct_fields__}
    return PixelFormat(**fields | changes)


def test_baseline_jpeg_of_8_bit(tmp_path):
    syntax = "1.2.840.10008.1.2.4.50"
    values = (picture() // 64 + 90).astype("<i2")
    frame = coded(syntax, np.sort(values, axis=1), 8, tmp_path)
    found = decode_frame(frame, replace_format(transfer_syntax=syntax, bits_allocated=8, bits_stored=8, high_bit=7))
    from io import BytesIO

    from PIL import Image

    theirs = np.array(Image.open(BytesIO(frame))).astype(int)
    assert abs(found.astype(int) - theirs).max() <= 1


@pytest.mark.skipif(not shutil.which("dcmcjpeg"), reason="needs DCMTK's dcmcjpeg and dcmdjpeg")
@pytest.mark.parametrize("quality", ["60", "95"])
def test_extended_jpeg_of_12_bit_is_what_dcmtk_makes_of_it(tmp_path, quality):
    save(make_dataset(CtSeries(), 5), tmp_path / "plain")
    subprocess.run(["dcmcjpeg", "+ee", "+q", quality, tmp_path / "plain", tmp_path / "coded"], check=True)
    subprocess.run(["dcmdjpeg", tmp_path / "coded", tmp_path / "decoded"], check=True)
    ds = pydicom.dcmread(tmp_path / "coded")
    assert ds.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.51"
    frame = next(generate_frames(ds.PixelData, number_of_frames=1))
    found = decode_frame(frame, replace_format(transfer_syntax="1.2.840.10008.1.2.4.51", rows=40, columns=44))
    assert np.array_equal(found, pydicom.dcmread(tmp_path / "decoded").pixel_array)


def test_extended_jpeg_of_12_bit_is_near_what_was_written(tmp_path):
    syntax = "1.2.840.10008.1.2.4.51"
    r, c = np.mgrid[:12, :10]
    values = (1000 + 100 * r + 50 * c).astype("<i2")
    found = decode_frame(coded(syntax, values, 12, tmp_path), replace_format(transfer_syntax=syntax))
    assert abs(found.astype(int) - values).max() < 60


def test_a_frame_in_fragments_is_one_frame(tmp_path):
    """Encapsulated in several fragments, as streaming writers do."""
    from ho_detect.acquisition.series.index import index_series
    from ho_detect.acquisition.volume.load import load_volume
    from ho_detect.settings import Settings
    from ho_detect.system.pseudonyms import Pseudonyms

    spec = CtSeries(n_slices=12, syntax="jpeg_ls")
    for k in range(12):
        ds = make_dataset(spec, k)
        save(ds, tmp_path / str(k), "jpeg_ls")
        written = pydicom.dcmread(tmp_path / str(k))
        frame = next(generate_frames(written.PixelData, number_of_frames=1))
        written.PixelData = encapsulate([frame], fragments_per_frame=3)
        written["PixelData"].is_undefined_length = True
        written.save_as(tmp_path / str(k))
    (entry,) = index_series([tmp_path], Settings().acquisition)
    volume = load_volume(entry, Settings(), Pseudonyms(bytes(16)))
    assert np.array_equal(volume.hu, np.rint([replace(spec, syntax="explicit").slice_hu(k) for k in range(12)]))


def test_a_deflated_file_that_breaks_after_it_was_found(tmp_path):
    paths = write_series(tmp_path, CtSeries(syntax="deflated"))
    (entry,) = index_series([tmp_path], AcquisitionSettings())
    data = bytearray(paths[3].read_bytes())
    data[400:] = b"\xff" * (len(data) - 400)
    paths[3].write_bytes(data)
    with pytest.raises(SeriesError, match=r"0003\.dcm: broken deflated data") as error:
        PixelReader().read(entry.slices[3])
    assert error.value.reason == "decode_failed"


@pytest.mark.parametrize(("more", "read"), [(0, True), (1, False)])
def test_a_coded_file_is_twice_as_large_as_its_frames_and_a_megabyte_at_most(tmp_path, more, read):
    (path, *_) = write_series(tmp_path, CtSeries(syntax="jpeg_ls"))
    (entry,) = index_series([tmp_path], AcquisitionSettings())
    pixels = entry.slices[0].pixels
    size = pixels.offset + 2 * pixels.frame_bytes + (1 << 20) + more
    path.write_bytes(path.read_bytes().ljust(size, b"\0"))
    image = msgspec.structs.replace(entry.slices[0], size_bytes=size)
    if read:
        assert PixelReader().read(image).shape == (40, 44)
    else:
        with pytest.raises(SeriesError, match=f"{size} bytes for 1 frames of 3520"):
            PixelReader().read(image)


def test_what_is_neither_a_fragment_nor_zeros_is_not_passed_over(tmp_path):
    (path, *_) = write_series(tmp_path, CtSeries(syntax="jpeg_ls"))
    path.write_bytes(path.read_bytes()[:-8] + b"\xfe\xff\x0d\xe0\0\0\0\0")
    (entry,) = index_series([tmp_path], AcquisitionSettings())
    image = next(image for image in entry.slices if image.path == path)
    with pytest.raises(SeriesError, match="broken encapsulation"):
        PixelReader().read(image)
