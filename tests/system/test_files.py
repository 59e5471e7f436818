import errno

import pytest

from ho_detect.system.files import put_folder, replacing, write_atomically


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
