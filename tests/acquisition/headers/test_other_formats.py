"""What is no DICOM and may hold images is named, never passed over."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest
from dicom_files import write_series

from ho_detect.acquisition.headers.files import FoundFile
from ho_detect.acquisition.headers.other_formats import other_format
from ho_detect.acquisition.series.index import index_series
from ho_detect.settings import AcquisitionSettings


def nifti():
    return bytes([92, 1, 0, 0]) + bytes(340) + b"n+1\0" + bytes(400)


def tarred(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in files:
            archive.add(path, path.name)
    return buffer.getvalue()


PACKED = {
    "dcm.gz": lambda files: gzip.compress(files[0].read_bytes()),
    "tar": tarred,
    "tgz": lambda files: gzip.compress(tarred(files)),
    "tar.xz": lambda files: lzma.compress(tarred(files)),
    "tar.bz2": lambda files: bz2.compress(tarred(files)),
    "7z": lambda files: b"7z\xbc\xaf\x27\x1c" + bytes(100),
    "rar": lambda files: b"Rar!\x1a\x07\x01\x00" + bytes(100),
    "zst": lambda files: b"\x28\xb5\x2f\xfd" + bytes(100),
    "lz": lambda files: b"LZIP\x01" + bytes(100),
    "Z": lambda files: b"\x1f\x9d\x90" + bytes(100),
    "cpio": lambda files: b"070701" + b"0" * 104,
    "iso": lambda files: bytes(0x8001) + b"CD001" + bytes(2000),
    "broken.gz": lambda files: b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xff\xff\xff\xff" + bytes(50),
}


@pytest.mark.parametrize("name", PACKED)
def test_what_is_packed_is_a_failed_row_and_the_rest_untouched(tmp_path, name):
    files = write_series(tmp_path / "ct")
    (tmp_path / f"more.{name}").write_bytes(PACKED[name](files))
    lost, ct = sorted(index_series([tmp_path], AcquisitionSettings()), key=lambda e: e.n_slices)
    assert (lost.reason, lost.is_failure) == ("unreadable", True)
    assert "unpack it first" in lost.detail
    assert (ct.reason, ct.n_slices) == (None, 16)


@pytest.mark.parametrize("kind", ["nii", "nii.gz", "nrrd", "mha", "mhd", "hdr"])
def test_images_of_other_formats_are_a_row_that_is_left_out(tmp_path, kind):
    data = {
        "nrrd": b"NRRD0004\n",
        "mha": b"ObjectType = Image\n",
        "mhd": b"NDims = 3\nDimSize = 4 4 4\nElementDataFile = a.raw\n",
        "hdr": bytes([92, 1, 0, 0]) + bytes(34) + b"r" + bytes(309),
    }.get(kind, nifti())
    for k in range(3):
        (tmp_path / f"{k}.{kind}").write_bytes(gzip.compress(data, mtime=0) if kind.endswith("gz") else data)
    (entry,) = index_series([tmp_path], AcquisitionSettings())
    assert (entry.reason, entry.n_files, entry.is_failure) == ("not_dicom", 3, False)
    assert "3 files: " in entry.detail


@pytest.mark.parametrize("data", [b"", b"text", gzip.compress(b"a log", mtime=0), b"%PDF-1.7", b"\x1f", bytes(2000)])
def test_what_holds_no_images_is_passed_over(tmp_path, data):
    (tmp_path / "file").write_bytes(data)
    assert other_format(FoundFile(tmp_path / "file", len(data))) is None
    assert index_series([tmp_path], AcquisitionSettings()) == []


def test_packed_files_within_an_archive_are_named_too(tmp_path):
    files = write_series(tmp_path / "ct")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("ct.dcm.gz", gzip.compress(files[0].read_bytes()))
    lost, _ = sorted(index_series([tmp_path], AcquisitionSettings()), key=lambda e: e.n_slices)
    assert lost.reason == "unreadable"
    assert "gzip-compressed DICOM file" in lost.detail


def test_an_archive_within_an_archive_is_named(tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for path in write_series(tmp_path / "ct"):
            archive.write(path, path.name)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("study.zip", inner.getvalue())
        archive.writestr("letter.docx", inner.getvalue())  # a document is a zip archive too
    lost, ct = sorted(index_series([tmp_path], AcquisitionSettings()), key=lambda e: e.n_slices)
    assert (lost.reason, lost.n_files) == ("unreadable", 1)
    assert "zip archive in an archive" in lost.detail
    assert ct.reason is None
