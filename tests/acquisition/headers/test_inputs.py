"""Every file below the inputs is told of once: as a header, as an image that is not read, or as no image."""

from __future__ import annotations

import gzip
import zipfile
from collections import Counter

import pytest
from dicom_files import write_series

from ho_detect.acquisition.headers.header import FileHeader, UnreadableHeader
from ho_detect.acquisition.headers.inputs import NoImage, OtherImage, read_headers


@pytest.fixture
def folder(tmp_path):
    write_series(tmp_path / "ct")
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "image.nii").write_bytes(bytes([92, 1, 0, 0]) + bytes(340) + b"n+1\0" + bytes(400))
    return tmp_path


def kinds(*inputs):
    return Counter(type(found) for found in read_headers(inputs))


def test_each_file_is_told_of_once(folder):
    assert kinds(folder) == {FileHeader: 16, NoImage: 1, OtherImage: 1}


def test_a_zip_archive_is_looked_into(folder):
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        for path in sorted((folder / "ct").iterdir())[:3]:
            archive.write(path, path.name)
        archive.writestr("readme", "nothing")
    assert kinds(folder) == {FileHeader: 19, NoImage: 2, OtherImage: 1}


def test_an_archive_that_is_cut_is_named_and_another_file_of_that_make_is_no_image(folder):
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("x", bytes(1000))
    cut = (folder / "a.zip").read_bytes()[:600]
    (folder / "a.zip").write_bytes(cut)
    (folder / "b.docx").write_bytes(cut)
    found = [f for f in read_headers([folder]) if f.path.stem in ("a", "b")]
    assert {f.path.name: type(f) for f in found} == {"a.zip": UnreadableHeader, "b.docx": NoImage}


def test_what_is_packed_otherwise_has_to_be_unpacked_first(folder):
    (folder / "ct.dcm.gz").write_bytes(gzip.compress(next((folder / "ct").iterdir()).read_bytes()))
    (found,) = (f for f in read_headers([folder]) if f.path.name == "ct.dcm.gz")
    assert isinstance(found, UnreadableHeader)
    assert "unpack it first" in found.why
