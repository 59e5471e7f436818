"""OUT is written to by one run at a time, or by several parts of one plan; what is not needed goes at the end."""

from __future__ import annotations

import stat

import pytest

from ho_detect.cohort.store.outcomes import Settled
from ho_detect.cohort.store.output_folder import OutputFolder
from ho_detect.errors import UsageError


def test_a_second_run_is_refused_while_the_first_goes_on_and_not_after(tmp_path):
    with OutputFolder(tmp_path), pytest.raises(UsageError, match="another ho-detect run is writing"):
        OutputFolder(tmp_path).__enter__()
    with OutputFolder(tmp_path) as again:
        assert again.staging.is_dir()


def test_parts_of_a_plan_go_on_together_but_each_once(tmp_path):
    with OutputFolder(tmp_path, "1-of-2"), OutputFolder(tmp_path, "2-of-2"):
        with pytest.raises(UsageError, match="doing this part"):
            OutputFolder(tmp_path, "1-of-2").__enter__()
        with pytest.raises(UsageError, match="another ho-detect run is writing"):
            OutputFolder(tmp_path).__enter__()


def test_what_is_private_can_be_read_by_its_owner_alone(tmp_path):
    with OutputFolder(tmp_path) as folder:
        folder.keep_key(bytes(16))
        assert folder.key() == bytes(16)
        assert stat.S_IMODE(folder.private.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder.private / "key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("settled", "finished", "kept"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_what_a_further_run_needs_stays_until_all_is_done(tmp_path, settled, finished, kept):
    with OutputFolder(tmp_path) as folder:
        if settled:
            folder.outcomes.put("a", Settled(key="k"))
        if finished:
            folder.forget_at_the_end()
    assert folder.private.exists() == kept
    assert not folder.staging.exists()


def test_a_result_is_put_in_place_whole_and_withdrawn(tmp_path):
    with OutputFolder(tmp_path) as folder:
        assert not folder.holds_results()
        (folder.staging / "series-1").mkdir()
        (folder.staging / "series-1" / "findings.json").write_text("{}")
        folder.publish("series-1")
        assert folder.result_folders() == {"series-1"}
        folder.withdraw("series-1")
        folder.withdraw("never there")
        assert not folder.holds_results()


def test_a_folder_below_a_file_is_wrong_usage(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="cannot write to OUT"):
        OutputFolder(tmp_path / "file" / "out").__enter__()
