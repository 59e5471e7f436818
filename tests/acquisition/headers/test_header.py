"""Which files are read, and that none of them can do harm."""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from dicom_files import SYNTAXES, CtSeries, make_dataset, save, write_series
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from ho_detect.acquisition.headers.files import find_files
from ho_detect.acquisition.headers.header import READ_BYTES, FileHeader, UnreadableHeader, read_header
from ho_detect.acquisition.series.index import index_files, index_series
from ho_detect.acquisition.volume.load import load_volume
from ho_detect.errors import UsageError
from ho_detect.settings import AcquisitionSettings, Settings
from ho_detect.system.pseudonyms import Pseudonyms

SETTINGS = AcquisitionSettings()


def names(inputs):
    return [f.path.name for f in find_files(inputs)]


def test_each_file_counts_once(tmp_path):
    for name in ("a", "b/c", "b/d/e"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "again").symlink_to(tmp_path / "a")
    os.mkfifo(tmp_path / "fifo")
    assert sorted(names([tmp_path, tmp_path / "b", tmp_path / "a"])) == ["a", "c", "e"]


def test_a_linked_file_is_found_behind_its_link(tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "x").write_text("x")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "y").symlink_to(tmp_path / "store" / "x")
    assert names([tmp_path / "in"]) == ["y"]


def test_an_input_that_is_not_there_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match="nowhere"):
        index_series([tmp_path / "nowhere"], SETTINGS)


def test_an_empty_folder_holds_nothing(tmp_path):
    assert index_series([tmp_path], SETTINGS) == []


def test_what_is_not_dicom_is_counted_and_nothing_more(tmp_path):
    (tmp_path / "text.dcm").write_text("this is no DICOM, but long enough to hold a header of any kind " * 9)
    (tmp_path / "empty.dcm").write_bytes(b"")
    (tmp_path / "paper.dcm").write_bytes(b"%PDF-1.7" + bytes(range(256)) * 4)
    (tmp_path / "zeros").write_bytes(bytes(4096))
    found = index_files([tmp_path], SETTINGS)
    assert (found.series, found.looked_at.n_files, found.looked_at.n_others) == ((), 4, 4)


@pytest.mark.parametrize("syntax", ["explicit", "implicit"])
def test_files_without_preamble_are_read(tmp_path, syntax):
    for k in range(16):
        save(make_dataset(CtSeries(), k), tmp_path / str(k), syntax, preamble=False)
    (entry,) = index_series([tmp_path], SETTINGS)
    assert entry.analyse
    assert entry.n_slices == 16
    assert {image.transfer_syntax for image in entry.slices} == {SYNTAXES[syntax]}


def test_implicit_and_explicit_are_told_by_the_bytes(tmp_path):
    """Explicit VR in a file that says implicit VR, as some archives send."""
    for path in write_series(tmp_path):
        # of the same length: the value of (0002,0010), padded
        said = path.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2\0\0\0", 1)
        path.write_bytes(said)
    (entry,) = index_series([tmp_path], SETTINGS)
    assert entry.analyse
    assert load_volume(entry, Settings(), Pseudonyms(bytes(16))).hu.shape == (16, 40, 44)


def test_sequences_nested_without_end_are_said_to_be(tmp_path):
    opened = b"\x00\x52\x30\x92SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    for path in write_series(tmp_path):
        data = path.read_bytes()
        at = data.index(b"\xe0\x7f\x10\x00OW")
        path.write_bytes(data[:at] + 4000 * opened + data[at:])
    (entry,) = index_series([tmp_path], SETTINGS)
    assert entry.reason == "unreadable"
    assert entry.detail.endswith("sequences nested too deep")


def test_a_dicomdir_is_not_a_series(tmp_path):
    ds = make_dataset(CtSeries(), 0)
    ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    save(ds, tmp_path / "DICOMDIR")
    assert index_files([tmp_path], SETTINGS).looked_at.n_others == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_a_row(tmp_path):
    (path,) = write_series(tmp_path, CtSeries(n_slices=1))
    path.chmod(0)
    assert [e.reason for e in index_series([tmp_path], SETTINGS)] == ["unreadable"]


