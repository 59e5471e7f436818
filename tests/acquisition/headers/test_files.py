"""Inputs to files: what the file system refuses is named, and only what is gone is passed over."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from dicom_files import write_series

from ho_detect.acquisition.headers.files import find_files, is_there
from ho_detect.acquisition.series.index import index_files
from ho_detect.settings import AcquisitionSettings


@pytest.fixture
def refusing(monkeypatch):
    """Let the file system refuse paths, by a predicate, with an error number."""

    def refuse(method, which, number):
        plain = getattr(Path, method)

        def refused(self, *args, **options):
            if which(self):
                raise OSError(number, "refused", str(self))
            return plain(self, *args, **options)

        monkeypatch.setattr(Path, method, refused)

    return refuse


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE, errno.ENAMETOOLONG])
def test_slices_that_cannot_be_looked_at_are_a_failed_row(tmp_path, refusing, number):
    files = write_series(tmp_path)
    refusing("stat", lambda path: path in files[:3], number)
    series = index_files([tmp_path], AcquisitionSettings()).series
    lost, seen = sorted(series, key=lambda e: e.n_slices)
    assert (lost.reason, lost.n_files, lost.is_failure) == ("unreadable", 3, True)
    assert "cannot be looked at: refused" in lost.detail
    assert seen.n_slices == 13


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ELOOP])
def test_what_is_gone_is_passed_over(tmp_path, refusing, number):
    files = write_series(tmp_path)
    refusing("stat", lambda path: path == files[0], number)
    assert len(list(find_files([tmp_path]))) == 15


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_folder_that_cannot_be_listed_is_a_failed_row(tmp_path, refusing, number):
    write_series(tmp_path / "seen")
    write_series(tmp_path / "shut")
    refusing("iterdir", lambda path: path.name == "shut", number)
    (lost,) = (e for e in index_files([tmp_path], AcquisitionSettings()).series if e.is_failure)
    assert (lost.reason, lost.n_files) == ("unreadable", 1)
    assert "the folder cannot be listed" in lost.detail


def test_an_input_that_may_not_be_looked_at_is_there(tmp_path, refusing):
    refusing("stat", lambda path: path.name == "shut", errno.EACCES)
    assert is_there(tmp_path / "shut")
    assert not is_there(tmp_path / "none")
    ((found),) = find_files([tmp_path / "shut"])
    assert found.fault == "cannot be looked at: refused"
