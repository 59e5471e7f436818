"""Series inside zip archives, and archives made to do harm."""

from __future__ import annotations

import io
import warnings
import zipfile
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from dicom_files import CtSeries, enhanced, make_dataset, save, write_series

from ho_detect.acquisition.headers.archives import ArchiveError, file_of, harmless, is_archive, members_of, open_input
from ho_detect.acquisition.series.index import SeriesEntry, index_files, index_series
from ho_detect.acquisition.volume.load import load_volume
from ho_detect.errors import SeriesError
from ho_detect.settings import AcquisitionSettings, Settings
from ho_detect.system.pseudonyms import Pseudonyms

SETTINGS = AcquisitionSettings()


def packed(archive, folder, name=lambda p: f"CT/{p.name}", kind=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(archive, "w", kind) as pack:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                pack.write(path, name(path))
    return archive


def loaded(entry):
    # as a child process gets it: through its bytes
    entry = msgspec.msgpack.decode(
        msgspec.msgpack.encode(entry, enc_hook=str), type=SeriesEntry, dec_hook=lambda t, o: t(o)
    )
    return load_volume(entry, Settings(), Pseudonyms(bytes(16)))


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("syntax", ["explicit", "deflated", "jpeg_ls"])
def test_a_series_in_an_archive_is_the_series(tmp_path, kind, syntax):
    write_series(tmp_path / "plain", CtSeries(syntax=syntax))
    (plain,) = index_series([tmp_path / "plain"], SETTINGS)
    (tmp_path / "in").mkdir()
    packed(tmp_path / "in" / "study.zip", tmp_path / "plain", kind=kind)
    for inputs in ([tmp_path / "in"], [tmp_path / "in" / "study.zip"]):
        (entry,) = index_series(inputs, SETTINGS)
        assert (entry.identity, entry.n_slices, entry.spacing_mm) == (plain.identity, 16, plain.spacing_mm)
        assert np.array_equal(loaded(entry).hu, loaded(plain).hu)
    assert sorted(p.name for p in (tmp_path / "in").iterdir()) == ["study.zip"]


def test_a_multi_frame_file_in_an_archive(tmp_path):
    save(enhanced([*range(15, -1, -1)]), tmp_path / "plain" / "x")
    (plain,) = index_series([tmp_path / "plain"], SETTINGS)
    (entry,) = index_series([packed(tmp_path / "a.zip", tmp_path / "plain")], SETTINGS)
    assert np.array_equal(loaded(entry).hu, loaded(plain).hu)


def test_a_copy_outside_and_one_of_another_name_are_copies(tmp_path):
    write_series(tmp_path / "in")
    packed(tmp_path / "study", tmp_path / "in").rename(tmp_path / "in" / "study")
    found = index_files([tmp_path / "in"], SETTINGS)
    (entry,) = found.series
    assert (entry.n_slices, entry.n_duplicates, found.looked_at.n_files) == (16, 16, 32)


NAMES = ["../../outside", "/etc/passwd", "..\\..\\outside", "C:\\x", "a/../../b", "x" * 300, "\x1b[31m", "..", "/"]


def test_names_that_lead_elsewhere_lead_nowhere(tmp_path):
    paths = write_series(tmp_path / "plain")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as pack:
        for k, path in enumerate(paths):
            info = zipfile.ZipInfo("x")
            info.filename = NAMES[k] if k < len(NAMES) else path.name  # zipfile would clean some of them
            pack.writestr(info, path.read_bytes())
    before = sorted(tmp_path.rglob("*"))
    (entry,) = index_series([tmp_path / "a.zip"], SETTINGS)
    assert loaded(entry).hu.shape == (16, 40, 44)
    assert sorted(tmp_path.rglob("*")) == before
    for image in entry.slices:
        assert image.path.is_relative_to(tmp_path / "a.zip")
        assert ".." not in image.path.parts
        assert file_of(image.path) == tmp_path / "a.zip"
        assert image.path.name.isprintable()
        assert len(image.path.name) <= 102


def test_what_is_written_of_a_series_in_an_archive_is_what_is_written_of_the_series(tmp_path):
    from ho_detect.acquisition.volume.source import SourceSeries
    from ho_detect.export.dicom.source import source_images
    from ho_detect.export.provenance import sha256_of

    write_series(tmp_path / "plain")
    (plain,) = index_series([tmp_path / "plain"], SETTINGS)
    (entry,) = index_series([packed(tmp_path / "a.zip", tmp_path / "plain")], SETTINGS)
    assert [sha256_of(i.path) for i in entry.slices] == [sha256_of(i.path) for i in plain.slices]
    names = Pseudonyms(bytes(16), keep_identity=True)
    images = [source_images(SourceSeries(e, names)) for e in (entry, plain)]
    assert images[0] == images[1]
    assert images[0][0].PatientID == "SECRET-ID"


@pytest.mark.parametrize("name", NAMES)
def test_harmless(name):
    clean = harmless(name)
    assert clean
    assert not clean.startswith("/")
    assert not {"", ".", ".."} & set(clean.split("/"))
    assert harmless(clean) == clean


def test_members_of_one_name_are_all_there(tmp_path):
    paths = write_series(tmp_path / "plain")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as pack, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of the very thing that is wanted
        for path in paths:
            pack.write(path, "IM")
    (entry,) = index_series([tmp_path / "a.zip"], SETTINGS)
    assert entry.n_slices == 16


def declared(archive, n_bytes):
    """Let the first member declare another size, in both of its headers."""
    data = bytearray(archive.read_bytes())
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = data.index(mark)
        data[start + at : start + at + 4] = n_bytes.to_bytes(4, "little")
    archive.write_bytes(data)


def test_a_bomb_is_refused_by_what_it_declares(tmp_path):
    write_series(tmp_path / "plain")
    archive = packed(tmp_path / "a.zip", tmp_path / "plain")
    declared(archive, 0xF0000000)
    (entry,) = index_series([archive], SETTINGS)
    assert (entry.reason, "declares 4 GB" in entry.detail) == ("unreadable", True)


@pytest.mark.parametrize("n_bytes", [100, 1000, 100_000])
def test_a_member_of_another_size_than_declared(tmp_path, n_bytes):
    """It gives no more bytes than it declares, and what is not whole is never lost in silence."""
    write_series(tmp_path / "plain")
    archive = packed(tmp_path / "a.zip", tmp_path / "plain")
    declared(archive, n_bytes)
    entries = index_series([archive], SETTINGS)
    if n_bytes < (tmp_path / "plain" / "0000.dcm").stat().st_size:
        assert "unreadable" in [e.reason for e in entries]
    else:
        with pytest.raises(SeriesError, match="changed"):
            loaded(entries[0])


def test_half_a_gigabyte_of_nothing_is_read_no_further_than_a_header(tmp_path):
    ds = make_dataset(CtSeries(), 0)
    save(ds, tmp_path / "x")
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as pack, pack.open("x", "w") as member:
        member.write((tmp_path / "x").read_bytes())
        for _ in range(512):
            member.write(bytes(1 << 20))
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (entry,) = index_series([tmp_path / "a.zip"], SETTINGS)
    assert entry.reason == "too_few_slices"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000


def test_an_encrypted_member(tmp_path):
    write_series(tmp_path / "plain")
    archive = packed(tmp_path / "a.zip", tmp_path / "plain")
    data = bytearray(archive.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    (entry,) = index_series([archive], SETTINGS)
    assert (entry.reason, "1 encrypted" in entry.detail) == ("unreadable", True)


def test_other_things_that_are_zip_archives_are_no_fault(tmp_path):
    np.savez(tmp_path / "array.npz", x=np.zeros(3))
    (tmp_path / "paper.docx").write_bytes(b"PK\x03\x04 and nothing like an archive")
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as pack:
        pack.writestr("x", b"x")
    with zipfile.ZipFile(tmp_path / "nested.zip", "w") as pack:
        pack.writestr("inner.zip", inner.getvalue())
    found = index_files([tmp_path], SETTINGS)
    assert (found.series, found.looked_at.n_files, found.looked_at.n_others) == ((), 3, 3)
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and nothing like an archive")
    assert [e.reason for e in index_series([tmp_path], SETTINGS)] == ["unreadable"]


def test_broken_anywhere_it_is_a_row_or_nothing(tmp_path):
    write_series(tmp_path / "plain", CtSeries(n_slices=12))
    whole = packed(tmp_path / "a.zip", tmp_path / "plain").read_bytes()
    (entry,) = index_series([tmp_path / "a.zip"], SETTINGS)
    assert entry.analyse
    truth = loaded(entry).hu
    rng = np.random.default_rng(5)
    for trial in range(60):
        data = bytearray(whole)
        for _ in range(rng.integers(1, 4)):
            data[rng.integers(len(data))] = rng.integers(256)
        archive = tmp_path / f"{trial}.zip"
        archive.write_bytes(data[: rng.integers(1, len(data))] if trial % 5 == 0 else data)
        for entry in index_series([archive], SETTINGS):
            if entry.analyse:
                try:
                    hu = loaded(entry).hu
                except SeriesError:
                    continue
                # what changed is no byte of a file: a date, a comment
                assert np.array_equal(hu, truth)
        archive.unlink()


def test_what_is_not_there(tmp_path):
    archive = packed(tmp_path / "a.zip", write_series(tmp_path / "plain")[0].parent)
    assert len(members_of(archive)) == 16
    with pytest.raises(OSError, match="Not a directory"):
        open_input(archive / "CT" / "no such")
    with pytest.raises(FileNotFoundError):
        open_input(tmp_path / "no such" / "x")
    archive.write_bytes(b"PK\x03\x04")
    with pytest.raises(ArchiveError, match="cannot be read"):
        members_of(archive)


def test_a_dicomdir_stands_for_its_folder_and_for_nothing_else(tmp_path):
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    write_series(tmp_path / "outside", replace(CtSeries(), series_uid="1.2.9"))
    write_series(tmp_path / "disk" / "IMAGES")
    ds = make_dataset(CtSeries(), 0)
    del ds.PixelData
    ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    record = Dataset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        record.DirectoryRecordType, record.ReferencedFileID = "IMAGE", ["..", "outside", "0000.dcm"]
    ds.DirectoryRecordSequence = Sequence([record])
    save(ds, tmp_path / "disk" / "DICOMDIR")
    for inputs in ([tmp_path / "disk" / "DICOMDIR"], [tmp_path / "disk"]):
        assert [e.series_uid for e in index_series(inputs, SETTINGS)] == [CtSeries().series_uid]
    (tmp_path / "disk" / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM\xff\xff")
    found = index_series([tmp_path / "disk" / "DICOMDIR"], SETTINGS)
    assert [e.reason for e in found if e.series_uid == CtSeries().series_uid] == [None]


def test_what_has_gone_is_no_archive(tmp_path):
    assert not is_archive(tmp_path / "gone.zip")
