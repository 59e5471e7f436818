import sys

import pytest

from ho_detect.cli import main
from ho_detect.cli.group import cli


def test_on_windows_one_sentence_says_where_it_runs(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SystemExit, match="runs on Linux and macOS; on Windows use it in WSL"):
        main(["--version"])


def test_every_command_is_there_with_its_line():
    assert len(cli.list_commands(None)) > 10
    assert all(cli.get_command(None, name) is not None for name in cli.list_commands(None))
    assert cli.get_command(None, "no_such") is None