def test_one_uid_for_two_patients_is_two_series(tmp_path):
    write_series(tmp_path / "a")
    write_series(tmp_path / "b", edit=lambda k, ds: setattr(ds, "PatientID", "OTHER"))
    entries = index_series([tmp_path], SETTINGS)
    assert [e.analyse for e in entries] == [True, True]
    assert len({e.identity for e in entries}) == 2


def test_series_without_uid_get_one_of_their_own(tmp_path):
    def edit(k, ds):
        ds.SeriesInstanceUID = ds.SOPInstanceUID = ds.StudyInstanceUID = ""

    write_series(tmp_path / "a", edit=edit)
    write_series(tmp_path / "b", CtSeries(origin=(-39.0, -40.0, 701.0)), edit=edit)
    write_series(tmp_path / "copy of a", edit=edit)
    entries = index_series([tmp_path], SETTINGS)
    assert [e.analyse for e in entries] == [True, True]
    assert all(e.series_uid.startswith("2.25.") and e.study_uid.startswith("2.25.") for e in entries)
    assert len({e.series_uid for e in entries}) == 2


def test_series_come_in_an_order_of_their_own(tmp_path):
    for folder, uid in (("z", "1.1"), ("a", "1.3"), ("k", "1.2")):
        write_series(tmp_path / folder, replace(CtSeries(), series_uid=uid))
    assert [e.series_uid for e in index_series([tmp_path], SETTINGS)] == ["1.1", "1.2", "1.3"]


def test_a_deflated_bomb_is_not_inflated(tmp_path):
    ds = make_dataset(CtSeries(), 0)
    path = tmp_path / "bomb"
    save(ds, path, "deflated")
    data = path.read_bytes()
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    # a private element that claims 512 MB, before any element that could end the header
    element = b"\x09\x00\x10\x10OB\0\0" + (512 << 20).to_bytes(4, "little")
    body = b"".join([pack.compress(element), *(pack.compress(bytes(1 << 20)) for _ in range(64)), pack.flush()])
    path.write_bytes(data[: data.index(b"1.2.840.10008.1.2.1.99") + 22] + body)
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    header = read_header(path, path.stat().st_size)
    assert isinstance(header, UnreadableHeader)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "big_endian", "deflated", "jpeg_ls"])
def test_no_bytes_make_the_header_reader_fail(tmp_path, syntax):
    """Cut anywhere, or with bytes flipped: always a header, an unreadable file, or no DICOM."""
    path = tmp_path / "x"
    save(make_dataset(CtSeries(), 0), path, syntax)
    whole = path.read_bytes()
    rng = np.random.default_rng(7)
    for trial in range(150):
        data = bytearray(whole[: rng.integers(1, len(whole))] if trial % 3 == 0 else whole)
        for _ in range(rng.integers(6)):
            data[rng.integers(min(len(data), 1400))] = rng.integers(256)
        path.write_bytes(data)
        assert isinstance(read_header(path, len(data)), FileHeader | UnreadableHeader | None)
        for entry in index_series([path], SETTINGS):
            assert entry.reason is not None


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "big_endian", "deflated", "jpeg_ls"])
@pytest.mark.parametrize("preamble", [True, False])
@pytest.mark.parametrize("undefined_length", [True, False])
def test_sequences_are_passed_over(tmp_path, syntax, preamble, undefined_length):
    if not preamble and syntax not in ("explicit", "implicit"):
        return
    ds = make_dataset(CtSeries(), 3)
    inner, item = Dataset(), Dataset()
    inner.ImagePositionPatient, inner.PatientID = [9, 9, 9], "not this one"
    item.ReferencedImageSequence = Sequence([inner, Dataset()])
    for name in ("RequestAttributesSequence", "ReferencedStudySequence"):
        setattr(ds, name, Sequence([item, item]))
        ds[name].is_undefined_length = undefined_length
        item.is_undefined_length_sequence_item = undefined_length
    ds.add_new(0x00091010, "UN", b"\xff" * 11)
    save(ds, tmp_path / "x", syntax, preamble=preamble)
    size = (tmp_path / "x").stat().st_size
    header = read_header(tmp_path / "x", size)
    assert isinstance(header, FileHeader)
    assert header.patient_id == "SECRET-ID"
    assert header.images[0].position == tuple(ds.ImagePositionPatient)
    if syntax in ("explicit", "implicit"):
        pixels = header.images[0].pixels
        stored = (tmp_path / "x").read_bytes()
        assert stored[pixels.offset : pixels.offset + pixels.length] == ds.PixelData


