import errno
import os
import shutil
from pathlib import Path

import pytest

from ho_detect.system.files import discard_staging, put_folder, replacing, write_atomically


def folder_with(path, text):
    path.mkdir(parents=True)
    (path / "a").write_text(text)
    return path


class TestFile:
    def test_a_block_that_raises_changes_nothing(self, tmp_path):
        path = tmp_path / "f"
        path.write_text("old")

        def write_half():
            with replacing(path) as temporary:
                temporary.write_text("half")
                raise RuntimeError("stop")

        with pytest.raises(RuntimeError, match="stop"):
            write_half()
        assert path.read_text() == "old"
        assert [p.name for p in tmp_path.iterdir()] == ["f"]

    def test_the_ending_is_kept(self, tmp_path):
        with replacing(tmp_path / "x.nii.gz") as temporary:
            assert temporary.name.endswith("x.nii.gz")
            temporary.write_text("")

    def test_replaces(self, tmp_path):
        for text in (b"one", b"two"):
            write_atomically(tmp_path / "f", text)
        assert (tmp_path / "f").read_bytes() == b"two"


class TestFolder:
    def test_new(self, tmp_path):
        put_folder(folder_with(tmp_path / "s" / "x", "new"), tmp_path / "x")
        assert (tmp_path / "x" / "a").read_text() == "new"

    def test_replaces_whole(self, tmp_path):
        old = folder_with(tmp_path / "x", "old")
        (old / "only_in_old").write_text("")
        put_folder(folder_with(tmp_path / "s" / "x", "new"), tmp_path / "x")
        assert [p.name for p in (tmp_path / "x").iterdir()] == ["a"]
        assert (tmp_path / "x" / "a").read_text() == "new"
        assert list((tmp_path / "s").iterdir()) == []

    def test_another_error_rises(self, tmp_path):
        with pytest.raises(OSError) as caught:  # noqa: PT011 - its number is looked at
            put_folder(tmp_path / "missing", tmp_path / "x")
        assert caught.value.errno == errno.ENOENT


class Killed(BaseException):
    """What nothing handles."""


def killed_before(step, staged, final):
    """Replace a folder of two files, and stop before one of the renames (0 to 3) or removals (4 and 5)."""
    steps = iter(range(6))

    def stopping(original):
        def stopped(*args, **kwargs):
            if next(steps) == step:
                raise Killed
            return original(*args, **kwargs)

        return stopped

    for folder, text in ((final, "old"), (staged, "new")):
        folder_with(folder, text)
        (folder / "b").write_text(text)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Path, "rename", stopping(Path.rename))
        patched.setattr(os, "unlink", stopping(os.unlink))
        with pytest.raises(Killed):
            put_folder(staged, final)


@pytest.mark.parametrize("name", ["series-1.2", "study-1/series-1"])
class TestKilled:
    @pytest.mark.parametrize("step", range(6))
    def test_one_of_the_two_is_there_and_whole(self, tmp_path, name, step):
        killed_before(step, tmp_path / "s" / name, tmp_path / name)
        discard_staging(tmp_path / "s", tmp_path)
        text = "old" if step < 3 else "new"
        assert {path.name: path.read_text() for path in (tmp_path / name).iterdir()} == {"a": text, "b": text}
        assert not (tmp_path / "s").exists()

    def test_what_is_half_removed_does_not_come_back(self, tmp_path, name):
        killed_before(5, tmp_path / "s" / name, tmp_path / name)
        shutil.rmtree(tmp_path / name)
        discard_staging(tmp_path / "s", tmp_path)
        assert not (tmp_path / name).exists()


def test_the_only_copy_stays_where_it_cannot_be_brought_back(tmp_path, monkeypatch, caplog):
    killed_before(2, tmp_path / "s" / "x", tmp_path / "x")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError(5, "Input/output error")))
        discard_staging(tmp_path / "s", tmp_path)
    assert (tmp_path / "s" / "x.old" / "a").read_text() == "old"
    assert "cannot be brought back to its place: Input/output error" in caplog.text
    discard_staging(tmp_path / "s", tmp_path)
    assert (tmp_path / "x" / "a").read_text() == "old"
