"""The verify command says what is not as it was written, in words or as JSON, and by its status."""

from __future__ import annotations

import json

import batch_tasks
import pytest


@pytest.fixture
def out(call, studies, tmp_path, in_place):
    in_place(batch_tasks.finds_measured_lesions)
    folder = tmp_path / "out"
    assert call("run", studies, "--out", folder)[0] == 0
    return folder


def test_all_is_well_until_a_file_is_gone(call, out):
    assert call("verify", out) == (0, "1 results, all is well\n", "")
    (gone,) = out.glob("*/lesions.nii.gz")
    gone.unlink()
    status, said, _ = call("verify", out)
    assert status == 3
    assert "lesions.nii.gz: cannot be read" in said
    assert said.endswith("1 results, 2 problems\n")
    status, said, _ = call("verify", out, "--json")
    assert status == 3
    assert [problem["place"] for problem in json.loads(said)["problems"]] == [f"{gone.parent.name}/lesions.nii.gz"] * 2


def test_what_holds_no_results_is_wrong_usage(call, tmp_path):
    assert call("verify", tmp_path)[:2] == (2, "")
