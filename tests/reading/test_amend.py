"""A reader's word changes what is counted, everything follows, and what is taken back leaves no trace."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import msgspec
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from model_hips import BRIDGE, ISLAND, Plan, analysed, scan

from ho_detect.cohort.store.amended import publish
from ho_detect.errors import UsageError
from ho_detect.export.save import save
from ho_detect.reading import amend as module
from ho_detect.reading.amend import Given, amend
from ho_detect.reading.folder import automatic_folder, write_amended, write_automatic
from ho_detect.reading.word import Word
from ho_detect.results.load import load_result

PLAN = Plan((ISLAND, BRIDGE))
AT = "2026-01-31T13:05:59Z"


def automatic():
    return analysed(PLAN).result


@pytest.fixture(autouse=True)
def analysed_once(request, monkeypatch):
    """What is amended is analysed anew: truly so where its bytes are compared and where it is refused, else once."""
    if request.node.name not in (
        "test_restored_it_gives_the_same_bytes",
        "test_unedited_they_change_nothing",
        "test_another_ct",
    ):
        known = lambda volume, settings, masks: analysed(PLAN)  # noqa: E731
        monkeypatch.setattr(module, "analyze_with_anatomy", known)


@pytest.fixture
def folder(tmp_path):
    """The automatic result, with its page left out: it takes time."""
    save(automatic(), tmp_path / "result")
    return tmp_path / "result"


def word(**says):
    return Word("R1", **{name: tuple(v) if isinstance(v, list) else v for name, v in says.items()}, at=AT)


def say(folder, **says):
    """Amend the result in a folder as the command does; return what is there then."""
    result = amend(folder, word(**says), Given(ct=scan(PLAN).volume))
    write = partial(write_automatic, folder) if result is None else partial(write_amended, result, folder)
    publish(folder, write)
    return load_result(folder)


def files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def lesion_of(record, side):
    return next(x for x in record.lesions if x.side == side)


def hip_of(record, side):
    return next(x for x in record.hips if x.side == side)


class TestDrop:
    def test_it_is_not_counted_and_said_who_says_so(self, folder):
        was = lesion_of(automatic().record, "left")
        record = say(folder, drop=[was.id], comment="a node").record
        assert [x.side for x in record.lesions] == ["right"]
        assert hip_of(record, "left").finding == "absent"
        assert hip_of(record, "right") == hip_of(automatic().record, "right")
        (made,) = record.amendments
        assert (made.action, made.lesion, made.reader, made.at, made.comment) == ("dropped", was.id, "R1", AT, "a node")
        assert (made.volume_mm3, made.probability) == (was.volume_mm3, was.confidence)
        (aside,) = (e for e in record.excluded if e.reason == "dropped_by_reader")
        assert (aside.volume_mm3, aside.side, aside.number) == (was.volume_mm3, "left", 1)
        assert record.flags[0].code == "amended"
        assert "1 dropped by R1, 2026-01-31" in record.flags[0].message

    def test_the_automatic_result_stays_beside_it_byte_by_byte(self, folder):
        before = files(folder)
        say(folder, drop=[1])
        assert files(automatic_folder(folder)) == before
        assert automatic_folder(folder) != folder

    def test_restored_it_gives_the_same_bytes(self, folder):
        before = files(folder)
        record = say(folder, drop=[1]).record
        number = next(e.number for e in record.excluded if e.reason == "dropped_by_reader")
        assert files(folder) != before
        say(folder, keep=[number])
        assert files(folder) == before

    def test_all_of_them(self, folder):
        found = say(folder, drop=[x.id for x in automatic().lesions])
        assert found.record.lesions == ()
        assert not found.labels.any()
        assert {h.finding for h in found.record.hips} <= {"absent", "indeterminate"}


class TestKeep:
    def test_it_is_measured_and_graded_like_any_lesion(self, folder):
        kept = next(e for e in automatic().record.excluded if e.probability is not None)
        found = say(folder, keep=[kept.number])
        lesion = next(x for x in found.record.lesions if x.counted_by == "reader")
        assert lesion.volume_mm3 >= kept.volume_mm3
        assert int((found.labels == lesion.id).sum()) * found.grid.voxel_volume_mm3 == pytest.approx(
            lesion.volume_mm3, abs=0.06
        )
        hip = hip_of(found.record, lesion.side)
        mine = [x for x in found.record.lesions if x.side == lesion.side]
        assert (hip.finding, hip.n_lesions) == ("present", len(mine))
        assert hip.total_volume_mm3 == pytest.approx(sum(x.volume_mm3 for x in mine), abs=0.06)
        assert kept.centroid_lps_mm not in {e.centroid_lps_mm for e in found.record.excluded}

    def test_dropped_again_it_gives_the_same_bytes(self, folder):
        before = files(folder)
        kept = next(e for e in automatic().record.excluded if e.probability is not None)
        record = say(folder, keep=[kept.number]).record
        say(folder, drop=[next(x.id for x in record.lesions if x.counted_by == "reader")])
        assert files(folder) == before

    def test_what_no_probability_was_given_to_has_none_with_a_reason(self, folder):
        kept = next((e for e in automatic().record.excluded if e.probability is None), None)
        if kept is None:
            pytest.skip("nothing is excluded by definition here")
        record = say(folder, keep=[kept.number]).record
        lesion = next(x for x in record.lesions if x.counted_by == "reader")
        if lesion.confidence is None:
            assert "by_definition" in {n.code for n in lesion.not_said if n.field == "confidence"}


class TestLabels:
    def test_unedited_they_change_nothing(self, folder):
        before = files(folder)
        say(folder, labels=folder / "lesions.nii.gz")
        assert files(folder) == before

    def test_each_label_is_one_lesion_as_it_was_drawn(self, folder, tmp_path):
        saved = sitk.ReadImage(str(folder / "lesions.nii.gz"))
        values = sitk.GetArrayFromImage(saved)
        island = lesion_of(automatic().record, "left").id
        drawn = np.where(values == island, 0, values)
        z, y, x = (int(n) for n in np.argwhere(values == island).mean(axis=0))
        drawn[z - 3 : z + 3, y - 2 : y + 3, x - 4 : x + 2] = 77
        edited = sitk.GetImageFromArray(drawn)
        edited.CopyInformation(saved)
        sitk.WriteImage(edited, str(tmp_path / "edited.nii.gz"))
        found = say(folder, labels=tmp_path / "edited.nii.gz")
        lesion = lesion_of(found.record, "left")
        assert lesion.volume_mm3 == pytest.approx(6 * 5 * 6 * found.grid.voxel_volume_mm3)
        assert np.array_equal(found.labels == lesion.id, drawn == 77)
        assert {x.side: x.counted_by for x in found.record.lesions} == {"left": "reader_outline", "right": "software"}
        assert not lesion.cut_at_metal_zone
        mine = replace_id(lesion_of(found.record, "right"), 0)
        assert mine == replace_id(lesion_of(automatic().record, "right"), 0)
        with pytest.raises(UsageError, match="--labels"):
            say(folder, drop=[1])

    def test_a_lesion_that_is_erased_is_dropped(self, folder, tmp_path):
        saved = sitk.ReadImage(str(folder / "lesions.nii.gz"))
        sitk.WriteImage(saved * 0, str(tmp_path / "empty.nii.gz"))
        record = say(folder, labels=tmp_path / "empty.nii.gz").record
        assert record.lesions == ()
        assert sum(e.reason == "dropped_by_reader" for e in record.excluded) == len(automatic().lesions)

    def test_what_lies_outside_of_what_is_analysed_is_refused(self, folder, tmp_path):
        saved = sitk.ReadImage(str(folder / "lesions.nii.gz"))
        values = np.zeros_like(sitk.GetArrayFromImage(saved))
        values[0, 0, 0] = 1
        edited = sitk.GetImageFromArray(values)
        edited.CopyInformation(saved)
        sitk.WriteImage(edited, str(tmp_path / "far.nii.gz"))
        region = analysed(PLAN).judgement.region
        if region.grid.shape == scan(PLAN).volume.grid.shape:
            pytest.skip("all of this scan lies around the hips")
        with pytest.raises(UsageError, match="reach out"):
            say(folder, labels=tmp_path / "far.nii.gz")


def replace_id(lesion, number):
    return msgspec.structs.replace(lesion, id=number)


class TestRefused:
    @pytest.mark.parametrize(("says", "said"), [({"drop": [99]}, "no lesion 99"), ({"keep": [999]}, "no number 999")])
    def test_a_number_that_is_not_there(self, folder, says, said):
        before = files(folder)
        with pytest.raises(UsageError, match=said):
            say(folder, **says)
        assert files(folder) == before

    def test_a_result_that_the_analysis_does_not_give_again(self, folder):
        values = json.loads((folder / "findings.json").read_text())
        values["lesions"][0]["sphericity"] += 0.01
        (folder / "findings.json").write_text(json.dumps(values))
        with pytest.raises(UsageError, match="does not give the saved result \\(lesions differ\\)"):
            say(folder, drop=[1])

    def test_no_ct(self, folder):
        with pytest.raises(UsageError, match="CT of these findings is needed"):
            amend(folder, word(drop=[1]))

    def test_another_ct(self, folder):
        volume = scan(PLAN).volume
        other = replace(volume, hu=np.roll(volume.hu, 9, axis=0))
        with pytest.raises(UsageError, match="not the one"):
            amend(folder, word(drop=[1]), Given(ct=other))


def test_outputs_are_those_of_the_automatic_result(folder, tmp_path):
    made = automatic()
    asked = msgspec.structs.replace(made.output, fhir=True, fhir_bundle="transaction", bones=True)
    save(replace(made, output=asked), tmp_path / "more")
    say(tmp_path / "more", drop=[1])
    names = {p.name for p in (tmp_path / "more").iterdir()}
    assert {"fhir.json", "native_bone.nii.gz", "detected.nii.gz", "automatic"} <= names
    assert json.loads((tmp_path / "more" / "fhir.json").read_text())["type"] == "transaction"
