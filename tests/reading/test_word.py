import hashlib
import json

import pytest

from ho_detect.errors import UsageError
from ho_detect.reading.word import Word, read_page_file

SAID = {
    "ho_detect": "amendment",
    "version": 1,
    "reader": "R1",
    "at": "2026-01-31T13:05:59Z",
    "keep": [3],
    "drop": [1, 2],
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "findings.json").write_bytes(b"{}")
    return tmp_path


def saved(folder, **changes):
    values = SAID | {"findings_sha256": hashlib.sha256(b"{}").hexdigest()} | changes
    (folder / "amendment.json").write_text(json.dumps({k: v for k, v in values.items() if v is not None}))
    return folder / "amendment.json"


def test_what_the_page_saved(folder):
    assert read_page_file(saved(folder, comment="c"), folder) == Word("R1", (3,), (1, 2), None, "c", SAID["at"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"findings_sha256": "0" * 64}, "another result"),
        ({"version": 2}, "not saved by a report page"),
        ({"drop": ["a"]}, "not saved by a report page"),
        ({"more": 1}, "not saved by a report page"),
        ({"reader": None}, "not saved by a report page"),
        ({"reader": "  "}, "name the reader"),
    ],
)
def test_what_is_refused(folder, changes, said):
    with pytest.raises(UsageError, match=said):
        read_page_file(saved(folder, **changes), folder)


def test_a_file_that_is_not_there(folder):
    with pytest.raises(UsageError, match="No such file"):
        read_page_file(folder / "none.json", folder)


def test_numbers_and_outlines_are_not_given_together(folder):
    with pytest.raises(UsageError, match="besides"):
        Word("R1", drop=(1,), labels=folder / "a.nii.gz")


def test_what_is_said_now_has_the_time_of_now():
    assert Word("R1").time.endswith("Z")
    assert Word("R1", at="2026-01-31T13:05:59Z").time == "2026-01-31T13:05:59Z"
