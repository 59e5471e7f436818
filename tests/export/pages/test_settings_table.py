"""Every recorded setting has its row, in the file's order; what differs from the default is told."""

from __future__ import annotations

from ho_detect.export.pages.settings_table import settings_table
from ho_detect.settings import Settings

DECIDING = Settings().deciding()
NAMES = [f"{group}.{name}" for group, inner in DECIDING.items() for name in inner]


def test_all_are_there_and_default():
    rows = settings_table(DECIDING)
    assert sorted(row.name for row in rows) == sorted(NAMES)
    assert {row.name for row in rows if not row.is_default} == set()
    assert {row.name for row in rows if not row.meaning.endswith(".")} == set()


def test_what_was_changed_is_told_with_its_unit():
    changed = Settings.from_dict({"detection": {"rim_mm": 3.5}}).deciding()
    (row,) = [row for row in settings_table(changed) if not row.is_default]
    assert (row.name, row.value) == ("detection.rim_mm", "3.5 mm")


def test_those_of_another_version_come_last():
    rows = settings_table({"gone": {"old": True}, "detection": {"low_hu": [100, 220.5]}})
    assert [(row.name, row.value, row.is_default) for row in rows] == [
        ("detection.low_hu", "100 to 220.5 HU", False),
        ("gone.old", "yes", False),
    ]
