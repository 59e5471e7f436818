"""A run that goes on gives the same names; a random key stays in the output, the user's key is never copied."""

from __future__ import annotations

import pytest

from ho_detect.cohort.plan.keys import kept_pseudonyms, planned_pseudonyms, supplied_pseudonyms
from ho_detect.cohort.store.output_folder import OutputFolder
from ho_detect.errors import UsageError
from ho_detect.settings import Settings

SETTINGS = Settings()


@pytest.fixture
def output(tmp_path):
    with OutputFolder(tmp_path / "out") as folder:
        yield folder


def test_a_random_key_is_kept_and_found_again(output):
    first = kept_pseudonyms(output, SETTINGS)
    assert output.key() == first.key
    assert kept_pseudonyms(output, SETTINGS).key == first.key
    assert planned_pseudonyms(output, SETTINGS).key == first.key


def test_two_outputs_have_two_keys(output, tmp_path):
    with OutputFolder(tmp_path / "other") as other:
        assert kept_pseudonyms(output, SETTINGS).key != kept_pseudonyms(other, SETTINGS).key


def test_without_a_key_a_plan_cannot_be_gone_on_with(output):
    with pytest.raises(UsageError, match="--key-file"):
        planned_pseudonyms(output, SETTINGS)


def test_the_users_key_is_read_and_not_copied(output, tmp_path):
    assert supplied_pseudonyms(None, SETTINGS) is None
    (tmp_path / "key").write_bytes(b"0123456789abcdef\n")
    assert supplied_pseudonyms(tmp_path / "key", SETTINGS).key == b"0123456789abcdef"
    assert output.key() is None
    with pytest.raises(UsageError):
        supplied_pseudonyms(tmp_path / "none", SETTINGS)


@pytest.mark.parametrize("keep", [True, False])
def test_true_identities_are_kept_where_asked_for(output, keep):
    settings = Settings.from_dict({"output": {"keep_identity": keep}})
    assert kept_pseudonyms(output, settings).keep_identity == keep
    assert planned_pseudonyms(output, settings).keep_identity == keep