@pytest.mark.parametrize("nonsense", [b"--", b"  ", b"??", b"\0\0"])
@pytest.mark.parametrize(
    "element", [b"\x20\x00\x32\x00DS", b"\x20\x00\x37\x00DS", b"\x28\x00\x10\x00US", b"\x09\x00\x91\x10UN"]
)
def test_a_value_representation_that_is_none(tmp_path, nonsense, element):
    """Told by the dictionary, where only one way to read the length leads on to a next element."""
    ds = make_dataset(CtSeries(), 3)
    ds.add_new(0x00091091, "UN", b"x" * 12)
    path = tmp_path / "x"
    save(ds, path)
    data = path.read_bytes()
    whole = read_header(path, len(data))
    assert isinstance(whole, FileHeader)
    assert data.count(element) == 1
    path.write_bytes(data.replace(element, element[:4] + nonsense))
    assert read_header(path, len(data)) == whole


def icon(missing):
    """An icon with encapsulated pixels in a sequence whose length is too small by some bytes."""
    fragments = b"".join(
        struct.pack("<HHL", 0xFFFE, number, len(value)) + value
        for number, value in ((0xE000, b""), (0xE000, b"\xff\xd8" + bytes(range(60))), (0xE0DD, b""))
    )
    pixels = struct.pack("<HH2sHL", 0x7FE0, 0x10, b"OB", 0, 0xFFFFFFFF) + fragments
    item = struct.pack("<HHL", 0xFFFE, 0xE000, len(pixels) - missing) + pixels
    return struct.pack("<HH2sHL", 0x88, 0x200, b"SQ", 0, len(item) - missing) + item


@pytest.mark.parametrize("missing", [0, 8, 2, 11, 40])
def test_an_icon_whose_length_is_too_small(tmp_path, missing):
    """Read where only the delimiter is left out; else it is said after which element the header breaks off."""
    path = tmp_path / "x"
    save(make_dataset(CtSeries(), 3), path)
    data = path.read_bytes()
    whole = read_header(path, len(data))
    assert isinstance(whole, FileHeader)
    at = whole.images[0].pixels.offset - 12
    path.write_bytes(data[:at] + icon(missing) + data[at:])
    header = read_header(path, len(data))
    if missing in (0, 8):
        assert isinstance(header, FileHeader)
        assert header.images[0].pixels.offset == at + len(icon(missing)) + 12
    else:
        assert isinstance(header, UnreadableHeader)
        assert header.why == "header cannot be parsed: no element follows (0088,0200)"


@pytest.mark.parametrize("undefined_length", [True, False])
def test_a_sequence_longer_than_what_is_read_at_first(tmp_path, undefined_length):
    items = [Dataset() for _ in range(400)]
    for item in items:
        item.CodeMeaning = "x" * 60
        item.is_undefined_length_sequence_item = undefined_length
    ds = make_dataset(CtSeries(), 3)
    ds.ProcedureCodeSequence = Sequence(items)
    ds["ProcedureCodeSequence"].is_undefined_length = undefined_length
    save(ds, tmp_path / "x")
    size = (tmp_path / "x").stat().st_size
    assert size > READ_BYTES[0]
    header = read_header(tmp_path / "x", size)
    assert isinstance(header, FileHeader)
    assert len(header.images) == 1
