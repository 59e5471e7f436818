"""The compare command: what it writes is what it says."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import pytest
from model_hips import BRIDGE, ISLAND, Growth, Plan, scan

from ho_detect.analyze import analyze_with_anatomy
from ho_detect.cli import main
from ho_detect.followup import compare as module
from ho_detect.followup.compare import compare_analyses
from ho_detect.followup.follow_up import FollowUp
from ho_detect.settings import Settings

SETTINGS = Settings()
TURN_DEG = 9.0
#: The island has grown, the bridge has not, and a second island is new; the patient lies turned.
NEW = Growth("right", ((0.0, 62.0, -6.0),), 8.0)
EARLIER = Plan((ISLAND, BRIDGE))
LATER = Plan((replace(ISLAND, radius=11.5), BRIDGE, NEW), turn_deg=TURN_DEG, spacing=(1.75, 1.5, 1.5), noise_hu=12.0)


@lru_cache(maxsize=2)
def analysed(plan):
    return analyze_with_anatomy(scan(plan).volume, SETTINGS)


@lru_cache(maxsize=2)
def compared():
    return compare_analyses(analysed(EARLIER), analysed(LATER), SETTINGS)


def follow_up():
    return FollowUp.of(compared(), analysed(EARLIER).result, analysed(LATER).result)


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
