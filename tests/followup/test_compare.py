"""One person scanned twice: bones that moved are registered, growth is measured; two people are not compared."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

import msgspec
import numpy as np
import pytest
from model_hips import BRIDGE, ISLAND, Growth, Plan, head_center, scan

from ho_detect.analyze import analyze_with_anatomy
from ho_detect.errors import SeriesError, UsageError
from ho_detect.followup.compare import _trusted, check_one_patient, compare, compare_analyses
from ho_detect.followup.follow_up import FollowUp
from ho_detect.followup.registration import BoneMotion, register_bones
from ho_detect.followup.schema import COMPARISON_SCHEMA_FILE, comparison_schema_bytes
from ho_detect.image.grid import rotation
from ho_detect.settings import Settings

SETTINGS = Settings()
TURN_DEG = 9.0
#: The island has grown, the bridge has not, and a second island is new; the patient lies turned.
NEW = Growth("right", ((0.0, 62.0, -6.0),), 8.0)
EARLIER = Plan((ISLAND, BRIDGE))
LATER = Plan((replace(ISLAND, radius=11.5), BRIDGE, NEW), turn_deg=TURN_DEG, spacing=(1.75, 1.5, 1.5), noise_hu=12.0)


@lru_cache(maxsize=2)
def analysed(plan):
    return analyze_with_anatomy(scan(plan).volume, SETTINGS)


@lru_cache(maxsize=2)
def compared():
    return compare_analyses(analysed(EARLIER), analysed(LATER), SETTINGS)


class TestRegistration:
    def test_every_bone_to_a_quarter_of_a_millimetre(self):
        motions = register_bones(analysed(EARLIER), analysed(LATER))
        assert [(m.side, m.bone) for m in motions] == [(s, b) for s in ("left", "right") for b in ("femur", "pelvis")]
        turn = rotation("z", TURN_DEG)
        for m in motions:
            assert m.good(SETTINGS.follow_up)
            for offset in ((0.0, 0.0, 0.0), (0.0, 0.0, -60.0)):
                point = head_center(m.side) + offset
                assert np.linalg.norm(m.move(point[None])[0] - turn @ point) < 0.35

    def test_a_study_with_itself_does_not_move(self):
        motions = register_bones(analysed(EARLIER), analysed(EARLIER))
        assert len(motions) == 4
        for m in motions:
            assert m.move(head_center(m.side)[None])[0] == pytest.approx(head_center(m.side), abs=0.05)
            assert m.residual_mm < 0.3

    def test_the_wrong_bone_is_not_good(self):
        # the later study mirrored: no such person
        later = analysed(LATER)
        volume = later.result.volume
        other = replace(later.result, scan=replace(volume, hu=np.ascontiguousarray(volume.hu[:, :, ::-1])))
        motions = register_bones(analysed(EARLIER), replace(later, result=other))
        assert len(motions) == 4
        assert not any(m.good(SETTINGS.follow_up) for m in motions)


class TestChange:
    def test_grown_unchanged_and_new(self):
        found = compared()
        assert found.status == "comparable"
        assert [(x.side, x.change) for x in found.lesions] == [
            ("right", "matched"),
            ("left", "matched"),
            ("right", "new"),
        ]

    def test_volume_change_is_true_to_5_percent(self):
        before, after = scan(EARLIER).volumes_mm3, scan(LATER).volumes_mm3
        bridge, island, _ = compared().lesions
        for lesion, k in ((island, 0), (bridge, 1)):
            true = 100 * (after[k] - before[k]) / before[k]
            assert lesion.volume_change_percent == pytest.approx(true, abs=5.0)
        assert island.volume_change_percent > 20

    def test_hips(self):
        left, right = compared().hips
        assert (left.comparable, right.comparable) == (True, True)
        assert left.changes == {"matched": 1}
        assert right.changes == {"matched": 1, "new": 1}
        assert right.volume_change_mm3 == pytest.approx(scan(LATER).volumes_mm3[2], rel=0.15)

    def test_backwards_it_has_shrunk(self):
        back = compare_analyses(analysed(LATER), analysed(EARLIER), SETTINGS)
        assert sorted((x.side, x.change) for x in back.lesions) == [
            ("left", "matched"),
            ("right", "gone"),
            ("right", "matched"),
        ]
        for a, b in zip(compared().hips, back.hips, strict=True):
            assert b.volume_change_mm3 == -a.volume_change_mm3

    def test_says_how_the_scans_differ(self):
        assert compared().flags == ()
        later = analysed(LATER)
        volume = later.result.volume
        other = msgspec.structs.replace(volume.series, kvp=80.0)
        record = msgspec.structs.replace(later.result.record, series=other)
        result = replace(later.result, record=record)
        (flag,) = compare_analyses(analysed(EARLIER), replace(later, result=result), SETTINGS).flags
        assert (flag.code, "kvp" in flag.message) == ("made_differently", True)

    def test_in_words(self):
        lines = str(follow_up()).splitlines()
        assert lines[0].startswith("Left hip: ossification 11 mL to 15 mL (+")
        assert lines[-1].startswith("Right, earlier none, later ")
        assert ": new, 2." in lines[-1]


def follow_up():
    return FollowUp.of(compared(), analysed(EARLIER).result, analysed(LATER).result)


class TestForANotebook:
    def test_frame_figure_and_page(self, tmp_path):
        found = follow_up()
        frame = found.frame()
        assert list(frame.what) == ["hip", "hip", "lesion", "lesion", "lesion"]
        assert frame.volume_change_mm3.dropna().tolist() == [
            x.volume_change_mm3 for x in (*found.comparison.hips, *found.comparison.lesions) if x.volume_change_mm3
        ]
        assert len(found.plot().axes[0].get_lines()) == 5
        assert "Right, earlier none" in found.report(tmp_path / "a" / "page.html").read_text()
        left = next(t for t in found.tracks() if t.what == "hip")
        assert left.change_mm3 == found.comparison.hips[0].volume_change_mm3


class TestFiles:
    def test_schema_is_current_and_output_validates(self, tmp_path):
        current = COMPARISON_SCHEMA_FILE.read_bytes() == comparison_schema_bytes()
        assert current, "run: python -m ho_detect.followup.schema"
        jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
        follow_up().save(tmp_path)
        values = json.loads((tmp_path / "comparison.json").read_text())
        jsonschema.Draft202012Validator(json.loads(comparison_schema_bytes())).validate(values)

    def test_table_says_what_the_record_says(self, tmp_path):
        pd = pytest.importorskip("pandas")
        follow_up().save(tmp_path)
        table = pd.read_csv(tmp_path / "comparison.csv")
        assert list(table.what) == ["hip", "hip", "lesion", "lesion", "lesion"]
        lesions = table[table.what == "lesion"]
        assert list(lesions.change) == [x.change for x in compared().lesions]
        assert list(lesions.later_volume_mm3) == [x.later_volume_mm3 for x in compared().lesions]
        assert lesions.earlier_volume_mm3.isna().sum() == 1

    def test_ids_are_those_of_the_label_maps_beside_it(self, tmp_path):
        nib = pytest.importorskip("nibabel", reason="nibabel is not installed")
        follow_up().save(tmp_path)
        for name, ids in (("earlier", "earlier_ids"), ("later", "later_ids")):
            labels = np.asarray(nib.load(tmp_path / name / "lesions.nii.gz").dataobj)
            there = {i for x in compared().lesions for i in getattr(x, ids)}
            assert set(np.unique(labels)) - {0} == there


def with_id(analysis, patient_id):
    record = analysis.result.record
    series = msgspec.structs.replace(record.series, patient_id=patient_id)
    return replace(analysis.result, record=msgspec.structs.replace(record, series=series))


class TestOnePatient:
    """Bones alone do not always tell two people apart: one good bone of two gave a confident change."""

    @pytest.mark.parametrize(("ids", "which"), [(("A", "B"), 2), ((None, "A", None, "A", "C"), 5)])
    def test_other_patient_ids_are_refused_by_number(self, ids, which):
        studies = [with_id(analysed(EARLIER), patient) for patient in ids]
        with pytest.raises(UsageError, match=f"study {which} states another patient id than study") as caught:
            check_one_patient(studies)
        assert '"A"' not in str(caught.value)

    @pytest.mark.parametrize("ids", [("A", "A"), (None, "A"), (None, None), ("A", "", "A")])
    def test_the_same_or_none_is_one_patient(self, ids):
        check_one_patient([with_id(analysed(EARLIER), patient) for patient in ids])

    def test_unless_it_is_said_that_they_are_one(self):
        studies = [with_id(analysed(EARLIER), "A"), with_id(analysed(LATER), "B")]
        with pytest.raises(UsageError, match="--different-ids"):
            compare(*studies)
        assert compare(*studies, different_ids=True).comparison.status == "comparable"

    @pytest.mark.parametrize(
        ("residuals", "seen", "kept"),
        [
            ((0.2, 0.2), (0.9, 0.9), 2),
            ((0.2, 0.9), (0.9, 0.9), 0),  # one bone of another person fits by chance
            ((0.2, 0.9), (0.9, 0.1), 1),  # hardly in view: it says nothing
            ((0.9, 0.9), (0.9, 0.9), 0),
        ],
    )
    def test_places_are_compared_where_all_bones_of_the_side_fit(self, residuals, seen, kept):
        still = np.eye(3), np.zeros(3)
        motions = [
            BoneMotion("left", bone, *still, residual, 0.99, share)
            for bone, residual, share in zip(("femur", "pelvis"), residuals, seen, strict=True)
        ]
        motions.append(BoneMotion("right", "femur", *still, 0.2, 0.99, 0.9))
        trusted = _trusted(motions, SETTINGS.follow_up)
        assert sum(m.side == "left" for m in trusted) == kept
        assert sum(m.side == "right" for m in trusted) == 1

    def test_a_study_that_cannot_be_analysed_is_named_by_its_number(self, tmp_path):
        (tmp_path / "empty").mkdir()
        with pytest.raises(SeriesError, match="study 2"):
            compare(analysed(EARLIER).result, tmp_path / "empty")
