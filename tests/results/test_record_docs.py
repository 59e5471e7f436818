"""docs/record.md defines every field of a hip and of a lesion, and names no setting that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ho_detect.detection.grade.hip import Hip
from ho_detect.detection.measure.lesion import Lesion
from ho_detect.settings import Settings

TEXT = (Path(__file__).parents[2] / "docs" / "record.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("heading", "record"), [("Hip", Hip), ("Lesion", Lesion)])
def test_every_field_is_defined_once(heading, record):
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| [^|]{3,} \|[^|]*\|$", section, re.MULTILINE)
    defined = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(defined) == sorted(record.__struct_fields__)


def test_every_setting_named_is_there():
    groups = "acquisition|anatomy|detection|mimics|joint|follow_up"
    named = re.findall(rf"`({groups})\.(\w+)`", TEXT)
    assert len(named) > 15
    for group, name in named:
        assert hasattr(getattr(Settings(), group), name), f"{group}.{name}"
