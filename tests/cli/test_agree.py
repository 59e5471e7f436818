"""The agree command: figures of what was read, and nothing written where something cannot be."""

from __future__ import annotations

import pytest
from made_findings import make_findings


@pytest.fixture
def readers(tmp_path):
    for reader in ("a", "b"):
        make_findings().save(tmp_path / reader / "series-1")
    return tmp_path


def test_a_reader_agrees_with_himself(call, readers):
    status, out, err = call("agree", readers / "a", readers / "b", "--out", readers / "out")
    assert (status, err) == (0, "")
    assert out.startswith("1 series, 2 reference lesions\n")
    assert "found 1.00" in out
    assert ", 0 false\n" in out
    assert "median Dice 1.000\n" in out
    assert out.endswith("agreement.html   open it in a browser\n")
    assert call("agree", readers / "a", readers / "b", "--out", readers / "out", "--quiet") == (0, "", "")


def test_out_that_cannot_be_written(call, readers):
    (readers / "file").write_text("x")
    status, out, err = call("agree", readers / "a", readers / "b", "--out", readers / "file")
    assert (status, out) == (2, "")
    assert "cannot write to OUT" in err


def test_a_tolerance_below_zero_is_refused(call, readers):
    assert call("agree", readers / "a", readers / "b", "--out", readers / "out", "--tolerance", "-1")[0] == 2
