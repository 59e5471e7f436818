"""The compare command: what it writes is what it says."""

from __future__ import annotations

import pytest
from scanned_twice import follow_up

from ho_detect.cli import main
from ho_detect.followup import compare as module


class TestCommandLine:
    @pytest.fixture
    def call(self, capfd, monkeypatch):
        monkeypatch.setattr(module, "compare", lambda earlier, later, settings, **given: follow_up())

        def run(*args):
            with pytest.raises(SystemExit) as caught:
                main(["compare", *map(str, args)])
            return caught.value.code, *capfd.readouterr()

        return run

    def test_writes_and_says(self, call, tmp_path):
        status, out, err = call("a", "b", "--out", tmp_path / "out")
        assert (status, err) == (0, "")
        assert out.strip() == str(follow_up())
        names = {p.name for p in (tmp_path / "out").iterdir()}
        assert names == {"comparison.json", "comparison.csv", "follow_up.html", "earlier", "later"}

    def test_json_alone(self, call, tmp_path):
        status, out, _ = call("a", "b", "--out", tmp_path / "out", "--json")
        assert status == 0
        assert out.encode() == (tmp_path / "out" / "comparison.json").read_bytes()

    def test_a_place_that_cannot_be_written(self, call, tmp_path):
        (tmp_path / "file").write_text("x")
        status, _, err = call("a", "b", "--out", tmp_path / "file")
        assert status == 2
        assert "cannot write" in err


def test_a_missing_path_is_not_named(tmp_path, capfd):
    with pytest.raises(SystemExit) as caught:
        main(["compare", str(tmp_path / "Secret"), str(tmp_path), "--out", str(tmp_path / "out")])
    assert caught.value.code == 2
    assert "Secret" not in capfd.readouterr().err
