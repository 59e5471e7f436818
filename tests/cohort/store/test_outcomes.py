"""What came of each series is kept by its name, whole or not at all, and can be forgotten."""

from __future__ import annotations

import pytest

from ho_detect.cohort.store.outcomes import Outcomes, Settled, outputs_of
from ho_detect.settings import OutputSettings


@pytest.fixture
def outcomes(tmp_path):
    for name in ("kept", "staging"):
        (tmp_path / name).mkdir()
    return Outcomes(tmp_path / "kept", tmp_path / "staging")


def test_what_is_put_is_what_is_got(outcomes, tmp_path):
    settled = Settled(key="k", outputs=("fhir",), reason="no_hip_in_view", seconds=1.5, peak_memory_mb=None)
    outcomes.put("series-1", settled)
    assert outcomes.get("series-1") == settled
    assert list(outcomes.names()) == ["series-1"]
    assert list((tmp_path / "staging").iterdir()) == []


def test_what_is_not_there_or_cut_is_not_settled(outcomes, tmp_path):
    assert outcomes.get("series-1") is None
    outcomes.put("series-1", Settled(key="k"))
    path = tmp_path / "kept" / "series-1.json"
    path.write_bytes(path.read_bytes()[:5])
    assert outcomes.get("series-1") is None


def test_one_can_be_forgotten_and_all(outcomes):
    for name in ("a", "b", "c"):
        outcomes.put(name, Settled(key=name))
    outcomes.forget("b")
    outcomes.forget("never there")
    assert sorted(outcomes.names()) == ["a", "c"]
    outcomes.clear()
    assert list(outcomes.names()) == []


@pytest.mark.parametrize("name", ["dicom", "bones", "meshes", "fhir"])
def test_each_output_that_is_asked_for_counts(name):
    assert outputs_of(OutputSettings(**{name: True})) == (name,)


def test_how_things_are_named_is_no_output_and_another_bundle_is_another():
    assert outputs_of(OutputSettings(naming="bids", keep_identity=True)) == ()
    one, other = (outputs_of(OutputSettings(fhir=True, fhir_bundle=kind)) for kind in ("collection", "transaction"))
    assert one != other
