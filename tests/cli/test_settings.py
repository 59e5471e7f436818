import tomllib

import pytest
from click.testing import CliRunner

from ho_detect.cli.group import cli
from ho_detect.cli.settings import settings_file
from ho_detect.settings import DetectionSettings, OutputSettings, Settings
from ho_detect.system.tunable import declared_settings

CHANGED = Settings(
    detection=DetectionSettings(rim_mm=2.5, low_hu=(130.0, 180.0)),
    output=OutputSettings(naming="bids", dicom=True),
    threads=3,
)


def said(*args):
    done = CliRunner().invoke(cli, ["settings", *map(str, args)], catch_exceptions=False, standalone_mode=False)
    return done.output


@pytest.fixture
def file(tmp_path):
    def file(text):
        (tmp_path / "s.toml").write_text(text, encoding="utf-8")
        return tmp_path / "s.toml"

    return file


@pytest.mark.parametrize("settings", [Settings(), CHANGED], ids=["defaults", "changed"])
def test_reads_back_to_the_same_settings(settings, file):
    assert Settings.from_file(file(settings_file(settings))) == settings
    assert Settings.from_file(file(settings_file(settings, changed_only=True))) == settings


def test_each_setting_has_its_sentence_range_and_source_above_it():
    lines = said().splitlines()
    found = declared_settings(Settings)
    assert len(found) > 50
    for name, (_, declared) in found.items():
        (place,) = [k for k, line in enumerate(lines) if line == f"# {declared.text}"]
        assert lines[place + 1].startswith("# Default ")
        assert lines[place + 1].endswith(f"Source: {declared.source}.")
        assert lines[place + 2].startswith(f"{name.rpartition('.')[2]} = ")


def test_only_what_a_file_changes(file):
    text = said("--changed", file("threads = 3\n[detection]\nrim_mm = 2.5\ntall_mm = 5\n"))
    assert tomllib.loads(text) == {"threads": 3, "detection": {"rim_mm": 2.5}}
    assert "# Default 2.0; a number from 0.1 to 20 mm. Source: convention." in text


def test_a_file_that_changes_nothing(file):
    text = said("--changed", file(""))
    assert tomllib.loads(text) == {}
    assert "Nothing differs" in text
