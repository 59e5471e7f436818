"""The push command: what holds no DICOM results is wrong usage (tests/pacs sends to an archive)."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("name", ["", "missing"])
def test_nothing_to_send(call, tmp_path, name):
    status, out, err = call("push", "http://127.0.0.1:9/dicom-web", tmp_path / name)
    assert (status, out) == (2, "")
    assert err.startswith("Error: ")


def test_credentials_that_are_not_there(call, tmp_path):
    status, _, err = call("push", "http://127.0.0.1:9/dicom-web", tmp_path, "--credentials", tmp_path / "no.toml")
    assert status == 2
    assert "credentials" in err
