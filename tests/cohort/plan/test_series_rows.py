"""An inspection names files by stand-ins, and truly on request."""

import pytest
from named_after_patients import NAMES, write_disk

from ho_detect.cohort.plan.series_rows import inspect
from ho_detect.settings import Settings


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    return write_disk(tmp_path_factory.mktemp("disk"))


def test_an_inspection_shows_them_on_request(disk):
    shown = [row.message for row in inspect([disk]).rows if row.reason == "unreadable"]
    assert len(shown) == 2
    assert not any(name in message for message in shown for name in NAMES)
    true = [row.message for row in inspect([disk], Settings.from_dict({"output": {"keep_identity": True}})).rows]
    assert any(f"{NAMES[1]}.zip" in (message or "") for message in true)
