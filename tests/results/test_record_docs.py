"""docs/record.md names no setting that is not there."""

from __future__ import annotations

import re
from pathlib import Path

from ho_detect.settings import Settings

TEXT = (Path(__file__).parents[2] / "docs" / "record.md").read_text(encoding="utf-8")


def test_every_setting_named_is_there():
    groups = "acquisition|anatomy|detection|judge|joint|follow_up"
    named = re.findall(rf"`({groups})\.(\w+)`", TEXT)
    assert len(named) > 15
    for group, name in named:
        assert hasattr(getattr(Settings(), group), name), f"{group}.{name}"
