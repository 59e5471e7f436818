"""A plan, its shards and their collection: together they are one run."""

import pytest
from identities import IDENTITY


@pytest.mark.usefixtures("in_place")
def test_plan_run_collect(call, studies, tmp_path):
    out = tmp_path / "out"
    status, said, err = call("plan", studies, "--out", out, "--shards", 2)
    assert (status, err) == (0, "")
    assert said.startswith("2 series found, 1 to analyse in 2 shards\n")
    status, said, _ = call("collect", out)
    assert status == 3
    assert "2 series found, 0 analysed, 1 left out, 0 failed, 1 not done" in said
    for k in (1, 2):
        status, said, err = call("run", "--manifest", out / "manifest.parquet", "--shard", f"{k}/2", "--resume")
        assert status == 0
        assert f"ho-detect collect {out}" in said
    assert call("run", "--manifest", out / "manifest.parquet", "--resume", "--json")[2].startswith(
        "0 series to analyse, 1 done earlier\n"
    )
    status, said, _ = call("collect", out, "--finish")
    assert status == 0
    assert "2 series found, 1 analysed, 1 left out, 0 failed" in said
    assert not any(IDENTITY.search(p.read_text(errors="replace")) for p in out.rglob("*") if p.is_file())
