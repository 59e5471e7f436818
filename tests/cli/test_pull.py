"""The pull command: what is wrong is said before the archive is asked (tests/pacs asks one)."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--since", "yesterday"), "does not match the format"),
        (("--limit", "0"), "0 is not in the range"),
        (("--credentials", "no/such.toml"), "credentials"),
        (("--settings", "no/such.toml"), "settings"),
    ],
)
def test_wrong_usage_asks_nobody_and_writes_nothing(call, tmp_path, args, said):
    status, out, err = call("pull", "http://127.0.0.1:9/dicom-web", "--out", tmp_path / "ct", *args)
    assert (status, out) == (2, "")
    assert said in err
    assert not (tmp_path / "ct").exists()


def test_where_to_write_has_to_be_said(call):
    assert "Missing option '--out'" in call("pull", "http://127.0.0.1:9/dicom-web")[2]
